import { type Advice, advise, type Catalogue, diagnose, parseFacts } from "@wherefrom/diagnosis";
import { CLIENT_FAULTS } from "./client-faults.ts";
import { LabError } from "./errors.ts";
import type { LabFault, LabFaultName, Looked } from "./fault.ts";
import type { Lab } from "./lab.ts";
import type { LabText } from "./lab-text.ts";
import { NETWORK_FAULTS } from "./network-faults.ts";
import type { Probed } from "./programs.ts";
import { PROXY_FAULTS } from "./proxy-faults.ts";

/** All faults that the lab can show. The first are the post-mortem's. */
export const LAB_FAULTS: readonly LabFault[] = [...NETWORK_FAULTS, ...CLIENT_FAULTS, ...PROXY_FAULTS];

/** One step of a fault, as it is told. */
export type LabStep =
  | { readonly step: "broken"; readonly fault: LabFaultName; readonly done: readonly LabText[] }
  | {
      readonly step: "seen";
      readonly fault: LabFaultName;
      readonly isAnswered: boolean;
      readonly peers: readonly string[];
      readonly client: string;
    }
  | { readonly step: "looked"; readonly fault: LabFaultName; readonly looked: readonly Looked[] }
  | {
      readonly step: "diagnosed";
      readonly fault: LabFaultName;
      readonly cause: string;
      /** Whether it is the cause that the lab made. */
      readonly isRight: boolean;
      readonly undecided: boolean;
      readonly score: number;
      readonly next: readonly { readonly id: string; readonly score: number }[];
      readonly warnings: Advice["warnings"];
    }
  | { readonly step: "mended"; readonly fault: LabFaultName; readonly done: readonly LabText[] }
  | {
      readonly step: "verified";
      readonly fault: LabFaultName;
      readonly isMended: boolean;
      readonly peers: readonly string[];
      readonly client: string;
      readonly policy: Probed["policy"];
    };

/** Causes behind the first that are told. */
const MAX_NEXT = 2;

/**
 * Makes a fault in the lab, finds it by the doctor's own means, mends it in the lab, and probes again. Each step is told when it is over; what `tell` gives is waited for.
 *
 * Returns whether the right cause came out and the client's address is right in the end. Errors: LAB_FAILED.
 */
export async function runFault(
  fault: LabFault,
  { lab, catalogue, tell }: { readonly lab: Lab; readonly catalogue: Catalogue; readonly tell: (step: LabStep) => Promise<void> },
): Promise<boolean> {
  const { name, client } = fault;
  const broken = await fault.break(lab);
  await tell({ step: "broken", fault: name, done: broken.done });
  const seen = await lab.probe(broken.ask.from, broken.ask.args);
  await tell({ step: "seen", fault: name, isAnswered: seen.isAnswered, peers: seen.peers, client });
  const looked = await broken.look(seen);
  await tell({ step: "looked", fault: name, looked });
  const diagnosed = diagnosedBy(fault, { seen, looked, catalogue });
  await tell(diagnosed);
  const { done, ask = broken.ask } = await broken.mend(seen);
  await tell({ step: "mended", fault: name, done });
  const { isWell, peers, policy, facts } = await lab.probe(ask.from, ask.args);
  // a peer that is the client is right by itself; behind a proxy, the policy that the probe has proven gives the client
  const isMended =
    isWell && (peers.every((peer) => peer === client) || policy !== undefined) && facts["probe.dialedAddress"] !== "unexpected";
  await tell({ step: "verified", fault: name, isMended, peers, client, policy });
  return diagnosed.isRight && isMended;
}

function diagnosedBy(
  { name, cause }: LabFault,
  { seen, looked, catalogue }: { readonly seen: Probed; readonly looked: readonly Looked[]; readonly catalogue: Catalogue },
): Extract<LabStep, { readonly step: "diagnosed" }> {
  const reading = parseFacts(
    { ...seen.facts, ...Object.fromEntries(looked.flatMap(({ known }) => (known === undefined ? [] : [[known.fact, known.value]]))) },
    catalogue,
  );
  if (reading.kind === "refused")
    throw new LabError("LAB_FAILED", `Facts of ${name}: ${reading.issues.map(({ message }) => message).join("; ")}`);
  const diagnosis = diagnose(catalogue, reading.facts);
  const [first, ...others] = diagnosis.causes;
  if (first === undefined) throw new LabError("LAB_FAILED", "The catalogue has no cause");
  return {
    step: "diagnosed",
    fault: name,
    cause: first.id,
    isRight: first.id === cause,
    undecided: diagnosis.undecided,
    score: first.score,
    next: others.slice(0, MAX_NEXT).map(({ id, score }) => ({ id, score })),
    warnings: advise(catalogue, { facts: reading.facts, diagnosis }).warnings,
  };
}
