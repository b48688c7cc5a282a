/** A text that lines are compared with, four bytes at a time; of the last word only what `mask` leaves counts. */
export type FixedText = { readonly length: number; readonly words: Int32Array; readonly mask: number };

export function fixedText(text: Uint8Array): FixedText {
  const words = new Int32Array(Math.ceil(text.length / 4));
  for (let at = 0; at < text.length; at++) words[at >> 2] = (words[at >> 2] as number) | ((text[at] as number) << ((at & 3) << 3));
  return { length: text.length, words, mask: -1 >>> ((-text.length & 3) << 3) };
}

/** Whether a text stands at a place. Up to three bytes behind it are looked at, and must be there. */
export function standsAt({ words, mask }: FixedText, view: DataView, start: number): boolean {
  const last = words.length - 1;
  if (last === -1) return true;
  // texts that are alike differ at their ends
  if (((view.getInt32(start + last * 4, true) ^ (words[last] as number)) & mask) !== 0) return false;
  for (let word = last - 1; word >= 0; word--) if (view.getInt32(start + word * 4, true) !== words[word]) return false;
  return true;
}

/** A byte four times, as `findPattern` looks for it. */
export function patternOf(byte: number): number {
  return Math.imul(byte, 0x01010101);
}

/**
 * Where a byte first stands in `[start, end)`; `end` when it does not. Up to `LOOKAHEAD_BYTES` behind `end` are looked at, and must be there.
 *
 * Eight bytes a round, a third as long as one at a time. Not `indexOf`, which finds across the end of a line and costs as much to call as a value of a log is long.
 * Source: the test for a zero byte in a word, Warren, "Hacker's Delight", 6-1. Its lowest mark is the first zero byte; those above it may be wrong.
 */
export function findPattern(pattern: number, view: DataView, { start, end }: { readonly start: number; readonly end: number }): number {
  for (let at = start; at < end; at = (at + 8) | 0) {
    const first = view.getInt32(at, true) ^ pattern;
    let marks = (first - 0x01010101) & ~first & 0x80808080;
    if (marks === 0) {
      const second = view.getInt32(at + 4, true) ^ pattern;
      marks = (second - 0x01010101) & ~second & 0x80808080;
      if (marks === 0) continue;
      at = (at + 4) | 0;
    }
    const found = (at + ((31 - Math.clz32(marks & -marks)) >> 3)) | 0;
    return found < end ? found : end;
  }
  return end;
}
