import type { Algorithm } from "./algorithm.ts";
import { rejected, SELECTED_VERIFIED } from "./selection.ts";

/** The peer is the client: for a service that clients reach directly, or behind PROXY protocol. Reads no header. */
export function createPeerAddress(): Algorithm {
  return {
    name: "PeerAddressAlgorithm{}",
    admits: () => true,
    select(request, observer) {
      if (request.peer.kind !== "address") {
        observer?.peer("unknown");
        return rejected("peer-unknown");
      }
      observer?.peer("client");
      request.chosen = request.peer.address;
      return SELECTED_VERIFIED;
    },
  };
}
