import type { Random } from "./random.ts";

/** Longest input, in bytes: more than 64 hops fit, and a run stays fast. Lengths near the limits are rows of `cases/resolve/limits.json`. */
export const MAX_INPUT_LENGTH = 320;

/** Changes on top of each other in one mutation, at the most. */
const MAX_CHANGES = 6;

/** Longest part that is taken out, doubled or taken over, in bytes. */
const MAX_PART_LENGTH = 96;

/** What a mutation draws on beside chance. */
export type MutationSources = { readonly random: Random; readonly tokens: readonly string[]; readonly corpus: readonly Uint8Array[] };

type Change = (bytes: Uint8Array, sources: MutationSources) => Uint8Array;

/** Another input, made from one of the corpus by a few changes. The given bytes stay as they are. */
export function mutate(bytes: Uint8Array, sources: MutationSources): Uint8Array {
  const { random } = sources;
  let mutated = bytes;
  for (let changes = 1 + random.below(MAX_CHANGES); changes > 0; changes--) mutated = random.pick(CHANGES)(mutated, sources);
  return mutated.subarray(0, MAX_INPUT_LENGTH);
}

const CHANGES: readonly Change[] = [
  flipBit,
  setByte,
  insertToken,
  insertToken,
  overwriteWithToken,
  changeDigit,
  removePart,
  doublePart,
  splice,
  splice,
  repeatPart,
];

function flipBit(bytes: Uint8Array, { random }: MutationSources): Uint8Array {
  return replaceByte(bytes, random, (byte) => byte ^ (1 << random.below(8)));
}

function setByte(bytes: Uint8Array, { random }: MutationSources): Uint8Array {
  return replaceByte(bytes, random, () => random.below(256));
}

function changeDigit(bytes: Uint8Array, { random }: MutationSources): Uint8Array {
  const digits = [...bytes.keys()].filter((at) => isDigit(bytes[at] ?? 0));
  if (digits.length === 0) return bytes;
  const changed = Uint8Array.from(bytes);
  changed[random.pick(digits)] = 0x30 + random.below(10);
  return changed;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function insertToken(bytes: Uint8Array, { random, tokens }: MutationSources): Uint8Array {
  const at = random.below(bytes.length + 1);
  return joined(bytes.subarray(0, at), bytesOf(random.pick(tokens)), bytes.subarray(at));
}

function overwriteWithToken(bytes: Uint8Array, { random, tokens }: MutationSources): Uint8Array {
  const at = random.below(bytes.length + 1);
  const token = bytesOf(random.pick(tokens));
  return joined(bytes.subarray(0, at), token, bytes.subarray(at + token.length));
}

function removePart(bytes: Uint8Array, { random }: MutationSources): Uint8Array {
  const [start, end] = partOf(bytes, random);
  return joined(bytes.subarray(0, start), bytes.subarray(end));
}

function doublePart(bytes: Uint8Array, { random }: MutationSources): Uint8Array {
  const [start, end] = partOf(bytes, random);
  return joined(bytes.subarray(0, end), bytes.subarray(start));
}

/** A few times the same, and now and then often: what counts hops has to be led past its limit, and long inputs are slow. */
function repeatPart(bytes: Uint8Array, { random }: MutationSources): Uint8Array {
  const [start, end] = partOf(bytes, random);
  const part = bytes.subarray(start, Math.min(end, start + 8));
  const times = random.below(random.below(16) === 0 ? 80 : 8);
  return joined(bytes.subarray(0, end), ...Array<Uint8Array>(times).fill(part), bytes.subarray(end));
}

/** The head of one input and a part of another. */
function splice(bytes: Uint8Array, { random, corpus }: MutationSources): Uint8Array {
  const other = random.pick(corpus);
  const [start, end] = partOf(other, random);
  const at = random.below(bytes.length + 1);
  const rest = random.below(2) === 0 ? bytes.subarray(at) : new Uint8Array();
  return joined(bytes.subarray(0, at), other.subarray(start, end), rest);
}

function partOf(bytes: Uint8Array, random: Random): readonly [start: number, end: number] {
  const start = random.below(bytes.length + 1);
  return [start, Math.min(bytes.length, start + 1 + random.below(MAX_PART_LENGTH))];
}

function replaceByte(bytes: Uint8Array, random: Random, replace: (byte: number) => number): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(replace(0));
  const changed = Uint8Array.from(bytes);
  const at = random.below(bytes.length);
  changed[at] = replace(changed[at] ?? 0);
  return changed;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts).subarray(0, MAX_INPUT_LENGTH);
}

/** A text whose characters are the bytes (Latin-1), as an HTTP parser hands a field value on. */
export function textOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** The bytes of a text of the corpus. A character past U+00FF keeps its low byte. */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
