/**
 * Counts the fields of a whole header block without decoding them: which representation begins a field, and how long it is, shows without the tables
 * and without Huffman's code. `undefined` for a block that is no HPACK; whoever decodes it refuses it too.
 *
 * Source: RFC 7541 §5.1 (integers), §5.2 (strings), §6 (representations).
 */
export function countFields(block: Buffer): number | undefined {
  let count = 0;
  let at = 0;
  while (at < block.length) {
    const first = block[at] ?? 0;
    // §6.3: a new size of the table is no field.
    if ((first & 0xe0) === 0x20) {
      at = integerAt(block, { at, prefixBits: 5 }).end;
      continue;
    }
    count += 1;
    // §6.1: an indexed field is its index.
    if (first & 0x80) {
      at = integerAt(block, { at, prefixBits: 7 }).end;
      continue;
    }
    // §6.2: a literal has an index or, where that is 0, a name; then a value.
    const name = integerAt(block, { at, prefixBits: first & 0x40 ? 6 : 4 });
    at = endOfString(block, name.value === 0 ? endOfString(block, name.end) : name.end);
  }
  return at === block.length ? count : undefined;
}

/** Past the end when the string is cut. */
function endOfString(block: Buffer, at: number): number {
  if (at >= block.length) return Number.POSITIVE_INFINITY;
  const length = integerAt(block, { at, prefixBits: 7 });
  return length.end + length.value;
}

/** More octets than any length or index of a block that is taken needs; a longer integer counts as cut. */
const MAX_CONTINUATIONS = 4;

function integerAt(block: Buffer, { at, prefixBits }: { at: number; prefixBits: number }): { value: number; end: number } {
  const mask = (1 << prefixBits) - 1;
  const prefix = (block[at] ?? 0) & mask;
  if (prefix < mask) return { value: prefix, end: at + 1 };
  let value = mask;
  for (let index = 0; index < MAX_CONTINUATIONS; index += 1) {
    const octet = block[at + 1 + index];
    if (octet === undefined) break;
    value += (octet & 0x7f) * 2 ** (7 * index);
    if ((octet & 0x80) === 0) return { value, end: at + 2 + index };
  }
  return { value, end: Number.POSITIVE_INFINITY };
}
