/** A field name, or what else is a token (RFC 9110 §5.6.2). */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const NO_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Whether a text may stand in a field's value, a character a byte. What may not would end its line, or become another byte as it is written (RFC 9110 §5.5). */
export function isFieldValue(text: string): boolean {
  return !NO_VALUE.test(text);
}

/** Without the SP and HTAB round it, which are no part of a value, and no other white space (RFC 9110 §5.6.3). */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Fields of `[name, value, name, value]` as they go over the wire, a line each. */
export function fieldsText(fields: readonly string[]): string {
  let text = "";
  for (let index = 0; index + 1 < fields.length; index += 2) text += `${fields[index]}: ${fields[index + 1]}\r\n`;
  return text;
}

/** Whether a name may be one of a few, by its length: nearly every other name has another one, and costs no more than this look. */
export function lengthsOf(names: readonly string[]): (name: string) => boolean {
  const lengths = new Uint8Array(Math.max(...names.map(({ length }) => length)) + 1);
  for (const { length } of names) lengths[length] = 1;
  return ({ length }) => lengths[length] === 1;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
