import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Prefix, parsePrefix } from "wherefrom";
import { AddressIndex } from "../src/judge/address-index.ts";
import { SecurityActions } from "../src/judge/security-actions.ts";
import { type Bots, type SecurityAction, securityActionSchema } from "../src/security-action.ts";

const actionOf = (fields: object): SecurityAction => securityActionSchema.parse({ name: "a", state: "ENABLED", ...fields });

function judge(
  actions: readonly SecurityAction[],
  { ip, trust = "verified", bots = [], ...more }: Partial<Request> & { readonly ip: string; readonly bots?: readonly Bots[] },
): string {
  const { enforced } = SecurityActions.of(actions, bots).judge({
    resolution: { ip, family: ip.includes(":") ? 6 : 4, outcome: "resolved", trust, algorithm: "x", key: ip },
    method: "GET",
    userAgents: () => [],
    placeOf: () => ({ asn: undefined, region: undefined }),
    routeName: () => "route-0",
    isOver: ({ endsAtMs }) => endsAtMs <= Date.parse("2026-11-25T12:00:00Z"),
    ...more,
  });
  return enforced?.name ?? "none";
}

type Request = {
  ip: string;
  trust: "verified" | "unverified";
  method: string;
  userAgents: () => readonly string[];
  routeName: () => string;
};

const denied = (...ipAddressRanges: string[]) => ({ conditionConfig: { ipAddressRanges }, deny: {} });

describe("whom an action means that names reasons", () => {
  const bots = [
    { reason: "Flooder" as const, networks: ["203.0.113.9/32", "2001:db8:0:1::/64"] },
    { reason: "Robot Abuser" as const, networks: ["198.51.100.7/32"] },
  ];
  const rows = [
    { conditionConfig: { botReasons: ["Flooder"] }, ip: "203.0.113.9", by: "a" },
    { conditionConfig: { botReasons: ["Flooder"] }, ip: "2001:db8:0:1::77", by: "a" },
    { conditionConfig: { botReasons: ["Flooder"] }, ip: "198.51.100.7", by: "none" },
    { conditionConfig: { botReasons: ["Flooder", "Robot Abuser"] }, ip: "198.51.100.7", by: "a" },
    { conditionConfig: { botReasons: ["Brute Guessor"] }, ip: "203.0.113.9", by: "none" }, // nobody is one: not everybody
    { conditionConfig: { botReasons: ["Flooder"], ipAddressRanges: ["203.0.113.0/24"] }, ip: "203.0.113.9", by: "a" },
    { conditionConfig: { botReasons: ["Flooder"], ipAddressRanges: ["203.0.113.0/24"] }, ip: "203.0.113.8", by: "none" },
    { conditionConfig: { botReasons: ["Flooder"], ipAddressRanges: ["198.51.100.0/24"] }, ip: "203.0.113.9", by: "none" },
    // a range that is smaller than the bot's network, and the rest of that network
    { conditionConfig: { botReasons: ["Flooder"], ipAddressRanges: ["2001:db8:0:1::/96"] }, ip: "2001:db8:0:1::77", by: "a" },
    { conditionConfig: { botReasons: ["Flooder"], ipAddressRanges: ["2001:db8:0:1::/96"] }, ip: "2001:db8:0:1:1::", by: "none" },
    { conditionConfig: { botReasons: ["Flooder"], httpMethods: ["POST"] }, ip: "203.0.113.9", by: "none" },
    { conditionConfig: { botReasons: ["Flooder"] }, ip: "2002:cb00:7109::1", by: "a" }, // 6to4 of 203.0.113.9
    { conditionConfig: { botReasons: ["Flooder"] }, ip: "203.0.113.9", trust: "unverified" as const, by: "none" },
  ];
  test.each(rows)("$conditionConfig and $ip: $by", ({ conditionConfig, by, ...request }) => {
    expect(judge([actionOf({ conditionConfig, deny: {} })], { ...request, bots })).toBe(by);
  });
});

