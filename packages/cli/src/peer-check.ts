import { createResolver, parsePolicy } from "wherefrom";

const peerResolver = createResolver(parsePolicy({ peerAddressAlgorithm: {}, fallback: "REJECT" }));
const noLines = (): readonly string[] => [];

/** Whether a text is an address in any form that a peer may have: with a port, in brackets, with a zone, IPv4-mapped. */
export function isPeerAddress(text: string): boolean {
  return peerResolver.resolve({ peer: text, lines: noLines }).ip !== null;
}
