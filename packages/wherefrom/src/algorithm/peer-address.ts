import { type Algorithm, choosePeer } from "./algorithm.ts";
import { rejected, SELECTED_VERIFIED } from "./selection.ts";

/** The peer is the client: for a service that clients reach directly, or behind PROXY protocol. Reads no header. */
export function createPeerAddress(): Algorithm {
  return {
    name: "PeerAddressAlgorithm{}",
    admits: () => true,
    select: (request, observer) => (choosePeer(request, observer) ? SELECTED_VERIFIED : rejected("peer-unknown")),
  };
}
