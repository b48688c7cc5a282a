import fastifyProxyAddr from "@fastify/proxy-addr";
import proxyAddr from "proxy-addr";
import requestIp from "request-ip";
import { createResolver, type Evidence, parsePolicy } from "wherefrom";
import type { Case, Subject } from "./call-case.ts";
import { touch } from "./floor.ts";
import { addressIn, BATCH, type Input, inputOf, networks, requests } from "./inputs.ts";
import { OURS } from "./report.ts";

type Shape = { readonly hops: number; readonly cidrs: number; readonly family: 4 | 6 };

const SHAPES: readonly Shape[] = [
  { hops: 1, cidrs: 10, family: 4 },
  { hops: 1, cidrs: 1_000, family: 4 },
  { hops: 1, cidrs: 10_000, family: 4 },
  { hops: 3, cidrs: 1, family: 4 },
  { hops: 3, cidrs: 10, family: 4 },
  { hops: 3, cidrs: 1_000, family: 4 },
  { hops: 3, cidrs: 10_000, family: 4 },
  { hops: 3, cidrs: 10, family: 6 },
];

const HOSTILE_LENGTH = 65_536;

/** The cases of `bench -- resolve`. */
export function resolveCases(): readonly Case[] {
  return [...SHAPES.map(walkCase), explainCase(), indexCase(), ...hostileCases()];
}

/** Cases of ours that are to cost about the same. */
export const RESOLVE_PAIRS: readonly (readonly [string, string])[] = [
  ["1hop-v4-10000cidrs", "1hop-v4-10cidrs"],
  ["3hop-v4-10000cidrs", "3hop-v4-1cidrs"],
  ["hostile-64kib", "64hops"],
  ["hostile-64kib-one-element", "64hops"],
  ["hostile-64kib-commas", "64hops"],
  ["explain-3hop-v4-10cidrs", "3hop-v4-10cidrs"],
];

function walkCase({ hops, cidrs, family }: Shape): Case {
  const trusted = networks(cidrs, family);
  const inputs = requests(hops, { cidrCount: cidrs, family });
  return {
    name: `${hops}hop-v${family}-${cidrs}cidrs`,
    batch: BATCH,
    subjects: [floor(inputs), ours(trusted, inputs), ...peers(trusted, inputs)],
  };
}

function explainCase(): Case {
  const inputs = requests(3, { cidrCount: 10, family: 4 });
  const open = () => {
    const resolver = createResolver(parsePolicy(walkPolicy(networks(10, 4))));
    const evidence = inputs.map(evidenceOf);
    return () => evidence.reduce((sum, one) => sum + resolver.explain(one).sentences.length, 0);
  };
  return { name: "explain-3hop-v4-10cidrs", batch: BATCH, subjects: [floor(inputs), { name: OURS, open }] };
}

function indexCase(): Case {
  const inputs = requests(3, { cidrCount: 10, family: 4 });
  const policy = { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -2, trustedPeers: networks(10, 4) } };
  return { name: "index-2-of-3hop", batch: BATCH, subjects: [floor(inputs), resolving(policy, inputs)] };
}

/** What a client may send: 64 KiB of trusted hops, of one element, of commas; and to compare with, the last 64 of these hops alone. */
function hostileCases(): readonly Case[] {
  const trusted = networks(10, 4);
  const peer = addressIn(0, { family: 4, host: 1 });
  const chain = (count: number) =>
    Array.from({ length: count }, (_, at) => addressIn(at % 10, { family: 4, host: 1 + (at % 200) })).join(", ");
  const hostile = chain(8_000)
    .slice(-HOSTILE_LENGTH)
    .replace(/^[^,]*, /, "");
  const headers = [
    { name: "64hops", header: hostile.split(", ").slice(-64).join(", ") },
    { name: "hostile-64kib", header: hostile },
    { name: "hostile-64kib-one-element", header: "9".repeat(HOSTILE_LENGTH) },
    { name: "hostile-64kib-commas", header: ",".repeat(HOSTILE_LENGTH) },
  ];
  return headers.map(({ name, header }) => {
    const inputs = [inputOf(peer, header)];
    return { name, batch: 1, subjects: [floor(inputs), ours(trusted, inputs), ...peers(trusted, inputs)] };
  });
}

function floor(inputs: readonly Input[]): Subject {
  return { name: "floor", open: () => () => inputs.reduce((sum, { peer, header }) => sum + touch(peer) + touch(header), 0) };
}

function ours(trusted: readonly string[], inputs: readonly Input[]): Subject {
  return resolving(walkPolicy(trusted), inputs);
}

function resolving(policy: object, inputs: readonly Input[]): Subject {
  const open = () => {
    const resolver = createResolver(parsePolicy(policy));
    const evidence = inputs.map(evidenceOf);
    return () => evidence.reduce((sum, one) => sum + (resolver.resolve(one).ip?.length ?? 0), 0);
  };
  return { name: OURS, open };
}

function walkPolicy(trusted: readonly string[]): object {
  return { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: trusted } };
}

/** As peers get a request with parsed headers, this one has its lines at hand. */
function evidenceOf({ peer, header }: Input): Evidence {
  const lines = [header];
  return { peer, lines: () => lines };
}

function peers(trusted: readonly string[], inputs: readonly Input[]): readonly Subject[] {
  const summing = (lengthOf: (request: Input["request"]) => number) => () =>
    inputs.reduce((sum, { request }) => sum + lengthOf(request), 0);
  const askFastify = fastifyProxyAddr as unknown as (request: unknown, trust: unknown) => string;
  return [
    {
      name: "proxy-addr",
      open() {
        const trust = proxyAddr.compile(trusted);
        return summing((request) => proxyAddr(request, trust).length);
      },
    },
    {
      name: "@fastify/proxy-addr",
      open() {
        const trust = fastifyProxyAddr.compile([...trusted]);
        return summing((request) => askFastify(request, trust).length);
      },
    },
    { name: "request-ip", open: () => summing((request) => requestIp.getClientIp(request)?.length ?? 0) },
  ];
}
