import { isIP } from "node:net";
import type { LearnedPath } from "../path/learned-path.ts";
import type { ProbeRun } from "../probe/answer.ts";
import { learnSignature } from "./learn-signature.ts";
import { readSignatures } from "./read-signatures.ts";
import { matchSignature, type Signature, type SignatureMatch } from "./signature.ts";

/** A path's signature, and the products that it fits. */
export type LearnedSignature = { readonly signature: Signature; readonly matches: readonly SignatureMatch[] };

export type AskSignatureOptions = {
  readonly run: ProbeRun;
  readonly url: URL;
  readonly from?: string;
  readonly ca?: string;
  readonly timeoutMs: number;
};

/**
 * Learns the signature of a path that a probe went over, by requests that are malformed on purpose. `undefined` when the probe's HTTP requests were not seen: then there is nothing to hold the
 * answers against.
 */
export async function askSignature(
  { legs }: LearnedPath,
  { run, url, from, ca, timeoutMs }: AskSignatureOptions,
): Promise<LearnedSignature | undefined> {
  const leg = legs.find(({ transport }) => transport === "http");
  const address = run.addresses.find((candidate) => isIP(candidate) === leg?.family);
  if (leg === undefined || address === undefined) return undefined;
  const own = { ...(from !== undefined && { from }), ...(ca !== undefined && { ca }) };
  const signature = await learnSignature(leg, { url, address, family: leg.family, timeoutMs, ...own });
  return { signature, matches: matchSignature(signature, readSignatures()) };
}
