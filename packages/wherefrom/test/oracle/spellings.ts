import fc from "fast-check";
import { type OracleAddress, textOf } from "./address.ts";

/** The ways to write the same address. */
type Style = {
  readonly isUpper: boolean;
  readonly width: number;
  readonly gap: readonly [start: number, length: number];
  readonly isDotted: boolean;
};

const style: fc.Arbitrary<Style> = fc.record({
  isUpper: fc.boolean(),
  width: fc.integer({ min: 1, max: 4 }),
  gap: fc.tuple(fc.nat(7), fc.integer({ min: 0, max: 8 })),
  isDotted: fc.boolean(),
});

const group = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.nat(0xffff) },
  fc.constantFrom(1, 0xffff, 0x0a00),
);

function dotted(value: bigint): string {
  return textOf({ family: 4, value });
}

/** RFC 4291 section 2.2: any run of zero groups may be `::`, and the last 32 bits may be dotted decimal. */
function spell(groups: readonly number[], { isUpper, width, gap, isDotted }: Style): string {
  const texts = groups.map((value) => value.toString(16).padStart(width, "0"));
  const tail = isDotted ? [dotted(BigInt(groups[6] ?? 0) * 65536n + BigInt(groups[7] ?? 0))] : texts.slice(6);
  const written = [...texts.slice(0, 6), ...tail];
  const [start, length] = gap;
  const isZero = length > 0 && start + length <= (isDotted ? 6 : 8) && groups.slice(start, start + length).every((value) => value === 0);
  const text = isZero ? `${written.slice(0, start).join(":")}::${written.slice(start + length).join(":")}` : written.join(":");
  return isUpper ? text.toUpperCase() : text;
}

/** The 32 or 128 bits that an address is, an IPv4-mapped one folded. */
const address: fc.Arbitrary<OracleAddress> = fc.oneof(
  fc.nat(0xffffffff).map((value): OracleAddress => ({ family: 4, value: BigInt(value) })),
  fc.constantFrom<OracleAddress>({ family: 4, value: 1n }, { family: 4, value: 0xffffffffn }, { family: 6, value: 2n ** 128n - 1n }),
  fc
    .array(group, { minLength: 8, maxLength: 8 })
    .map((groups) => groups.reduce((value, each) => value * 65536n + BigInt(each), 0n))
    .map((value): OracleAddress => (value >> 32n === 0xffffn ? { family: 4, value: value & 0xffffffffn } : { family: 6, value })),
);

/** An address that is somebody's. */
export const someAddress: fc.Arbitrary<OracleAddress> = address.filter(({ value }) => value !== 0n);

function groupsOf(value: bigint): readonly number[] {
  return [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => Number((value >> shift) & 0xffffn));
}

/** A text of the address without anything beside it: IPv4 also as an IPv4-mapped one. */
export function writtenBare(of: OracleAddress): fc.Arbitrary<string> {
  const mapped = style.map((chosen) => spell(groupsOf(of.family === 4 ? (0xffffn << 32n) | of.value : of.value), chosen));
  return of.family === 4 ? fc.oneof(fc.constant(dotted(of.value)), mapped) : mapped;
}

/** A text of the address as a hop may be written: with a port, in brackets, with a zone. */
export function writtenAsHop(of: OracleAddress): fc.Arbitrary<string> {
  const port = fc.option(fc.nat(65535), { nil: undefined });
  const zone = fc.constantFrom("", "", "%eth0", "%1", "%a.b-c_d~");
  return fc.tuple(writtenBare(of), fc.boolean(), zone, port).map(([text, isBracketed, zoned, number]) => {
    const portText = number === undefined ? "" : `:${number}`;
    if (!text.includes(":")) return `${text}${portText}`;
    return isBracketed || portText !== "" ? `[${text}${zoned}]${portText}` : `${text}${zoned}`;
  });
}
