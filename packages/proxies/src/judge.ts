import type { Passage, ProxyPassage } from "./description.ts";
import { type Finding, findingAt, waysText } from "./finding.ts";
import type { FindingCode } from "./finding-code.ts";
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
  return toldOnce(found);
}

/** Findings that say of a way what it does not do: their `what` is its name. */
const ABOUT_WAYS: ReadonlySet<FindingCode> = new Set<FindingCode>(["FINDING_CLIENT_LOST", "FINDING_UPGRADE_STOPPED"]);

/** Each once, and ways of which one line says the same together. */
function toldOnce(found: readonly Finding[]): readonly Finding[] {
  const groups = new Map<string, { readonly finding: Finding; readonly whats: Set<string> }>();
  for (const finding of found) {
    const { code, place, what } = finding;
    const key = JSON.stringify([code, place, ABOUT_WAYS.has(code) ? "" : what]);
    const group = groups.get(key) ?? { finding, whats: new Set() };
    groups.set(key, group);
    group.whats.add(what);
  }
  return [...groups.values()].map(({ finding, whats }) => ({ ...finding, what: waysText([...whats]) }));
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
