import fc from "fast-check";
import { expect, test } from "vitest";
import { createResolver, type Explanation, evidenceOfFields, parseAddress, parsePolicy } from "../src/index.ts";
import { type OracleAddress, readHopAddress, textOf } from "./oracle/address.ts";
import { isInside, type OraclePrefix } from "./oracle/prefix.ts";
import { listLine } from "./oracle/requests.ts";
import { someAddress, writtenAsHop, writtenBare } from "./oracle/spellings.ts";

type Json = Readonly<Record<string, unknown>>;

/** One seed, so that a run repeats. Another seed asks other questions. */
const RUNS = { numRuns: 3000, seed: 7239 };
const SHORT_RUNS = { numRuns: 1000, seed: 7239 };
const PEER = "10.0.0.1";
const TRUSTED = ["10.0.0.0/8", "fd00::/8"];

function explain(policy: Json, { peer = PEER, name, lines }: { peer?: string; name: string; lines: readonly string[] }): Explanation {
  const headers = lines.map((line) => [name, line] as const);
  return createResolver(parsePolicy(policy)).explain(evidenceOfFields(peer, headers));
}

const spelled = someAddress.chain((address) => fc.tuple(fc.constant(address), writtenBare(address)));

test("every spelling of an address reads as its one canonical text, which reads as itself", () => {
  fc.assert(
    fc.property(spelled, ([address, written]) => {
      const canonical = { family: address.family, text: textOf(address) };
      expect(parseAddress(written)).toEqual(canonical);
      expect(parseAddress(canonical.text)).toEqual(canonical);
    }),
    RUNS,
  );
});

const network: fc.Arbitrary<OraclePrefix> = fc.tuple(someAddress, fc.nat(128)).map(([{ family, value }, length]) => {
  const width = family === 4 ? 32 : 128;
  const bits = 1 + (length % width);
  const size = 2n ** BigInt(width - bits);
  return { family, bits, value: (value / size) * size };
});

/** A network, and one of its size that follows it at once or a whole word of 32 bits later: what adjoins may be merged, and nothing else. */
const neighbours: fc.Arbitrary<readonly OraclePrefix[]> = fc
  .tuple(network, fc.constantFrom(0n, 1n << 32n, 1n << 64n, 1n << 96n))
  .map(([first, apart]) => {
    const [width, size] = first.family === 4 ? [32n, 2n ** BigInt(32 - first.bits)] : [128n, 2n ** BigInt(128 - first.bits)];
    const value = ((first.value + size + apart) / size) * size;
    return value >> width === 0n ? [first, { ...first, value }] : [first];
  });

/** The first and the last address of a network, and those beside it: in the family, folded, and somebody's. */
function bordersOf({ family, value, bits }: OraclePrefix): readonly OracleAddress[] {
  const size = 2n ** BigInt((family === 4 ? 32 : 128) - bits);
  const inRange = (border: bigint) => border > 0n && border < 2n ** (family === 4 ? 32n : 128n);
  return [value - 1n, value, value + size - 1n, value + size]
    .filter(inRange)
    .flatMap((border) => readHopAddress(textOf({ family, value: border })) ?? []);
}

/** An IPv6 network inside the IPv4-mapped addresses would be an IPv4 one. */
function isUnfolded({ family, value }: OraclePrefix): boolean {
  return family === 4 || value >> 32n !== 0xffffn;
}

test("a trust list trusts whom a scan of it trusts, and by the first entry that names them", () => {
  const lists = fc.tuple(fc.array(neighbours, { minLength: 1, maxLength: 15 }), fc.array(someAddress, { maxLength: 5 }));
  fc.assert(
    fc.property(lists, ([pairs, others]) => {
      const networks = pairs.flat().filter(isUnfolded);
      fc.pre(networks.length > 0);
      const trustedPeers = networks.map((prefix) => `${textOf(prefix)}/${prefix.bits}`);
      const resolver = createResolver(parsePolicy({ singleHeaderAlgorithm: { ipHeaderName: "X-Real-IP", trustedPeers } }));
      for (const address of [...networks.flatMap(bordersOf), ...others]) {
        const { peer } = resolver.explain(evidenceOfFields(textOf(address), [["X-Real-IP", "203.0.113.7"]]));
        const rule = trustedPeers[networks.findIndex((prefix) => isInside(prefix, address))];
        expect({ ip: peer.ip, rule: peer.rule }).toEqual({ ip: textOf(address), rule });
      }
    }),
    { numRuns: 300, seed: 7239 },
  );
});

/** IPv4 networks of 16 to 32 bits, crowded into a few places and scattered over the rest: what a table over a list is worst at. */
const crowdedNetwork: fc.Arbitrary<OraclePrefix> = fc
  .tuple(
    fc.constantFrom(0x0a00_0000, 0x0a00_ff00, 0x7fff_0000, 0xc0a8_0000, 0xffff_0000),
    fc.nat(0xff_ffff),
    fc.integer({ min: 16, max: 32 }),
  )
  .map(([place, beside, bits]) => {
    const size = 2n ** BigInt(32 - bits);
    const value = BigInt(beside % 5 === 0 ? (place + beside * 191) % 2 ** 32 : (place + (beside % 0x1_0000)) % 2 ** 32);
    return { family: 4, bits, value: (value / size) * size };
  });

