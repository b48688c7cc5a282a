import type { PreambleIn } from "../description.ts";
import type { Include } from "../source.ts";
import { EVERYBODY, NOBODY } from "../trust.ts";
import { type Condition, conditionStart, readCondition } from "./conditions.ts";
import { linesNamed } from "./rules.ts";
import type { Section } from "./scope.ts";

/** What a section listens on: those of its addresses that expect a PROXY protocol header, or those that do not. */
export type Entrance = { readonly listens: string; readonly preambleIn?: PreambleIn };

/**
 * The entrances of a section.
 *
 * Source: HAProxy, configuration manual, 5.1 `accept-proxy` and 4.2 `tcp-request connection expect-proxy layer4`. Rules on connections are looked at before the PROXY protocol header is read, so those that turn
 * peers away say from whom it comes.
 */
export function entrancesOf(section: Section, { include }: { readonly include: Include }): readonly Entrance[] {
  const binds = linesNamed(section, "bind");
  const accepting = binds.filter(({ words }) => words.some(({ text }, index) => index > 0 && text === "accept-proxy"));
  const plain = binds.filter((bind) => !accepting.includes(bind));
  const expected = expectedIn(section, include);
  const [first] = accepting;
  const listens = (lines: typeof binds): string => lines.map(({ words }) => words[0]?.text ?? "").join(" ");
  return [
    ...(first === undefined
      ? []
      : [{ listens: listens(accepting), preambleIn: { from: admittedIn(section, include), place: first.place } }]),
    ...(plain.length === 0 && accepting.length > 0 ? [] : [{ listens: listens(plain), ...(expected && { preambleIn: expected }) }]),
  ];
}

/** From whom a PROXY protocol header is expected by rule. */
function expectedIn(section: Section, include: Include): PreambleIn | undefined {
  const rules = connectionRules(section, { actions: ["expect-proxy"], include });
  const [rule, ...others] = rules;
  if (rule === undefined) return undefined;
  return { from: others.length > 0 ? unclear(rules) : trustOf(rule.condition, true), place: rule.place };
}

/** Whose connections are not turned away. */
function admittedIn(section: Section, include: Include): PreambleIn["from"] {
  const rules = connectionRules(section, { actions: ["reject", "accept"], include });
  const [rule, ...others] = rules;
  if (rule === undefined) return EVERYBODY;
  // a rule that turns away some peers and lets in all others protects nothing
  return others.length > 0 || rule.action !== "reject" ? unclear(rules) : trustOf(rule.condition, false);
}

type ConnectionRule = { readonly action: string; readonly condition: Condition; readonly place: PreambleIn["place"] };

function connectionRules(
  section: Section,
  { actions, include }: { readonly actions: readonly string[]; readonly include: Include },
): readonly ConnectionRule[] {
  const acls = linesNamed(section, "acl");
  return linesNamed(section, "tcp-request")
    .filter(({ words: [level, action] }) => level?.text === "connection" && actions.includes(action?.text ?? ""))
    .map(({ words, place }) => ({
      action: words[1]?.text ?? "",
      condition: readCondition(words.slice(conditionStart(words)), { acls, include }),
      place,
    }));
}

function unclear(rules: readonly ConnectionRule[]): PreambleIn["from"] {
  return {
    kind: "unknown",
    why: rules.map(({ action, condition }) => `${action} ${condition.kind === "always" ? "" : condition.text}`.trim()).join("; "),
  };
}

/** Whom a condition lets through that has to hold, or must not. */
function trustOf(condition: Condition, holds: boolean): PreambleIn["from"] {
  switch (condition.kind) {
    case "always":
      return holds ? EVERYBODY : NOBODY;
    case "source":
      if (condition.isInside === holds) return { kind: "list", entries: condition.entries };
      return { kind: "unknown", why: condition.text };
    case "header":
    case "unknown":
      return { kind: "unknown", why: condition.text };
  }
}
