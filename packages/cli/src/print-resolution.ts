import type { Explanation, HopExplanation, PeerExplanation, Resolution } from "wherefrom";
import { printable } from "./output.ts";
import { printTable } from "./table.ts";

/** The resolution as a small table for people, without colour. Nothing in it can steer a terminal. */
export function printResolution(resolution: Resolution): string {
  const rows = [
    ["ip", resolution.ip ?? "none"],
    ...(resolution.port === undefined ? [] : [["port", String(resolution.port)]]),
    ["outcome", resolution.outcome],
    ["trust", resolution.trust],
    ["reason", resolution.reason ?? "-"],
    ["algorithm", resolution.algorithm],
    ["key", resolution.key ?? "none"],
  ];
  return printTable(rows);
}

/** The resolution, the peer and every hop from right to left, and the explanation in sentences. */
export function printExplanation(explanation: Explanation): string {
  const hops = [
    ["header", "position", "text", "address", "verdict", "because"],
    peerRow(explanation.peer),
    ...explanation.hops.map(hopRow),
  ];
  const unlisted = explanation.unlistedHops === 0 ? [] : [`${explanation.unlistedHops} more to the left`];
  const sentences = explanation.sentences.map(printable);
  return [printResolution(explanation), [printTable(hops), ...unlisted].join("\n"), sentences.join("\n")]
    .filter((part) => part !== "")
    .join("\n\n");
}

function peerRow(peer: PeerExplanation): string[] {
  return ["(peer)", "", peer.text ?? "unknown", peer.ip ?? "-", peer.verdict, peer.rule ?? ""];
}

function hopRow(hop: HopExplanation): string[] {
  const port = hop.port === undefined ? "" : ` port ${hop.port}`;
  const zone = hop.zone === undefined ? "" : ` zone ${hop.zone}`;
  return [hop.header, String(hop.position), hop.text, `${hop.ip ?? "-"}${port}${zone}`, hop.verdict, hop.rule ?? hop.why ?? ""];
}
