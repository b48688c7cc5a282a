import type { ProxyPassage } from "../description.ts";
import { type Finding, findingAt } from "../finding.ts";
import { textsOf } from "../statement.ts";
import type { Scope } from "./scope.ts";

/** Tells of lines about the address that a place does not take over, because it has lines of the same directive of its own. */
export function judgeNotInherited({ headers }: ProxyPassage, { setHeaders, putAside }: Scope): readonly Finding[] {
  const said = new Set(headers.map(({ header }) => header));
  const lost = [...putAside].flatMap(([header, statements]) => (said.has(header) ? [] : statements));
  const [first] = setHeaders;
  if (first === undefined || lost.length === 0) return [];
  return [
    findingAt(first.place, {
      code: "FINDING_NOT_INHERITED",
      severity: "error",
      what: [...new Set(lost.map(({ words }) => words[0]?.text ?? ""))].join(", "),
      others: lost.map(({ place }) => place),
      fix: lost.map(({ name, words }) => `${name} ${textsOf(words).join(" ")};`).join("\n"),
    }),
  ];
}
