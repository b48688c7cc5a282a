import type { FactValue } from "@wherefrom/diagnosis";
import type { LearnedPath } from "../path/learned-path.ts";
import type { PolicyProposal } from "../path/propose-policy.ts";
import type { LearnedSignature } from "../signature/ask-signature.ts";

/** Where the address that was dialed is written. */
export type DialedFrom = { readonly path: string; readonly line: number; readonly key: string };

/** All that a probe comes to. */
export type ProbeFinding = {
  readonly path: LearnedPath;
  readonly proposal: PolicyProposal;
  readonly facts: Readonly<Record<string, FactValue>>;
  readonly dialedFrom?: DialedFrom;
  /** What the path does with odd requests, when it was asked to. */
  readonly signature?: LearnedSignature;
};

/** Whether something is wrong with the path, as far as the probe can tell: no address to be had, one that is forged or could be by whoever comes past the proxy, or a service that resolves to somebody else. */
export function isFaulty({ proposal, facts }: ProbeFinding): boolean {
  if (proposal.kind === "none" || proposal.proposals.some(({ forged, trustsGateway }) => forged > 0 || trustsGateway)) return true;
  const resolved = facts["res.equals"];
  return facts["probe.nonceSeen"] === false || (resolved !== undefined && resolved !== "client");
}
