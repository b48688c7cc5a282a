import { createResolver, type Policy, PolicyError, parsePolicy } from "wherefrom";
import { ALL_PROVIDERS } from "wherefrom/providers";
import { z } from "zod";

/** Whether a peer is one of those that are trusted with something. `undefined` is a peer without an address. */
export type PeerGate = (peer: string | undefined) => boolean;

/** A list of peers in a gateway file: the entries of a policy's trust list (`10.0.0.0/8`, `provider:cloudflare`, `unix:`), judged as those are; a network of everybody is refused. */
export const peersSchema = z.array(z.unknown(), "Expected a list of peers").superRefine((entries, context) => {
  for (const { pointer, expected } of faultsOf(entries)) {
    const index = pointer.slice(POINTER.length + 1);
    context.addIssue({ code: "custom", path: index === "" ? [] : [Number(index)], message: `Expected ${expected}` });
  }
});

const HEADER = "X-Peer";
const POINTER = "/singleHeaderAlgorithm/trustedPeers";
const CLAIM: readonly string[] = ["192.0.2.1"];

/** Builds the gate for entries that `peersSchema` has found valid. The library decides, as for a policy: its header counts from these peers only. */
export function createPeerGate(entries: readonly unknown[]): PeerGate {
  const resolver = createResolver(policyOf(entries));
  return (peer) => resolver.resolve({ peer, lines: () => CLAIM }).outcome === "resolved";
}

function policyOf(entries: readonly unknown[]): Policy {
  const json = { singleHeaderAlgorithm: { ipHeaderName: HEADER, trustedPeers: entries }, fallback: "REJECT" };
  return parsePolicy(json, { providers: ALL_PROVIDERS });
}

function faultsOf(entries: readonly unknown[]): PolicyError["issues"] {
  try {
    policyOf(entries);
    return [];
  } catch (error) {
    if (error instanceof PolicyError) return error.issues;
    throw error;
  }
}
