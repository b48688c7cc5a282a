import type { Prefix } from "wherefrom";
import { finish, type Steps } from "./steps.ts";

type Words = Prefix["first"];

/** Networks of one family, in the order of their first addresses, an outer one before those inside it, each once. */
type Networks = {
  /** The first addresses, word by word: one word for IPv4, four for IPv6. */
  readonly words: readonly Uint32Array[];
  readonly lengths: Uint8Array;
  /** Which network lies next around each; -1: none. */
  readonly parents: Int32Array;
  /** Where in `owners` those of each network begin; of one more, where they end. */
  readonly ownerStarts: Uint32Array;
  readonly owners: Uint32Array;
};

const NONE: readonly number[] = [];

/**
 * Many networks, asked one question: whose is this address? Networks may overlap, and each owner may have many. The cost of a question is the logarithm of the number of networks, and
 * one step for each network around its neighbour. They stand in arrays of numbers: a million of them takes 20 to 40 MB.
 */
export class AddressIndex {
  readonly #networks4: Networks;
  readonly #networks6: Networks;

  private constructor(networks4: Networks, networks6: Networks) {
    this.#networks4 = networks4;
    this.#networks6 = networks6;
  }

  static of(owned: Iterable<OwnedPrefix>): AddressIndex {
    return finish(AddressIndex.building(owned));
  }

  /** The same in steps, of which none takes long: sorting a million networks takes a tenth of a second for each word of an address. */
  static *building(owned: Iterable<OwnedPrefix>): Steps<AddressIndex> {
    const collected = { 4: new Collected(1), 6: new Collected(4) };
    let count = 0;
    for (const { prefix, owner } of owned) {
      collected[prefix.first.family].add(prefix, owner);
      count += 1;
      if (count % PREFIXES_A_STEP === 0) yield;
    }
    return new AddressIndex(yield* networksOf(collected[4]), yield* networksOf(collected[6]));
  }

  /** An owner stands in the answer once for each of its networks that hold the address; those of the inner networks come first. */
  ownersOf(first: Words): readonly number[] {
    const networks = first.family === 4 ? this.#networks4 : this.#networks6;
    const { parents, ownerStarts, owners } = networks;
    // Networks are nested or apart: those that hold the address are the last one that begins before it, or lie around that.
    let at = lastBefore(networks.words, first);
    while (at !== -1 && !contains(networks, at, first)) at = parents[at] as number;
    if (at === -1) return NONE;
    const found: number[] = [];
    for (; at !== -1; at = parents[at] as number) {
      for (let index = ownerStarts[at] as number; index < (ownerStarts[at + 1] as number); index += 1) found.push(owners[index] as number);
    }
    return found;
  }
}

export type OwnedPrefix = { readonly prefix: Prefix; readonly owner: number };

const PREFIXES_A_STEP = 1_000;
const NETWORKS_A_STEP = 50_000;

/** Networks as they come. */
class Collected {
  words: Uint32Array[];
  lengths = new Uint8Array(16);
  owners = new Uint32Array(16);
  count = 0;

  constructor(words: number) {
    this.words = Array.from({ length: words }, () => new Uint32Array(16));
  }

  add({ first, length }: Prefix, owner: number): void {
    if (this.count === this.lengths.length) this.#grow();
    const at = this.count;
    for (let index = 0; index < this.words.length; index += 1) (this.words[index] as Uint32Array)[at] = wordOf(first, index);
    this.lengths[at] = length;
    this.owners[at] = owner;
    this.count += 1;
  }

  #grow(): void {
    const room = this.count * 2;
    const larger = <Numbers extends Uint8Array | Uint32Array>(from: Numbers, into: Numbers): Numbers => {
      into.set(from);
      return into;
    };
    this.words = this.words.map((word) => larger(word, new Uint32Array(room)));
    this.lengths = larger(this.lengths, new Uint8Array(room));
    this.owners = larger(this.owners, new Uint32Array(room));
  }
}

/** Of an IPv4 address the only word is the last. */
function wordOf({ family, w0, w1, w2, w3 }: Words, index: number): number {
  if (family === 4 || index === 3) return w3;
  return index === 0 ? w0 : index === 1 ? w1 : w2;
}

