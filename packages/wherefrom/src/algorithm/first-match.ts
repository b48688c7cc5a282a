import type { Algorithm } from "./algorithm.ts";
import type { Peer } from "./request.ts";
import { rejected } from "./selection.ts";

/**
 * Several entrances to one service: the first algorithm whose peer gate admits the peer decides. What it then rejects is final: there is no fall to
 * a weaker source.
 *
 * Not a list of alternatives to try: at most one of them reads anything.
 */
export function createFirstMatch(entrances: readonly Algorithm[]): { choose(peer: Peer): Algorithm } {
  const named = entrances.map((entrance): Algorithm => ({ ...entrance, name: `FirstMatchAlgorithm{${entrance.name}}` }));
  return {
    choose(peer) {
      for (const entrance of named) {
        if (entrance.admits(peer)) return entrance;
      }
      return NO_ENTRANCE;
    },
  };
}

const NO_ENTRANCE: Algorithm = {
  name: "FirstMatchAlgorithm{}",
  admits: () => true,
  select(request, observer) {
    observer?.peer(request.peer.kind === "address" ? "untrusted" : "unknown");
    return rejected("no-entrance-matched");
  },
};
