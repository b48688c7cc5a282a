/** Addresses of some events, each once. Its place is 1 or more. */
export class AddressTable {
  readonly #places = new Map<bigint, number>();

  placeOf(address: bigint): number {
    const known = this.#places.get(address);
    if (known !== undefined) return known;
    const place = this.#places.size + 1;
    this.#places.set(address, place);
    return place;
  }

  /** In the order of their places, each as four words of 32 bits, the lowest first. */
  words(): Uint32Array {
    const words = new BigUint64Array(2 * this.#places.size);
    let at = 0;
    for (const address of this.#places.keys()) {
      words[at++] = address;
      words[at++] = address >> 64n;
    }
    return new Uint32Array(words.buffer);
  }
}