function* networksOf({ words, lengths, owners, count }: Collected): Steps<Networks> {
  // From the last key to the first, each time keeping the order of what is equal.
  let order = new Uint32Array(count);
  for (let index = 0; index < count; index += 1) order[index] = index;
  for (const keys of [lengths, ...words.toReversed()]) {
    order = sortedBy(keys, order);
    yield;
  }
  const networks: Networks = {
    words: words.map(() => new Uint32Array(count)),
    lengths: new Uint8Array(count),
    parents: new Int32Array(count),
    ownerStarts: new Uint32Array(count + 1),
    owners: new Uint32Array(count),
  };
  let last = -1;
  for (let place = 0; place < count; place += 1) {
    const from = order[place] as number;
    networks.owners[place] = owners[from] as number;
    const isSame =
      last !== -1 && networks.lengths[last] === lengths[from] && words.every((word, index) => networks.words[index]?.[last] === word[from]);
    if (!isSame) {
      last += 1;
      for (const [index, word] of words.entries()) (networks.words[index] as Uint32Array)[last] = word[from] as number;
      networks.lengths[last] = lengths[from] as number;
      networks.ownerStarts[last] = place;
      networks.parents[last] = parentOf(networks, last);
    }
    if (place % NETWORKS_A_STEP === 0) yield;
  }
  return cutTo(networks, { networks: last + 1, owners: count });
}

/** What `order` names, in the order of the keys, and what is equal as it was. */
function sortedBy(keys: Uint8Array | Uint32Array, order: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  // Node sorts 64 bits by itself, several times as fast as by a function: above the key, below the place that it was at.
  const pairs = new BigUint64Array(order.length);
  const halves = new Uint32Array(pairs.buffer);
  for (let place = 0; place < order.length; place += 1) {
    halves[place * 2 + HIGH] = keys[order[place] as number] as number;
    halves[place * 2 + LOW] = place;
  }
  pairs.sort();
  const sorted = new Uint32Array(order.length);
  for (let place = 0; place < order.length; place += 1) sorted[place] = order[halves[place * 2 + LOW] as number] as number;
  return sorted;
}

/** Which half of 64 bits counts more, on this machine. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;
const LOW = 1 - HIGH;

/** The network before it, or the first around that one that holds it. */
function parentOf(networks: Networks, at: number): number {
  let parent = at - 1;
  while (parent !== -1 && !holdsFirstOf(networks, parent, at)) parent = networks.parents[parent] as number;
  return parent;
}

function holdsFirstOf({ words, lengths }: Networks, outer: number, inner: number): boolean {
  const length = lengths[outer] as number;
  return words.every((word, index) => agrees(word[outer] as number, word[inner] as number, length - index * 32));
}

function contains({ words, lengths }: Networks, at: number, address: Words): boolean {
  const length = lengths[at] as number;
  for (let index = 0; index * 32 < length; index += 1) {
    if (!agrees((words[index] as Uint32Array)[at] as number, wordOf(address, index), length - index * 32)) return false;
  }
  return true;
}

/** Whether the first bits of two words are the same. */
function agrees(one: number, other: number, bits: number): boolean {
  if (bits <= 0) return true;
  return (bits >= 32 ? one ^ other : (one ^ other) >>> (32 - bits)) === 0;
}

/** The last network whose first address is not behind this one; -1: none. Word by word, among those that have the words before it. */
function lastBefore(words: readonly Uint32Array[], address: Words): number {
  let from = 0;
  let to = (words[0] as Uint32Array).length;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] as Uint32Array;
    const asked = wordOf(address, index) >>> 0;
    // those that have more than the word asked for begin at `above`
    let low = from;
    let above = to;
    while (low < above) {
      const middle = (low + above) >>> 1;
      if ((word[middle] as number) <= asked) low = middle + 1;
      else above = middle;
    }
    if (index === words.length - 1 || above === from || word[above - 1] !== asked) return above - 1;
    // and those that have the word itself at `equal`
    let equal = above - 1;
    low = from;
    while (low < equal) {
      const middle = (low + equal) >>> 1;
      if ((word[middle] as number) < asked) low = middle + 1;
      else equal = middle;
    }
    from = equal;
    to = above;
  }
  return -1;
}

function cutTo({ words, lengths, parents, ownerStarts, owners }: Networks, count: { networks: number; owners: number }): Networks {
  const starts = ownerStarts.slice(0, count.networks + 1);
  starts[count.networks] = count.owners;
  return {
    words: words.map((word) => word.slice(0, count.networks)),
    lengths: lengths.slice(0, count.networks),
    parents: parents.slice(0, count.networks),
    ownerStarts: starts,
    owners,
  };
}
