import { createResolver, parsePolicy } from "wherefrom";
import { isNothing } from "../read/decode.ts";
import type { HeldEvidence } from "../read/evidence-table.ts";
import type { LineReader } from "../read/line-reader.ts";
import { createAddressKey, readAddressKey } from "../tally/address-key.ts";
import { createAddressSorter } from "../tally/address-sort.ts";
import { AddressTable } from "../tally/address-table.ts";
import type { Resolved } from "../tally/figures.ts";
import { createLogEvidence, type LogEvidence } from "../tally/log-evidence.ts";
import type { LogTally } from "../tally/log-tally.ts";
import { outcomeCode } from "../tally/outcome-counter.ts";
import { createShown, showTraffic } from "../tally/traffic.ts";
import { createAlternatives } from "./alternatives.ts";
import { EntryCounter } from "./entry-counter.ts";
import { PLAIN_ROWS, PlainEvidence } from "./plain-evidence.ts";
import type { ScanPlan, Subject } from "./scan-plan.ts";
import { createVerdicts, NO_ROW, type Verdicts } from "./verdicts.ts";

/** Resolves evidence by every policy, and adds its lines to the figures of each. */
export type EntryTally = {
  /** Takes one evidence, and where in `counts` stands how many lines of each cell have it. */
  add(held: HeldEvidence, counts: Int32Array, at: number): void;
  /** Adds what was counted to the tally. */
  finish(): void;
};

/** Addresses that are counted before they are added to the figures. */
const MAX_ADDRESSES = 65_536;

/**
 * Nearly all evidence is nothing but bare addresses. It is read once, from its bytes, and judged by all alternatives at one time; only a policy of one's own is asked of a resolver. Any other evidence is
 * resolved by each policy.
 */
export function createEntryTally(
  { evidence: roles, escapeStyle }: LineReader,
  { plan, tally }: { readonly plan: ScanPlan; readonly tally: LogTally },
): EntryTally {
  const { subjects, chainHeader } = plan;
  const trusts = createTrust(plan);
  const sorter = createAddressSorter();
  const addresses = new AddressTable({ capacity: MAX_ADDRESSES, sorter, trusts });
  const headers = roles.flatMap((role, at) => (role.kind === "header" || role.kind === "capture" ? [{ name: role.name, at }] : []));
  const names = headers.map(({ name }) => name);
  const evidence = createLogEvidence(roles, escapeStyle);
  const plain = new PlainEvidence(roles, { chainHeader, addresses });
  const judgePlain = createAlternatives({ ways: subjects.map(({ way }) => way), addresses, trustsUnknownPeer: trusts(undefined) });
  const own = createJudge(plan, { addresses, picks: ({ way }) => way.kind === "resolver" });
  const all = createJudge(plan, { addresses, picks: () => true });
  const isRead = subjects.some(({ way }) => way.kind === "resolver") || roles.some(({ kind }) => kind === "recorded");
  const verdicts = createVerdicts(subjects.length + 1);
  const shown = createShown(headers.length);
  const counter = new EntryCounter(tally, { addresses, sorter, headers: names });
  return {
    add(held, counts, at) {
      counter.makeRoom(PLAIN_ROWS + subjects.length + 1);
      const isPlain = plain.read(held);
      if (isRead || !isPlain) evidence.read(held);
      if (isPlain) {
        judgePlain(plain, verdicts);
        if (isRead) own(evidence, verdicts);
        shown.hops = plain.hops;
        shown.hasUnknownPeer = plain.peer === NO_ROW;
        shown.hasMappedPeer = false;
        shown.hasPort = false;
        for (const [header, { at: value }] of headers.entries())
          shown.headers[header] = isNothing(held.source, held.starts[value] as number, held.ends[value] as number) ? 0 : 1;
      } else {
        all(evidence, verdicts);
        showTraffic(evidence, { chainHeader, headers: names, into: shown });
      }
      counter.add({ verdicts, shown }, counts, at);
    },
    finish: () => counter.finish(),
  };
}

/** Whether the walk over trusted proxies trusts a peer. */
function createTrust({ trusted, chainHeader, providers }: ScanPlan): (peer: string | undefined) => boolean {
  const policy = { trustedProxiesAlgorithm: { ipHeaderName: chainHeader, trustedProxies: trusted }, fallback: "REJECT" };
  const resolver = createResolver(parsePolicy(policy, { providers }));
  // one that it does not trust is the client, or nobody
  return (peer) => resolver.resolve({ peer, lines: () => [] }).reason === "header-absent";
}

type JudgeOptions = { readonly addresses: AddressTable; readonly picks: (subject: Subject) => boolean };

/** Makes what asks the resolvers of some subjects, and the log itself, whose answer stands behind those of all subjects. */
function createJudge(
  { subjects, providers }: ScanPlan,
  { addresses, picks }: JudgeOptions,
): (evidence: LogEvidence, into: Verdicts) => void {
  const asked = subjects.flatMap((subject, at) =>
    picks(subject) ? [{ at, resolver: createResolver(parsePolicy(subject.policy, { providers })) }] : [],
  );
  const key = createAddressKey();
  const note = (resolved: Resolved, { rows, codes }: Verdicts, at: number): void => {
    codes[at] = outcomeCode(resolved);
    if (resolved.ip !== null) readAddressKey(resolved.ip, key);
    rows[at] = resolved.ip === null ? NO_ROW : addresses.rowOf(key);
  };
  return (evidence, into) => {
    for (const { at, resolver } of asked) note(resolver.resolve(evidence), into, at);
    const recorded = evidence.recorded();
    if (recorded !== undefined) note(recorded, into, subjects.length);
  };
}
