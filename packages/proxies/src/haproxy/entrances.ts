import type { PreambleIn } from "../description.ts";
import type { Statement } from "../statement.ts";
import { toldTexts } from "../told-text.ts";
import { EVERYBODY, NOBODY } from "../trust.ts";
import type { Condition } from "./conditions.ts";
import type { ConnectionRule } from "./rules.ts";
import { linesNamed, type Section } from "./scope.ts";

/** What a section listens on: those of its addresses that expect a PROXY protocol header, or those that do not. */
export type Entrance = { readonly listens: string; readonly preambleIn?: PreambleIn };

/**
 * The entrances of a section.
 *
 * Source: HAProxy, configuration manual, 5.1 `accept-proxy` and 4.2 `tcp-request connection expect-proxy layer4`. Rules on connections are looked at before the PROXY protocol header is read, so those that turn
 * peers away say from whom it comes.
 */
export function entrancesOf(section: Section, rules: readonly ConnectionRule[]): readonly Entrance[] {
  const binds = linesNamed(section, "bind");
  const isAccepting = ({ words }: Statement): boolean => words.some(({ text }, index) => index > 0 && text === "accept-proxy");
  const accepting = binds.filter(isAccepting);
  const plain = binds.filter((bind) => !isAccepting(bind));
  const expected = expectedIn(rules);
  const [first] = accepting;
  const listens = (lines: typeof binds): string => toldTexts(lines.map(({ words }) => words[0]?.text ?? ""));
  return [
    ...(first === undefined ? [] : [{ listens: listens(accepting), preambleIn: { from: admittedIn(rules), place: first.place } }]),
    ...(plain.length === 0 && accepting.length > 0 ? [] : [{ listens: listens(plain), ...(expected && { preambleIn: expected }) }]),
  ];
}

/** From whom a PROXY protocol header is expected by rule. */
function expectedIn(all: readonly ConnectionRule[]): PreambleIn | undefined {
  const rules = all.filter(({ action }) => action === "expect-proxy");
  const [rule, ...others] = rules;
  if (rule === undefined) return undefined;
  return { from: others.length > 0 ? unclear(rules) : trustOf(rule.condition, true), place: rule.place };
}

/** Whose connections are not turned away. */
function admittedIn(all: readonly ConnectionRule[]): PreambleIn["from"] {
  const rules = all.filter(({ action }) => action !== "expect-proxy");
  const [rule, ...others] = rules;
  if (rule === undefined) return EVERYBODY;
  // a rule that turns away some peers and lets in all others protects nothing
  return others.length > 0 || rule.action !== "reject" ? unclear(rules) : trustOf(rule.condition, false);
}

function unclear(rules: readonly ConnectionRule[]): PreambleIn["from"] {
  return {
    kind: "unknown",
    why: toldTexts(
      rules.map(({ action, condition }) => `${action} ${condition.kind === "always" ? "" : condition.text}`.trim()),
      "; ",
    ),
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
