import { BlockList } from "node:net";
import fastifyProxyAddr from "@fastify/proxy-addr";
import { AddressIndex } from "@wherefrom/model";
import ipaddr from "ipaddr.js";
import proxyAddr from "proxy-addr";
import { parsePrefix } from "wherefrom";
import type { Case, Subject } from "./call-case.ts";
import { touch } from "./floor.ts";
import { addressIn, asReceived, BATCH, clientAt, networks } from "./inputs.ts";
import { loadMembership, type Membership } from "./membership.ts";
import { OURS } from "./report.ts";

type Shape = { readonly family: 4 | 6; readonly count: number };

const SHAPES: readonly Shape[] = ([4, 6] as const).flatMap((family) => [10, 1_000, 10_000].map((count) => ({ family, count })));

/** The cases of `bench -- match`: is this text an address in any of the networks? Half of them are. */
export async function matchCases(): Promise<readonly Case[]> {
  const membership = await loadMembership();
  return [...SHAPES.map((shape) => caseOf(shape, membership)), ownersCase()];
}

const RULES = 1_000_000;

/** Whose an address is, as security actions ask, in a million networks: three of IPv4 for one of IPv6, none beside another. */
function ownersCase(): Case {
  const textOf = (at: number): string => {
    const [high, low] = [at >>> 16, at & 0xffff];
    return at % 4 === 3
      ? `2001:db8:${high.toString(16)}:${low.toString(16)}::/64`
      : `${20 + (high >>> 7)}.${(high << 1) & 255}.${low >>> 8}.${low & 254}`;
  };
  const inputs = Array.from({ length: BATCH }, (_, index) => prefixIn(textOf(Math.floor((index * RULES) / BATCH) + index)));
  const open = () => {
    const index = AddressIndex.of(owned(RULES, textOf));
    const run = () => inputs.reduce((sum, { first }) => sum + index.ownersOf(first).length, 0);
    if (run() < BATCH) throw new Error(`${OURS} finds ${run()} owners of ${BATCH}`);
    return run;
  };
  const touched = inputs.map(({ text }) => text);
  return {
    name: `owners-of-${RULES}`,
    batch: BATCH,
    subjects: [
      { name: "floor", open: () => () => touched.reduce((sum, text) => sum + touch(text), 0) },
      { name: OURS, open },
    ],
  };
}

function* owned(count: number, textOf: (at: number) => string) {
  for (let owner = 0; owner < count; owner += 1) yield { prefix: prefixIn(textOf(owner)), owner };
}

function prefixIn(text: string) {
  const reading = parsePrefix(text);
  if (reading.kind !== "prefix") throw new Error(`Not a network: ${text}`);
  return reading.prefix;
}

/** Cases of ours that are to cost about the same. */
export const MATCH_PAIRS: readonly (readonly [string, string])[] = [
  ["member-v4-10000", "member-v4-10"],
  ["member-v6-10000", "member-v6-10"],
];

function caseOf({ family, count }: Shape, membership: Membership): Case {
  const cidrs = networks(count, family);
  const texts = Array.from({ length: BATCH }, (_, index) =>
    asReceived(index % 2 === 0 ? addressIn(Math.floor((index * count) / BATCH), { family, host: 1 + index }) : clientAt(index, family)),
  );
  const counted = (name: string, build: () => (text: string) => boolean): Subject => ({
    name,
    open() {
      const isMember = build();
      const run = () => texts.reduce((sum, text) => sum + (isMember(text) ? 1 : 0), 0);
      if (run() !== BATCH / 2) throw new Error(`${name} finds ${run()} of ${BATCH / 2} members`);
      return run;
    },
  });
  const subjects = [
    { name: "floor", open: () => () => texts.reduce((sum, text) => sum + touch(text), 0) },
    counted(OURS, () => membership(cidrs)),
    counted("net.BlockList", () => blockList(cidrs, family)),
    counted("proxy-addr", () => asked(proxyAddr.compile(cidrs))),
    counted("@fastify/proxy-addr", () => asked(fastifyProxyAddr.compile([...cidrs]))),
    counted("ipaddr.js", () => ipaddrList(cidrs)),
  ];
  return { name: `member-v${family}-${count}`, batch: BATCH, subjects };
}

function asked(trust: (address: string, index: number) => boolean): (text: string) => boolean {
  return (text) => trust(text, 0);
}

function blockList(cidrs: readonly string[], family: 4 | 6): (text: string) => boolean {
  const list = new BlockList();
  const name = `ipv${family}` as const;
  for (const cidr of cidrs) {
    const [network = "", length] = cidr.split("/");
    list.addSubnet(network, Number(length), name);
  }
  return (text) => list.check(text, name);
}

function ipaddrList(cidrs: readonly string[]): (text: string) => boolean {
  const ranges = cidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  return (text) => {
    const address = ipaddr.process(text);
    return ranges.some(([network, length]) => address.kind() === network.kind() && address.match([network, length]));
  };
}
