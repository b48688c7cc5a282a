/** Different addresses that are summed up before they are handed out. */
const MAX_ADDRESSES = 16_384;

export type AddressBatchOptions = {
  /** How many sums there are for each address. */
  readonly slots: number;
  /** Gets an address, and where in `sums` its own begin. */
  readonly onAddress: (text: string, sums: Float64Array, at: number) => void;
};

/** Sums up lines by address for a while, because to look at an address costs more than to add to it. */
export class AddressBatch {
  readonly #options: AddressBatchOptions;
  readonly #places = new Map<string, number>();
  readonly #sums: Float64Array;

  constructor(options: AddressBatchOptions) {
    this.#options = options;
    this.#sums = new Float64Array(MAX_ADDRESSES * options.slots);
  }

  add(text: string, slot: number, lines: number): void {
    let place = this.#places.get(text);
    if (place === undefined) {
      if (this.#places.size === MAX_ADDRESSES) this.flush();
      place = this.#places.size * this.#options.slots;
      this.#places.set(text, place);
    }
    this.#sums[place + slot] = (this.#sums[place + slot] as number) + lines;
  }

  /** Hands out everything, and is empty then. */
  flush(): void {
    const { slots, onAddress } = this.#options;
    for (const [text, place] of this.#places) onAddress(text, this.#sums, place);
    this.#sums.fill(0, 0, this.#places.size * slots);
    this.#places.clear();
  }
}
