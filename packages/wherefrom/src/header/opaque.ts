import { MAX_HOP_LENGTH, readAddress } from "../ip/read.ts";
import { createWords } from "../ip/words.ts";

const DOTTED_NUMBERS = /^\d{1,10}(\.\d{1,10}){3}$/;
const LEADING_ZERO = /(^|\.)0\d/;
const NUMERIC_HOST = /^(0[xX][0-9A-Fa-f]{1,16}|\d{1,16})(\.(0[xX][0-9A-Fa-f]{1,16}|\d{1,16})){0,3}$/;
const ADDRESS_AND_PORT = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9A-Fa-f:.]{2,45}\]):(.*)$/s;

/** Says in a few words why a text that could not be read as a hop is no address. For explanations only: it decides nothing. */
export function whyNotAnAddress(text: string): string {
  if (text.length > MAX_HOP_LENGTH) return "too long for an address";
  if (text === "0.0.0.0" || isUnspecifiedText(text)) return "the unspecified address, which is nobody's";
  if (text.toLowerCase() === "unknown") return "says that the address is unknown";
  if (text.startsWith("_")) return "an obfuscated identifier";
  if (text.startsWith('"') || text.endsWith('"')) return "quotes belong only into Forwarded";
  if (text.includes("/")) return "a network, not an address";
  if (ADDRESS_AND_PORT.test(text)) return "no port from 0 to 65535 after the address";
  if (DOTTED_NUMBERS.test(text) && LEADING_ZERO.test(text)) return "a part with a leading zero, which some read as octal";
  if (DOTTED_NUMBERS.test(text)) return "a part over 255";
  if (NUMERIC_HOST.test(text)) return "not four decimal parts";
  if (text.startsWith("[")) return "no IPv6 address in the brackets";
  if (text.includes(":")) return "no IPv6 address";
  return "no IP address";
}

function isUnspecifiedText(text: string): boolean {
  const words = createWords();
  return readAddress(text, words) && (words.w0 | words.w1 | words.w2 | words.w3) === 0;
}

const NOT_IN_A_FIELD = /[\r\n\0]/;

/**
 * Whether a text holds CR, LF or NUL. They cannot come over HTTP (RFC 9110 §5.5), so such an element was not read from a field line by a parser: that is
 * another fault than a hop that names no address. A text longer than a hop is not looked at.
 */
export function isMalformedText(text: string): boolean {
  return text.length <= MAX_HOP_LENGTH && NOT_IN_A_FIELD.test(text);
}
