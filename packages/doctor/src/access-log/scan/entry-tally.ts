import { createResolver, parsePolicy, type Resolver } from "wherefrom";
import { isNothing } from "../read/decode.ts";
import type { HeldEvidence } from "../read/evidence-table.ts";
import type { LineReader } from "../read/line-reader.ts";
import { createAddressKey, readAddressKey } from "../tally/address-key.ts";
import { createAddressSorter } from "../tally/address-sort.ts";
import { AddressTable } from "../tally/address-table.ts";
import type { Resolved } from "../tally/figures.ts";
import { createLogEvidence } from "../tally/log-evidence.ts";
import type { LogTally } from "../tally/log-tally.ts";
import { outcomeCode } from "../tally/outcome-counter.ts";
import { createShown, showTraffic } from "../tally/traffic.ts";
import { EntryCounter } from "./entry-counter.ts";
import { PLAIN_ROWS, PlainEvidence } from "./plain-evidence.ts";
import { type PlainJudge, plainJudgeOf } from "./plain-judge.ts";
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
 * Nearly all evidence is nothing but bare addresses. It is read once, from its bytes, and each policy then only says which of them it takes. What is not like that is resolved by each policy.
 */
export function createEntryTally(
  { evidence: roles, escapeStyle }: LineReader,
  { plan, tally }: { readonly plan: ScanPlan; readonly tally: LogTally },
): EntryTally {
  const { subjects, chainHeader } = plan;
  const sorter = createAddressSorter();
  const addresses = new AddressTable({ capacity: MAX_ADDRESSES, sorter });
  const headers = roles.flatMap((role, at) => (role.kind === "header" || role.kind === "capture" ? [{ name: role.name, at }] : []));
  const names = headers.map(({ name }) => name);
  const evidence = createLogEvidence(roles, escapeStyle);
  const plain = new PlainEvidence(roles, { chainHeader, addresses });
  const judges = subjects.map((_, subject) => createJudge(plan, { addresses, subject }));
  const isRecorded = roles.some(({ kind }) => kind === "recorded");
  const verdicts = createVerdicts(subjects.length + 1);
  const note = createNote(verdicts, addresses);
  const shown = createShown(headers.length);
  const counter = new EntryCounter(tally, { addresses, sorter, headers: names });
  return {
    add(held, counts, at) {
      counter.makeRoom(PLAIN_ROWS + subjects.length + 1);
      const isPlain = plain.read(held);
      // where all judge by the bytes nobody needs text
      let isRead = !isPlain || isRecorded;
      if (isRead) evidence.read(held);
      for (let subject = 0; subject < judges.length; subject++) {
        const { judgePlain, resolver } = judges[subject] as Judge;
        if (isPlain && judgePlain?.(plain, verdicts) === true) continue;
        if (!isRead) evidence.read(held);
        isRead = true;
        note(subject, resolver.resolve(evidence));
      }
      if (isRecorded) note(subjects.length, evidence.recorded());
      if (!isPlain) showTraffic(evidence, { chainHeader, headers: names, into: shown });
      else {
        shown.hops = plain.hops;
        shown.hasUnknownPeer = plain.peer === NO_ROW;
        shown.hasMappedPeer = false;
        shown.hasPort = false;
        for (const [header, { at: value }] of headers.entries())
          shown.headers[header] = isNothing(held.source, held.starts[value] as number, held.ends[value] as number) ? 0 : 1;
      }
      counter.add({ verdicts, shown }, counts, at);
    },
    finish: () => counter.finish(),
  };
}

/** What says what a subject's policy makes of evidence. */
type Judge = { readonly resolver: Resolver; readonly judgePlain: PlainJudge | undefined };

function createJudge(
  { subjects, providers, chainHeader }: ScanPlan,
  { addresses, subject }: { readonly addresses: AddressTable; readonly subject: number },
): Judge {
  const policy = parsePolicy((subjects[subject] as Subject).policy, { providers });
  const resolver = createResolver(policy);
  // whom a policy trusts it asks for a header, and there is none
  const trusts = (peer: string | undefined): boolean => resolver.resolve({ peer, lines: () => [] }).reason === "header-absent";
  return { resolver, judgePlain: plainJudgeOf(policy, { chainHeader, addresses, subject, trusts }) };
}

/** Makes what writes down a resolution as the verdict of a subject. */
function createNote({ rows, codes }: Verdicts, addresses: AddressTable): (subject: number, resolved: Resolved | undefined) => void {
  const key = createAddressKey();
  return (subject, resolved) => {
    if (resolved === undefined) return;
    codes[subject] = outcomeCode(resolved);
    if (resolved.ip !== null) readAddressKey(resolved.ip, key);
    rows[subject] = resolved.ip === null ? NO_ROW : addresses.rowOf(key);
  };
}
