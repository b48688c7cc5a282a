import type { Passage, ProxyPassage } from "./description.ts";
import { type Finding, findingAt } from "./finding.ts";
import { fixFor } from "./fixes.ts";
import { judgeClient } from "./judge-client.ts";
import { judgeForeignHeaders, judgeHeaders } from "./judge-headers.ts";
import { judgeNetwork } from "./judge-network.ts";

/** Judges the ways through a configuration, whichever product it is for. What several ways share is told once. */
export function judge(passages: readonly Passage[]): readonly Finding[] {
  const proxies = passages.filter((passage) => passage.kind === "proxy");
  const found = [
    ...passages.flatMap(judgePassage),
    ...judgeForeignHeaders(proxies),
    ...judgeNetwork(passages.filter((passage) => passage.kind === "network")),
  ];
  const byPlace = new Map(found.map((finding) => [JSON.stringify([finding.code, finding.place, finding.what]), finding]));
  return [...byPlace.values()];
}

function judgePassage(passage: Passage): readonly Finding[] {
  switch (passage.kind) {
    case "proxy":
      return [...judgeClient(passage), ...judgeHeaders(passage), ...judgeUpgrade(passage)];
    case "service":
      return judgeClient(passage);
    case "network":
      return [];
  }
}

function judgeUpgrade({ passesUpgrade, place, name, product }: ProxyPassage): readonly Finding[] {
  if (passesUpgrade !== false) return [];
  return [findingAt(place, { code: "FINDING_UPGRADE_STOPPED", severity: "note", what: name, ...fixFor("upgrade", product) })];
}
