/** Character codes that the readers look for. */
export const TAB = 0x09;
const SPACE = 0x20;
export const QUOTE = 0x22;
export const PERCENT = 0x25;
export const COMMA = 0x2c;
export const DOT = 0x2e;
export const ZERO = 0x30;
const NINE = 0x39;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;

/** Whether the character is SP or HTAB, the only two that HTTP calls optional white space (RFC 9110 §5.6.3). NBSP is not. */
export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** ASCII digits only: other scripts' digits are no part of an address. */
export function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

/** Whether the character is an ASCII letter, an ASCII digit, or one of some marks. */
export function isAlphanumericOr(marks: string, code: number): boolean {
  const lower = code | 0x20;
  return isDigit(code) || (lower >= 0x61 && lower <= 0x7a) || marks.includes(String.fromCharCode(code));
}

/** Where the blanks end that begin at `start`. */
export function skipBlanks(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(text.charCodeAt(at))) at++;
  return at;
}
