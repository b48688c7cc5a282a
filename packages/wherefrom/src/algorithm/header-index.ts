import { type Limits, totalLength } from "../header/limits.ts";
import { createHopReader } from "../header/reader.ts";
import { type Algorithm, refuseAtGate, rejectOpaque, rejectTooLong } from "./algorithm.ts";
import type { EntranceConfiguration } from "./configuration.ts";
import { rejected, SELECTED_UNVERIFIED, SELECTED_VERIFIED, type Selection } from "./selection.ts";
import { trustsPeer } from "./trust-list.ts";

/**
 * Selects the hop at a fixed place of a header.
 *
 * Unit:   the index counts hops, opaque ones included; 0 is leftmost, -1 is rightmost.
 * Trust:  verified only for an index from the right behind a peer gate. A client chooses what stands on the left.
 * Errors: none thrown. A missing or opaque hop is a rejection, never a neighbouring hop.
 * Source: Apigee, "Client IP resolution", `ipHeaderIndex`; the peer gate is ours.
 */
export function createHeaderIndex(configuration: EntranceConfiguration & { kind: "header-index" }, limits: Limits): Algorithm {
  const { headerName, index, trustedPeers: gate } = configuration;
  const lowerName = headerName.toLowerCase();
  const reader = createHopReader(headerName, index < 0 ? "right" : "left");
  const wanted = index < 0 ? -index : index + 1;
  const selected: Selection = gate !== undefined && index < 0 ? SELECTED_VERIFIED : SELECTED_UNVERIFIED;
  const passedBy = `ipHeaderIndex ${index}`;

  return {
    name: `HeaderIndexAlgorithm{IpHeaderName:${headerName}, IpHeaderIndex: ${index}}`,
    admits: (peer) => gate === undefined || trustsPeer(gate, peer),
    select(request, observer) {
      const refusal = gate === undefined ? undefined : refuseAtGate(gate, request.peer, observer);
      if (refusal !== undefined) {
        observer?.claim(headerName);
        return refusal;
      }
      const lines = request.evidence.lines(lowerName);
      reader.open(lines);
      observer?.header(headerName, reader);
      if (reader.isLengthLimited && totalLength(lines) > limits.maxHeaderLength) return rejectTooLong(reader);
      let examined = 0;
      while (reader.next()) {
        if (++examined > limits.maxHops) {
          observer?.hop("not-reached");
          return rejected("too-many-hops");
        }
        if (examined < wanted) {
          // Right of the index stand the proxies that the index vouches for; left of it, whatever a client wrote.
          if (reader.side === "right") observer?.hop("trusted", passedBy);
          else observer?.hop("untrusted");
          continue;
        }
        if (!reader.read()) {
          observer?.hop("opaque");
          return rejectOpaque(reader);
        }
        observer?.hop("client");
        request.chosen = reader.hop;
        return selected;
      }
      return rejected(examined === 0 ? "header-absent" : "index-out-of-range");
    },
  };
}