describe("which action decides", () => {
  const around = actionOf({ name: "wide", ...denied("203.0.113.0/24") });
  const rows = [
    { what: "an address in the range", actions: [around], request: { ip: "203.0.113.9" }, by: "wide" },
    { what: "an address beside the range", actions: [around], request: { ip: "203.0.114.0" }, by: "none" },
    {
      what: "allow goes before deny, wherever it stands",
      actions: [around, actionOf({ name: "in", conditionConfig: { ipAddressRanges: ["203.0.113.9"] }, allow: {} })],
      request: { ip: "203.0.113.9" },
      by: "in",
    },
    {
      what: "deny goes before flag",
      actions: [
        actionOf({ name: "f", conditionConfig: { httpMethods: ["GET"] }, flag: { headers: [{ name: "X-F", value: "1" }] } }),
        around,
      ],
      request: { ip: "203.0.113.9" },
      by: "wide",
    },
    { what: "an unverified address is not denied", actions: [around], request: { ip: "203.0.113.9", trust: "unverified" }, by: "none" },
    {
      what: "unless the action says so",
      actions: [actionOf({ name: "u", ...denied("203.0.113.0/24"), matchUnverified: true })],
      request: { ip: "203.0.113.9", trust: "unverified" },
      by: "u",
    },
    {
      what: "a flag is for unverified addresses too",
      actions: [actionOf({ name: "f", conditionConfig: { ipAddressRanges: ["::/0"] }, flag: { headers: [{ name: "X-F", value: "1" }] } })],
      request: { ip: "2001:db8::1", trust: "unverified" },
      by: "f",
    },
    {
      what: "every condition has to hold",
      actions: [actionOf({ name: "m", conditionConfig: { ipAddressRanges: ["203.0.113.9"], httpMethods: ["POST"] }, deny: {} })],
      request: { ip: "203.0.113.9" },
      by: "none",
    },
    {
      what: "a user agent counts as a whole",
      actions: [actionOf({ name: "ua", conditionConfig: { userAgents: ["bad/1"] }, deny: {} })],
      request: { ip: "203.0.113.9", userAgents: () => ["bad/1.5"] },
      by: "none",
    },
    {
      what: "any line of a user agent counts",
      actions: [actionOf({ name: "ua", conditionConfig: { userAgents: ["bad/1"] }, deny: {} })],
      request: { ip: "203.0.113.9", userAgents: () => ["good", "bad/1"] },
      by: "ua",
    },
    {
      what: "another route",
      actions: [actionOf({ name: "r", ...denied("203.0.113.9"), apiProxies: ["other"] })],
      request: { ip: "203.0.113.9" },
      by: "none",
    },
    {
      what: "one that is over",
      actions: [actionOf({ name: "o", ...denied("203.0.113.9"), expireTime: "2026-11-25T12:00:00Z" })],
      request: { ip: "203.0.113.9" },
      by: "none",
    },
    {
      what: "one that is about to be over",
      actions: [actionOf({ name: "o", ...denied("203.0.113.9"), expireTime: "2026-11-25T12:00:00.001Z" })],
      request: { ip: "203.0.113.9" },
      by: "o",
    },
    {
      what: "an address that stands for an allowed one is not let in for it",
      actions: [around, actionOf({ name: "in", conditionConfig: { ipAddressRanges: ["203.0.113.9"] }, allow: {} })],
      request: { ip: "2002:cb00:7109::1" },
      by: "wide",
    },
  ] satisfies readonly { what: string; actions: SecurityAction[]; request: Partial<Request> & { ip: string }; by: string }[];

  test.each(rows)("$what", ({ actions, request, by }) => {
    expect(judge(actions, request)).toBe(by);
  });

  test("one that is only observed decides nothing, and is told", () => {
    const observed = actionOf({ name: "try", ...denied("203.0.113.9"), isObserved: true });
    const { enforced, observed: would } = SecurityActions.of([observed]).judge({
      resolution: { ip: "203.0.113.9", family: 4, outcome: "resolved", trust: "verified", algorithm: "x", key: null },
      method: "GET",
      userAgents: () => [],
      placeOf: () => ({ asn: undefined, region: undefined }),
      routeName: () => undefined,
      isOver: () => false,
    });
    expect({ enforced, would: would?.name }).toEqual({ enforced: undefined, would: "try" });
  });
});

