/**
 * Finds bytes, four at a time: half as long as one at a time. Not `indexOf`, which finds across the end of a line and costs as much to call as a value of a log is long.
 *
 * Source: the test for a zero byte in a word, Warren, "Hacker's Delight", 6-1.
 */
export class ByteFinder {
  #opened: Uint8Array = new Uint8Array();
  #bytes: Uint8Array = new Uint8Array();
  #words: Int32Array = new Int32Array();
  /** Where in the memory behind it the opened part begins. */
  #base = 0;

  /** Takes up bytes. To open the same again costs nothing. */
  open(bytes: Uint8Array): void {
    if (bytes === this.#opened) return;
    this.#opened = bytes;
    this.#bytes = new Uint8Array(bytes.buffer);
    this.#words = new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
    this.#base = bytes.byteOffset;
  }

  /** Where `byte` first stands in `[start, end)`; `end` when it does not. */
  find(byte: number, start: number, end: number): number {
    const bytes = this.#bytes;
    const last = this.#base + end;
    let at = this.#base + start;
    while ((at & 3) !== 0 && at < last) {
      if (bytes[at] === byte) return at - this.#base;
      at++;
    }
    const words = this.#words;
    const lastWord = last >> 2;
    const pattern = byte * 0x01010101;
    let word = at >> 2;
    while (word < lastWord) {
      const difference = (words[word] as number) ^ pattern;
      if (((difference - 0x01010101) & ~difference & 0x80808080) !== 0) break;
      word++;
    }
    if (word > at >> 2) at = word << 2;
    while (at < last && bytes[at] !== byte) at++;
    return at - this.#base;
  }
}
