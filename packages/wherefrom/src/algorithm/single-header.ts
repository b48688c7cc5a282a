import { type Limits, totalLength } from "../header/limits.ts";
import { createHopReader } from "../header/reader.ts";
import { type Algorithm, refuseAtGate, rejectOpaque, rejectTooLong } from "./algorithm.ts";
import type { EntranceConfiguration } from "./configuration.ts";
import { rejected, SELECTED_VERIFIED } from "./selection.ts";
import { trustsPeer } from "./trust-list.ts";

/**
 * Takes the one address of a header that an edge overwrites (`CF-Connecting-IP`).
 *
 * Exactly one line with exactly one element: a second means that a client's own line stands beside the edge's. Behind a peer gate always, because any
 * client can send the header.
 *
 * Errors: none thrown.
 */
export function createSingleHeader(configuration: EntranceConfiguration & { kind: "single-header" }, limits: Limits): Algorithm {
  const { headerName, trustedPeers } = configuration;
  const lowerName = headerName.toLowerCase();
  const reader = createHopReader(headerName, "left");

  return {
    name: `SingleHeaderAlgorithm{IpHeaderName:${headerName}}`,
    admits: (peer) => trustsPeer(trustedPeers, peer),
    select(request, observer) {
      const refusal = refuseAtGate(trustedPeers, request.peer, observer);
      if (refusal !== undefined) {
        observer?.claim(headerName);
        return refusal;
      }
      const lines = request.evidence.lines(lowerName);
      reader.open(lines);
      observer?.header(headerName, reader);
      if (lines.length > 1) return rejected("header-repeated");
      if (totalLength(lines) > limits.maxHeaderLength) return rejectTooLong(reader);
      if (!reader.next()) return rejected("header-absent");
      const opaque = reader.read() ? undefined : rejectOpaque(reader);
      observer?.hop(opaque === undefined ? "untrusted" : "opaque");
      if (reader.next()) {
        observer?.hop("not-reached");
        return rejected("header-repeated");
      }
      if (opaque !== undefined) return opaque;
      observer?.lastHopIsClient();
      request.chosen = reader.hop;
      return SELECTED_VERIFIED;
    },
  };
}