test("a list of hundreds of networks trusts whom a scan of it trusts, at every border", () => {
  fc.assert(
    fc.property(fc.array(crowdedNetwork, { minLength: 200, maxLength: 400, size: "max" }), (networks) => {
      const trustedPeers = networks.map((prefix) => `${textOf(prefix)}/${prefix.bits}`);
      const resolver = createResolver(parsePolicy({ singleHeaderAlgorithm: { ipHeaderName: "X-Real-IP", trustedPeers } }));
      for (const address of networks.flatMap(bordersOf)) {
        const { outcome } = resolver.resolve(evidenceOfFields(textOf(address), [["X-Real-IP", "203.0.113.7"]]));
        const isTrusted = networks.some((prefix) => isInside(prefix, address));
        expect({ address: textOf(address), outcome }).toEqual({ address: textOf(address), outcome: isTrusted ? "resolved" : "fallback" });
      }
    }),
    { numRuns: 10, seed: 7239 },
  );
});

/** An address of which the trust list below often has an opinion, and two texts of it. */
const twice = fc
  .oneof(
    someAddress,
    fc.nat(0xffff).map((low): OracleAddress => ({ family: 4, value: 0x0a000000n + BigInt(low) })),
    fc.nat(0xffff).map((low): OracleAddress => ({ family: 6, value: (0xfd00n << 112n) + BigInt(low) })),
  )
  .chain((address) => fc.tuple(fc.constant(textOf(address)), writtenAsHop(address)));

test("case, port, brackets, mapped form and zone never change which rule matches", () => {
  const trustedProxies = ["10.0.0.64/26", "10.0.0.0/8", "::ffff:172.16.0.0/108", "fd00::/120", "fd00::/8", "128.0.0.0/1", "8000::/1"];
  const name = fc.constantFrom("X-Forwarded-For", "x-forwarded-for", "X-FORWARDED-FOR");
  const judged = ({ peer, hops, ip, key, trust, outcome, reason }: Explanation) => ({
    peer: { ip: peer.ip, verdict: peer.verdict, rule: peer.rule },
    hops: hops.map((hop) => ({ ip: hop.ip, verdict: hop.verdict, rule: hop.rule, position: hop.position })),
    ...{ ip, key, trust, outcome, reason },
  });
  fc.assert(
    fc.property(twice, twice, name, ([peer, otherPeer], [hop, otherHop], headerName) => {
      const config = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies }, fallback: "REJECT" };
      const plain = judged(explain(config, { peer, name: "X-Forwarded-For", lines: [`203.0.113.7, ${hop}`] }));
      expect(judged(explain(config, { peer: otherPeer, name: headerName, lines: [`203.0.113.7, ${otherHop}`] }))).toEqual(plain);
    }),
    RUNS,
  );
});

const element = fc.constantFrom(
  ...["for=10.0.0.2", 'For="10.0.0.3:80"', 'for="[fd00::2]:443";proto=https', 'by=_x;for="::ffff:10.0.0.4"', 'for="\\10.0.0.2"'],
  ...[
    "for=203.0.113.7",
    'for="[2001:db8::7]:4711"',
    "for=unknown",
    "for=_hidden",
    "proto=https",
    "for=10.0.0.2;for=10.0.0.3",
    'by="a,b;c";for=10.0.0.2',
  ],
);
const forwardedWalk: Json = { trustedProxiesAlgorithm: { ipHeaderName: "Forwarded", trustedProxies: TRUSTED }, fallback: "REJECT" };
const forwardedIndex: Json = {
  headerIndexAlgorithm: { ipHeaderName: "Forwarded", ipHeaderIndex: -2, trustedPeers: TRUSTED },
  fallback: "REJECT",
};

test("what a client puts into lines of its own on the left never changes a verified reading of Forwarded", () => {
  const client = fc.constantFrom("for=203.0.113.7", 'for="[2001:db8::7]:4711"', "For=192.168.1.5");
  const trusted = fc.array(fc.constantFrom("for=10.0.0.2", 'for="[fd00::2]"'), { minLength: 1, maxLength: 5 });
  const hostile = fc.oneof(listLine, element, fc.constantFrom('"', 'for="', 'for="6.6.6.6', "\\", "for=6.6.6.6,", 'x="\\', "\0"));
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 4 }), client, trusted, (prepended, hop, proxies) => {
      const right = [hop, ...proxies].join(", ");
      for (const config of [forwardedWalk, forwardedIndex]) {
        const resolver = createResolver(parsePolicy(config));
        const resolve = (lines: readonly string[]) =>
          resolver.resolve(
            evidenceOfFields(
              PEER,
              lines.map((line) => ["Forwarded", line] as const),
            ),
          );
        const before = resolve([right]);
        expect(before).toMatchObject({ outcome: "resolved", trust: "verified" });
        expect(resolve([...prepended, right])).toEqual(before);
      }
    }),
    SHORT_RUNS,
  );
});

test("where Forwarded is cut into lines between elements changes nothing, not even the explanation", () => {
  const cut = fc.array(fc.tuple(element, fc.boolean()), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(cut, fc.constantFrom(forwardedWalk, forwardedIndex), (parts, config) => {
      const joined = parts.map(([text]) => text).join(", ");
      const lines: string[] = [];
      for (const [text, isCut] of parts) {
        const last = isCut ? undefined : lines.pop();
        lines.push(last === undefined ? text : `${last}, ${text}`);
      }
      expect(explain(config, { name: "Forwarded", lines })).toEqual(explain(config, { name: "Forwarded", lines: [joined] }));
    }),
    SHORT_RUNS,
  );
});
