import { type Limits, totalLength } from "../header/limits.ts";
import { createHopReader } from "../header/reader.ts";
import { createHopAddress, type HopAddress } from "../ip/read.ts";
import { isLocal } from "../ip/special.ts";
import { copyWords } from "../ip/words.ts";
import { type Algorithm, choosePeer } from "./algorithm.ts";
import type { Observer } from "./observer.ts";
import type { Request } from "./request.ts";
import { rejected, SELECTED_UNVERIFIED, type Selection } from "./selection.ts";

const HEADER_NAME = "X-Forwarded-For";

/**
 * Apigee's rule for an environment in which nothing is configured: the leftmost hop of `X-Forwarded-For` that is not local; if all are local, the last of
 * them; with no readable hop, the peer.
 *
 * Never verified: it picks a claim. That is why opaque hops are passed over here, and only here. A header past the limits says nothing: the peer it is.
 *
 * Errors: none thrown. Rejects (`peer-unknown`) only when there is neither a readable hop nor a peer.
 * Source: Apigee, "Analytics dimensions", `ax_resolved_client_ip`; the peer where Apigee says "(not set)" is ours.
 */
export function createDefault(limits: Limits): Algorithm {
  const reader = createHopReader(HEADER_NAME, "left");
  const lastLocal = createHopAddress();

  return {
    name: "default",
    admits: () => true,
    select(request, observer) {
      const lines = request.evidence.lines("x-forwarded-for");
      reader.open(lines);
      observer?.header(HEADER_NAME, reader);
      if (totalLength(lines) > limits.maxHeaderLength) return selectPeer(request, observer);
      let examined = 0;
      let isLocalFound = false;
      while (reader.next()) {
        if (++examined > limits.maxHops) {
          observer?.hop("not-reached");
          return selectPeer(request, observer);
        }
        if (!reader.read()) {
          observer?.hop("opaque");
          continue;
        }
        if (!isLocal(reader.hop.words)) {
          observer?.hop("client");
          request.chosen = reader.hop;
          return SELECTED_UNVERIFIED;
        }
        observer?.hop("untrusted");
        copyHop(reader.hop, lastLocal);
        isLocalFound = true;
      }
      if (!isLocalFound) return selectPeer(request, observer);
      observer?.lastHopIsClient();
      request.chosen = lastLocal;
      return SELECTED_UNVERIFIED;
    },
  };
}

function selectPeer(request: Request, observer: Observer | undefined): Selection {
  return choosePeer(request, observer) ? SELECTED_UNVERIFIED : rejected("peer-unknown");
}

function copyHop(from: HopAddress, into: HopAddress): void {
  copyWords(from.words, into.words);
  into.port = from.port;
}