/** Texts that stand for an IPv4 address, by the rules of each RFC and with plain text: nothing of the code under test. */
const forms: Readonly<Record<string, (a: number, b: number, c: number, d: number) => string>> = {
  "IPv4-mapped, hexadecimal": (a, b, c, d) => `::ffff:${pair(a, b)}:${pair(c, d)}`,
  "IPv4-compatible": (a, b, c, d) => `::${pair(a, b)}:${pair(c, d)}`,
  "IPv4-translated": (a, b, c, d) => `::ffff:0:${pair(a, b)}:${pair(c, d)}`,
  NAT64: (a, b, c, d) => `64:ff9b::${pair(a, b)}:${pair(c, d)}`,
  "NAT64 for local use, /96": (a, b, c, d) => `64:ff9b:1:7:8:9:${pair(a, b)}:${pair(c, d)}`,
  "NAT64 for local use, /64": (a, b, c, d) => `64:ff9b:1:7:${pair(0, a)}:${pair(b, c)}:${pair(d, 0)}:0`,
  "NAT64 for local use, /56": (a, b, c, d) => `64:ff9b:1:${pair(7, a)}:${pair(0, b)}:${pair(c, d)}:0:0`,
  "NAT64 for local use, /48": (a, b, c, d) => `64:ff9b:1:${pair(a, b)}:${pair(0, c)}:${pair(d, 0)}:0:0`,
  "6to4": (a, b, c, d) => `2002:${pair(a, b)}:${pair(c, d)}:1::2`,
  Teredo: (a, b, c, d) => `2001:0:c000:201:8000:1234:${pair(255 - a, 255 - b)}:${pair(255 - c, 255 - d)}`,
  "ISATAP, of a private address": (a, b, c, d) => `2001:db8:1:2:0:5efe:${pair(a, b)}:${pair(c, d)}`,
  "ISATAP, of a public address": (a, b, c, d) => `2001:db8:1:2:200:5efe:${pair(a, b)}:${pair(c, d)}`,
};

const pair = (high: number, low: number): string => (high * 256 + low).toString(16);
const octet = fc.integer({ min: 0, max: 255 });

describe("nobody gets round a deny by another form of the address", () => {
  test.each(Object.entries(forms))("%s", (_, write) => {
    fc.assert(
      fc.property(octet, octet, octet, fc.integer({ min: 2, max: 255 }), fc.integer({ min: 1, max: 32 }), (a, b, c, d, length) => {
        const ip = `${a}.${b}.${c}.${d}`;
        const range = networkOf(ip, length);
        const text = canonical(write(a, b, c, d));
        expect(judge([actionOf({ name: "d", ...denied(range) })], { ip: text })).toBe("d");
      }),
    );
  });

  test.each(Object.entries(forms).filter(([form]) => form !== "IPv4-mapped, hexadecimal"))(
    "and nobody gets in by %s of an allowed one",
    (_, write) => {
      fc.assert(
        fc.property(octet, octet, octet, fc.integer({ min: 2, max: 255 }), fc.integer({ min: 1, max: 32 }), (a, b, c, d, length) => {
          const allowed = actionOf({
            name: "in",
            conditionConfig: { ipAddressRanges: [networkOf(`${a}.${b}.${c}.${d}`, length)] },
            allow: {},
          });
          const everybody6 = actionOf({ name: "d", ...denied("::/0") });
          expect(judge([allowed, everybody6], { ip: canonical(write(a, b, c, d)) })).toBe("d");
        }),
      );
    },
  );

  test("an address that stands for none is not taken for one", () => {
    const everybody4 = actionOf({ name: "d", ...denied("0.0.0.0/0") });
    for (const ip of ["2001:db8::1", "64:ff9b:2::1", "2003::1", "2001:1::1", "::1", "fe80::1"])
      expect(judge([everybody4], { ip })).toBe("none");
  });
});

function networkOf(ip: string, length: number): string {
  const reading = parsePrefix(`${ip}/${length}`);
  if (reading.kind === "prefix") return reading.prefix.text;
  if (reading.kind === "host-bits-set") return reading.suggestion;
  throw new Error(ip);
}

function canonical(text: string): string {
  const reading = parsePrefix(text);
  if (reading.kind !== "prefix") throw new Error(text);
  return reading.prefix.text.replace(/\/\d+$/, "");
}

