import { parseAddress } from "wherefrom";

const MAX_PORT = 65_535;
const DOT = 0x2e;
/** Nobody's address, and yet a host that a client on the same machine may name. */
const UNSPECIFIED = "::";

/**
 * The name in a Host field, in lower case without port and final dot, as routes are matched; `undefined` when the text is no authority.
 *
 * Shape:  a name of letters, digits, `-`, `_`, `~` and single dots between them, or an IPv6 address in brackets; then a colon and a port, which may be empty. Percent-encoded
 *         names are refused, as one server decodes them and another does not, and empty labels, which nginx takes for no host.
 * Source: RFC 9110 §7.2, RFC 3986 §3.2.2 and §3.2.3.
 */
export function readHostname(host: string): string | undefined {
  const end = host.startsWith("[") ? endOfLiteral(host) : endOfName(host);
  const name = host.slice(0, end).toLowerCase();
  const plain = name.endsWith(".") ? name.slice(0, -1) : name;
  return plain !== "" && isPort(host, end) ? plain : undefined;
}

/** Where the name ends; 0 when there is none, or a label of it is empty. */
function endOfName(host: string): number {
  let end = 0;
  let isLabelEmpty = true;
  while (end < host.length && isNameCharacter(host.charCodeAt(end))) {
    const isDot = host.charCodeAt(end) === DOT;
    if (isDot && isLabelEmpty) return 0;
    isLabelEmpty = isDot;
    end += 1;
  }
  return end;
}

/** Behind the closing bracket; 0 when there is none, or no IPv6 address between. */
function endOfLiteral(host: string): number {
  const end = host.indexOf("]");
  const text = host.slice(1, Math.max(end, 1));
  const isAddress = text.includes(":") && (text === UNSPECIFIED || parseAddress(text) !== undefined);
  return isAddress ? end + 1 : 0;
}

/** Whether the rest of the text is nothing, or a colon and a port. */
function isPort(host: string, start: number): boolean {
  if (start === host.length) return true;
  if (host[start] !== ":" || host.length - start > 6) return false;
  let port = 0;
  for (let index = start + 1; index < host.length; index += 1) {
    const digit = host.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= MAX_PORT;
}

function isNameCharacter(code: number): boolean {
  return isDigit(code) || isLetter(code) || code === 0x2d || code === DOT || code === 0x5f || code === 0x7e;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
