import { canonical } from "../path/canonical.ts";
import { clientPlaceIn, type LearnedPath } from "../path/learned-path.ts";
import type { Leg } from "../path/leg.ts";
import type { DialedFrom } from "../probe/probe-finding.ts";
import type { Block, Line, Piece } from "./document.ts";
import type { Phrase } from "./phrase.ts";

/** Above this ratio of the two round trips somebody ends the connection; below `ROUTED` nobody does. */
const ENDED = 5;
const ROUTED = 2;

/** Draws the path of a leg, hop by hop, from the client to the service. */
export function drawPath(
  leg: Leg,
  { path, dialedFrom, say }: { readonly path: LearnedPath; readonly dialedFrom?: DialedFrom; readonly say: Phrase },
): Block {
  const client = path.clients[leg.family];
  const { peer, local } = leg.plain;
  const from: Line =
    dialedFrom === undefined ? [] : [" (", { kind: "given", text: `${dialedFrom.path}:${dialedFrom.line} ${dialedFrom.key}` }, ")"];
  const dialed: Line = path.dialed.flatMap((end, index): Line => [...(index === 0 ? [] : [", "]), ...addressPiece(end)]);
  return {
    kind: "listing",
    lines: [
      say(client === undefined ? "pathClientUnknown" : "pathClient", { address: addressPiece(client ?? "") }),
      ["  |  ", ...say("pathDialed", { address: dialed }), ...from],
      ...hopsOf(leg, { path, say }).flatMap((hop): Line[] => [hop, ["  |"]]),
      say("pathService", { address: addressPiece(endOf(local)), peer: addressPiece(endOf(peer)) }),
    ],
  };
}

function endOf({ address, port }: { address: string; port: number }): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** An address, or one with a port: then the port stays beside the stand-in. */
function addressPiece(text: string): Line {
  const match = /^\[?([^\]]+?)\]?(:[0-9]{1,5})?$/.exec(text);
  const isAddressAndPort = match?.[2] !== undefined && (text.startsWith("[") || !match[1]?.includes(":"));
  if (match?.[1] === undefined || !isAddressAndPort) return [{ kind: "address", text }];
  const piece: Piece = { kind: "address", text: match[1] };
  return [piece, match[2] ?? ""];
}

function hopsOf(leg: Leg, { path, say }: { path: LearnedPath; say: Phrase }): readonly Line[] {
  const peer = addressPiece(canonical(leg.plain.peer.address));
  const { chain } = leg;
  switch (chain?.fate) {
    case "kept-left":
      return chain.added.map((address, index) => {
        const own = chain.added[index + 1];
        return say("pathAppends", {
          hop: own === undefined ? peer : addressPiece(canonical(own)),
          address: addressPiece(canonical(address)),
        });
      });
    case "overwritten":
      return [
        say("pathOverwrites", { hop: peer, address: chain.added.flatMap((address): Line => [...addressPiece(canonical(address)), " "]) }),
      ];
    case "only-canary":
    case "stripped":
    case undefined:
      return clientPlaceIn(leg, path.clients)?.kind === "peer" ? [say("pathNothing")] : [silentHop(leg, { peer, say })];
  }
}

/** A hop that writes nothing: a proxy that ends connections, a router that rewrites the source, or one of the two. A first packet that has lost hops was routed, whatever else is known. */
function silentHop(leg: Leg, { peer, say }: { peer: Line; say: Phrase }): Line {
  const { roundTrip, hopsLost } = leg;
  const ratio =
    roundTrip === undefined || roundTrip.applicationMs < ENDED || roundTrip.tcpMs === 0
      ? undefined
      : roundTrip.applicationMs / roundTrip.tcpMs;
  if (ratio !== undefined && ratio > ENDED) return say("pathSilentProxy", { hop: peer });
  if ((ratio !== undefined && ratio < ROUTED) || leg.isPortKept === true || (hopsLost !== undefined && hopsLost > 0))
    return say("pathRewrites", { hop: peer });
  return say("pathSilent", { hop: peer });
}
