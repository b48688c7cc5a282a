import { type Limits, totalLength } from "../header/limits.ts";
import { createHopReader } from "../header/reader.ts";
import { type Algorithm, choosePeer, rejectOpaque, rejectTooLong } from "./algorithm.ts";
import type { EntranceConfiguration } from "./configuration.ts";
import { rejected, SELECTED_VERIFIED } from "./selection.ts";
import { trustRuleOf, trustRuleOfPeer, trustsAddress, trustsPeer } from "./trust-list.ts";

/**
 * Walks from the peer to the left over trusted proxies; the first that is not one is the client.
 *
 * A peer that is no trusted proxy is itself the client, and its header only a claim. When every hop is trusted, the leftmost is the client (an
 * internal caller). An opaque hop stops the walk: what stands left of it was added by nobody we know.
 *
 * Errors: none thrown.
 * Source: the walk of nginx `real_ip_recursive on`, with a rejection where nginx keeps the last good hop.
 */
export function createTrustedProxies(configuration: EntranceConfiguration & { kind: "trusted-proxies" }, limits: Limits): Algorithm {
  const { headerName, trustedProxies } = configuration;
  const lowerName = headerName.toLowerCase();
  const reader = createHopReader(headerName, "right");
  const { maxHops } = limits;

  return {
    name: `TrustedProxiesAlgorithm{IpHeaderName:${headerName}}`,
    admits: (peer) => trustsPeer(trustedProxies, peer),
    select(request, observer) {
      if (!trustsPeer(trustedProxies, request.peer)) {
        observer?.claim(headerName);
        return choosePeer(request, observer) ? SELECTED_VERIFIED : rejected("peer-unknown");
      }
      if (observer !== undefined) observer.peer("trusted", trustRuleOfPeer(trustedProxies, request.peer));
      const lines = request.evidence.lines(lowerName);
      reader.open(lines);
      observer?.header(headerName, reader);
      if (reader.isLengthLimited && totalLength(lines) > limits.maxHeaderLength) return rejectTooLong(reader);
      // Before the walk and not at each hop: whoever is chosen, the reader has read last.
      request.chosen = reader.hop;
      let examined = 0;
      while (reader.next()) {
        if (++examined > maxHops) {
          observer?.hop("not-reached");
          return rejected("too-many-hops");
        }
        if (!reader.read()) {
          observer?.hop("opaque");
          return rejectOpaque(reader);
        }
        if (!trustsAddress(trustedProxies, reader.hop.words)) {
          observer?.hop("client");
          return SELECTED_VERIFIED;
        }
        if (observer !== undefined) observer.hop("trusted", trustRuleOf(trustedProxies, reader.hop.words));
      }
      if (examined === 0) return rejected("header-absent");
      observer?.lastHopIsClient();
      return SELECTED_VERIFIED;
    },
  };
}
