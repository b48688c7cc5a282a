/** A longer name is made text each time. */
const MAX_NAME_LENGTH = 64;
/** So many names of one length are remembered; then they are forgotten and learned anew. */
const MAX_NAMES_OF_LENGTH = 8;

type KnownName = { readonly bytes: Buffer; readonly text: string };

const known: KnownName[][] = Array.from({ length: MAX_NAME_LENGTH + 1 }, () => []);

/**
 * The text of a field name, byte by byte as it came. Remembered, as the same few names come with each answer: to compare the bytes of one costs a third of what making a text
 * of them does, and a text that has been looked up before is found faster the next time.
 */
export function nameText(name: Buffer): string {
  const alike = known[name.length];
  if (alike === undefined) return name.toString("latin1");
  for (const { bytes, text } of alike) if (areEqual(bytes, name)) return text;
  if (alike.length === MAX_NAMES_OF_LENGTH) alike.length = 0;
  const text = name.toString("latin1");
  alike.push({ bytes: Buffer.from(name), text });
  return text;
}

/** By hand: names are shorter than what a call into Node costs. Both are of one length. */
function areEqual(one: Buffer, other: Buffer): boolean {
  for (let index = 0; index < one.length; index += 1) if (one[index] !== other[index]) return false;
  return true;
}
