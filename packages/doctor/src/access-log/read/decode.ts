import type { EscapeStyle } from "../format/layout.ts";

/** What C writes for some control characters, as Apache does. */
const LETTERS: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", v: "\v", b: "\b", f: "\f" };

/**
 * Undoes what the server did to a value so that it would not break its line. Characters above 0x7f are no part of an address, so their encoding does not matter.
 *
 * Source: nginx `escape=default` and `escape=json`; Apache's mod_log_config since 2.0.46; HAProxy's configuration manual, 8.6.
 */
export function unescapeValue(text: string, style: EscapeStyle): string {
  switch (style) {
    case "none":
      return text;
    case "hash":
      return text.includes("#")
        ? text.replaceAll(/#([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
        : text;
    case "backslash":
      return text.includes("\\") ? text.replaceAll(/\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|(.))/gs, decoded) : text;
  }
}

function decoded(_: string, byte: string | undefined, unit: string | undefined, letter: string | undefined): string {
  const digits = byte ?? unit;
  if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
  return LETTERS[letter ?? ""] ?? letter ?? "";
}

/** Whether it is what a server writes where there is nothing. */
export function isNothing(bytes: Uint8Array, start: number, end: number): boolean {
  return start === end || (end - start === 1 && bytes[start] === DASH);
}

const DASH = 0x2d;

export function isNothingText(text: string): boolean {
  return text === "" || text === "-";
}

/** The captured header in a slot of HAProxy's captures: `198.51.100.7|shop.example` before `} {`, where those of the response begin. */
export function captureIn(captures: string, slot: number): string {
  return captures.split("} {")[0]?.split("|")[slot - 1] ?? "";
}