describe("the index of networks", () => {
  const address4 = fc.tuple(fc.constantFrom(0, 10, 255), octet, fc.constantFrom(0, 1, 255), octet).map((parts) => parts.join("."));
  const address6 = fc
    .array(fc.constantFrom("0", "1", "8000", "ffff"), { minLength: 8, maxLength: 8 })
    .map((parts) => canonical(parts.join(":")));
  const network = fc.oneof(
    fc.tuple(address4, fc.integer({ min: 0, max: 32 })).map(([ip, length]) => networkOf(ip, length)),
    fc.tuple(address6, fc.integer({ min: 0, max: 128 })).map(([ip, length]) => networkOf(ip, ip.includes(":") ? length : length % 33)),
  );

  test("finds the owners that a look at each network finds", () => {
    fc.assert(
      fc.property(fc.array(network, { maxLength: 40 }), fc.oneof(address4, address6), (networks, ip) => {
        const owned = networks.map((text, owner) => ({ prefix: prefix(text), owner }));
        const index = AddressIndex.of(owned);
        const expected = networks.flatMap((text, owner) => (bigContains(text, ip) ? [owner] : []));
        expect(list(index, ip).toSorted((left, right) => left - right)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test("finds one of 100,000 networks", () => {
    const owned = Array.from({ length: 100_000 }, (_, at) => ({
      prefix: prefix(`10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`),
      owner: at,
    }));
    const index = AddressIndex.of(owned);
    expect(list(index, "10.1.134.159")).toEqual([99_999]);
    expect(list(index, "10.1.134.160")).toEqual([]);
  });
});

describe("actions that overlap", () => {
  const octets = fc.constantFrom("10", "11", "255");
  const address = fc.tuple(octets, octets, octets, octets).map((parts) => parts.join("."));
  const range = fc.tuple(address, fc.integer({ min: 0, max: 32 })).map(([ip, length]) => networkOf(ip, length));
  const effect = fc.constantFrom({ allow: {} }, { deny: {} }, { flag: { headers: [{ name: "X-F", value: "1" }] } });
  const kind = fc.record({
    ipAddressRanges: fc.array(range, { minLength: 1, maxLength: 6 }),
    effect,
    isObserved: fc.boolean(),
    matchUnverified: fc.boolean(),
    hasExpired: fc.boolean(),
  });

  test("are judged as by a look at each of them: allow before deny before flag, the first in the list among equals", () => {
    fc.assert(
      fc.property(fc.array(kind, { maxLength: 12 }), address, fc.constantFrom("verified", "unverified"), (kinds, ip, trust) => {
        const actions = kinds.map(({ ipAddressRanges, effect: effects, isObserved, matchUnverified, hasExpired }, at) =>
          actionOf({
            ...{ name: `a${at}`, conditionConfig: { ipAddressRanges }, ...effects, isObserved, matchUnverified },
            ...(hasExpired && { expireTime: "2020-01-01T00:00:00Z" }),
          }),
        );
        const holds = (at: number): boolean => {
          const one = kinds[at];
          if (one === undefined || one.hasExpired || one.isObserved) return false;
          const believes = trust === "verified" || one.matchUnverified || "flag" in one.effect;
          return believes && one.ipAddressRanges.some((network) => bigContains(network, ip));
        };
        const strongest = (["allow", "deny", "flag"] as const)
          .map((name) => kinds.findIndex((one, at) => name in one.effect && holds(at)))
          .find((at) => at !== -1);
        expect(judge(actions, { ip, trust: trust as "verified" })).toBe(strongest === undefined ? "none" : `a${strongest}`);
      }),
      { numRuns: 300, seed: 20261126 },
    );
  });
});

function prefix(text: string): Prefix {
  const reading = parsePrefix(text);
  if (reading.kind !== "prefix") throw new Error(text);
  return reading.prefix;
}

function list(index: AddressIndex, ip: string): readonly number[] {
  return index.ownersOf(prefix(ip).first);
}

/** Slow and obvious: the leading bits as text. */
function bigContains(network: string, ip: string): boolean {
  const [first = "", length] = network.split("/");
  if (first.includes(":") !== ip.includes(":")) return false;
  return bits(first).slice(0, Number(length)) === bits(ip).slice(0, Number(length));
}

function bits(ip: string): string {
  if (!ip.includes(":"))
    return ip
      .split(".")
      .map((part) => Number(part).toString(2).padStart(8, "0"))
      .join("");
  const [left = "", right] = ip.split("::");
  const groups = (text: string | undefined): string[] => (text ? text.split(":") : []);
  const gap = right === undefined ? 0 : 8 - groups(left).length - groups(right).length;
  return [...groups(left), ...new Array<string>(gap).fill("0"), ...groups(right)]
    .map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0"))
    .join("");
}
