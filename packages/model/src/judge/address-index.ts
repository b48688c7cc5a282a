import type { Prefix } from "wherefrom";

/** A number for IPv4; 32 hexadecimal digits for IPv6. Both are in the order of the addresses, also by `<`. */
type Key = number | string;

/** The owners of one address, as a list that shares its end with others: a network's owners are its own and those of the network around it. */
export type Owners = { readonly owner: number; readonly rest: Owners } | undefined;

/** Where owners begin to count, ascending; they count up to the next start. */
type Segments = { readonly starts: readonly Key[]; readonly owners: readonly Owners[] };

/**
 * Many networks, asked one question: whose is this address? Networks may overlap, and each owner may have many. The cost of a question is the logarithm
 * of the number of networks, and one step for each owner that it finds.
 */
export class AddressIndex {
  readonly #segments4: Segments;
  readonly #segments6: Segments;

  /** Cost: n log n. */
  constructor(owned: readonly { readonly prefix: Prefix; readonly owner: number }[]) {
    const entries = owned.map(({ prefix, owner }) => ({ ...boundsOf(prefix), family: prefix.first.family, owner }));
    this.#segments4 = segmentsOf(entries.filter(({ family }) => family === 4));
    this.#segments6 = segmentsOf(entries.filter(({ family }) => family === 6));
  }

  /** An owner stands in the answer once for each of its networks that hold the address. */
  ownersOf(first: Prefix["first"]): Owners {
    const { starts, owners } = first.family === 4 ? this.#segments4 : this.#segments6;
    const key = keyOf(first);
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] as Key) <= key) low = middle + 1;
      else high = middle;
    }
    return owners[low - 1];
  }
}

type Entry = { readonly first: Key; readonly end: Key; readonly owner: number };

/** Networks are nested or apart, never half over each other: those around the present one stand on a stack. */
function segmentsOf(entries: readonly Entry[]): Segments {
  const sorted = entries.toSorted((left, right) => compare(left.first, right.first) || compare(right.end, left.end));
  const starts: Key[] = [];
  const owners: Owners[] = [];
  const around: { readonly end: Key; readonly owners: Owners }[] = [];
  const begin = (start: Key, those: Owners): void => {
    if (starts.at(-1) === start) owners[owners.length - 1] = those;
    else {
      starts.push(start);
      owners.push(those);
    }
  };
  const leaveUntil = (key: Key | undefined): void => {
    for (let top = around.at(-1); top !== undefined && (key === undefined || top.end <= key); top = around.at(-1)) {
      around.pop();
      begin(top.end, around.at(-1)?.owners);
    }
  };
  for (const { first, end, owner } of sorted) {
    leaveUntil(first);
    const those = { owner, rest: around.at(-1)?.owners };
    around.push({ end, owners: those });
    begin(first, those);
  }
  leaveUntil(undefined);
  return { starts, owners };
}

function compare(left: Key, right: Key): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Behind the last IPv6 address: no digit comes after `f`. */
const BEHIND_ALL = "g";

/** The first address, and the one behind the last. */
function boundsOf({ first, length }: Prefix): { readonly first: Key; readonly end: Key } {
  const key = keyOf(first);
  if (typeof key === "number") return { first: key, end: key + 2 ** (32 - length) };
  const end = (BigInt(`0x${key}`) + (1n << BigInt(128 - length))).toString(16).padStart(32, "0");
  return { first: key, end: end.length > 32 ? BEHIND_ALL : end };
}

function keyOf({ family, w0, w1, w2, w3 }: Prefix["first"]): Key {
  return family === 4 ? w3 >>> 0 : hex(w0) + hex(w1) + hex(w2) + hex(w3);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
