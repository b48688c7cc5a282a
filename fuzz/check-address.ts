import { type OracleAddress, type OracleHopAddress, readHopAddress, textOf } from "../packages/wherefrom/test/oracle/address.ts";
import { isInside, type OraclePrefix, readPrefix } from "../packages/wherefrom/test/oracle/prefix.ts";
import { type Check, faultsBesideOracle, faultsOfResolver } from "./check-resolver.ts";
import type { Library } from "./library.ts";

/** More entries than this are not made into a trust list. */
const MAX_ENTRIES = 12;

/** A client that no generated peer is taken for. */
const CLIENT = "198.18.0.99";

/** The input is the text of an address: by itself, and as a peer. */
export function checkAddress(library: Library): Check {
  const policy = { peerAddressAlgorithm: {} };
  const resolver = library.createResolver(library.parsePolicy(policy));
  return (text) => {
    const faults: string[] = [];
    const given = library.parseAddress(text)?.text;
    const expected = readBareAddress(text);
    if (given !== expected) faults.push(`parseAddress says ${given} where the oracle says ${expected}`);
    if (given !== undefined && library.parseAddress(given)?.text !== given) faults.push(`${given} is not canonical`);
    const evidence = { peer: text, headers: [] };
    return [...faults, ...faultsOfResolver({ library, resolver, evidence }), ...faultsBesideOracle({ resolver, policy, evidence })];
  };
}

/** An address with nothing beside it: what the oracle reads of a hop, without the forms that only a hop may have. */
function readBareAddress(text: string): string | undefined {
  const address: OracleHopAddress | undefined = /[[%]/.test(text) ? undefined : readHopAddress(text);
  return address === undefined || address.port !== undefined ? undefined : textOf(address);
}

/** The input is a trust list, one entry a line. Each is read as the oracle reads it, and the list trusts whom a scan of the list trusts. */
export function checkPrefixes(library: Library): Check {
  return (text) => {
    const entries = text.split("\n").slice(0, MAX_ENTRIES);
    const faults = entries.flatMap((entry) => faultsOfPrefix(library, entry));
    const prefixes = entries.map(readPrefix);
    return faults.length === 0 && prefixes.every(isPrefix) ? faultsOfTrust(library, { entries, prefixes }) : faults;
  };
}

function isPrefix(prefix: OraclePrefix | undefined): prefix is OraclePrefix {
  return prefix !== undefined;
}

function faultsOfPrefix(library: Library, entry: string): readonly string[] {
  const reading = library.parsePrefix(entry);
  const prefix = readPrefix(entry);
  const expected = prefix && `${textOf(prefix)}/${prefix.bits}`;
  const given = reading.kind === "prefix" ? reading.prefix.text : undefined;
  const canonical = reading.kind === "host-bits-set" ? reading.suggestion : given;
  const faults = given === expected ? [] : [`parsePrefix says ${given} where the oracle says ${expected}`];
  if (canonical === undefined) return faults;
  const again = library.parsePrefix(canonical);
  return again.kind === "prefix" && again.prefix.text === canonical ? faults : [...faults, `${canonical} does not read as itself`];
}

type Listed = { readonly entries: readonly string[]; readonly prefixes: readonly OraclePrefix[] };

/** Asks about the borders of every network, and about the addresses beside them. */
function faultsOfTrust(library: Library, { entries, prefixes }: Listed): readonly string[] {
  const ipHeaderName = "X-Chain";
  const policy = { trustedProxiesAlgorithm: { ipHeaderName, trustedProxies: entries, allowTrustEveryone: true } };
  const resolver = library.createResolver(library.parsePolicy(policy));
  return prefixes.flatMap(bordersOf).flatMap((peer) => {
    const address = readHopAddress(peer);
    if (address === undefined || peer === CLIENT) return [];
    const { ip, peer: seen } = resolver.explain(library.evidenceOfFields(peer, [[ipHeaderName, CLIENT]]));
    const rule = entries[prefixes.findIndex((prefix) => isInside(prefix, address))];
    if ((ip === CLIENT) !== (rule !== undefined)) return [`The peer ${peer} gives ${ip}; a scan of the list finds ${rule}`];
    return seen.rule === rule ? [] : [`The peer ${peer} is trusted by ${seen.rule}; a scan of the list finds ${rule}`];
  });
}

function bordersOf({ family, value, bits }: OraclePrefix): readonly string[] {
  const width = family === 4 ? 32 : 128;
  const size = 2n ** BigInt(width - bits);
  const values = [value - 1n, value, value + size / 2n, value + size - 1n, value + size];
  return values
    .filter((border) => border > 0n && border < 2n ** BigInt(width))
    .map((border) => textOf({ family, value: border } satisfies OracleAddress));
}
