import { ADDRESS_HEADERS, XFF } from "../address-headers.ts";
import { CONFIG_LIMITS } from "../limits.ts";
import type { Include, Place } from "../source.ts";
import { type Notes, note, type Statement, type Word } from "../statement.ts";
import { toldText } from "../told-text.ts";
import { type Acls, aclsOf, type Condition, conditionStart, readCondition } from "./conditions.ts";
import { textOf } from "./parse.ts";
import { type Block, linesNamed, type Section } from "./scope.ts";

/** A rule of a section that has to do with the client address. Rules apply in their order, those of the frontend before those of the backend. */
export type Rule = { readonly condition: Condition; readonly place: Place } & (
  | { readonly kind: "set" | "add"; readonly header: string; readonly format: Word }
  | { readonly kind: "delete"; readonly headers: readonly string[] }
  /** Changed by a pattern, which is not looked into. */
  | { readonly kind: "replace"; readonly header: string; readonly text: string }
  /** The source becomes another address; where `isWhole`, also what the connection is known to come from (`fc_src`). */
  | { readonly kind: "source"; readonly expression: string; readonly isWhole: boolean }
  | { readonly kind: "variable"; readonly name: string; readonly expression: string }
  /** No rule of the stage behind it is looked at. */
  | { readonly kind: "stop" }
);

/** Actions after which a request goes on with its headers and its source as they were, or does not go on at all. */
const NEUTRAL: ReadonlySet<string> = new Set(
  "add-acl auth cache-use capture del-acl del-map deny disable-l7-retry do-resolve early-hint normalize-uri pause redirect reject replace-path replace-pathq replace-uri return send-spoe-group set-dst set-dst-port set-log-level set-map set-mark set-method set-nice set-path set-pathq set-priority-class set-priority-offset set-query set-retries set-src-port set-timeout set-tos set-uri silent-drop strict-mode tarpit use-service wait-for-body wait-for-handshake expect-proxy close switch-mode".split(
    " ",
  ),
);

export type RuleOptions = { readonly include: Include; readonly notes: Notes };

/** A rule that lets connections in or turns them away before a PROXY protocol header is read, or expects one. */
export type ConnectionRule = { readonly action: string; readonly condition: Condition; readonly place: Place };

/** The rules of a section. `stages` are by when they are looked at, whichever stands first; one that lets a request pass ends its own stage alone. */
export type Rules = { readonly connection: readonly ConnectionRule[]; readonly stages: readonly (readonly Rule[])[] };

/** Those of TCP by their second word, and behind them those of HTTP. */
const TCP_STAGES = ["connection", "session", "content"] as const;

/**
 * The rules of sections, those of their defaults first. Those of defaults are read once.
 *
 * Source: HAProxy, configuration manual 2.6, 4.2 "acl": what `defaults` define by it no other section sees; "tcp-request connection", "session", "content", whose `accept` stops the evaluation of their own kind.
 */
export function rulesIn(options: RuleOptions): (section: Section) => Rules {
  const known = new Map<Block, Rules>();
  const ownOf = (block: Block): Rules => {
    const rules = known.get(block) ?? ownRules(block, options);
    known.set(block, rules);
    return rules;
  };
  return (section) => {
    const { defaults } = section;
    const own = ownOf(section);
    if (defaults === undefined) return own;
    const before = ownOf(defaults);
    return {
      connection: [...before.connection, ...own.connection],
      stages: before.stages.map((stage, index) => [...stage, ...(own.stages[index] ?? [])]),
    };
  };
}

/** Reads the rules of one block. Actions that nobody here understands are noted. */
function ownRules(block: Block, { include, notes }: RuleOptions): Rules {
  const acls = aclsOf(linesNamed(block, "acl"), include);
  const lines = linesNamed(block, "tcp-request");
  const ofLevel = (level: string): readonly Statement[] => lines.filter(({ words }) => words[0]?.text === level);
  const connection = lines
    .filter(({ words: [level, action] }) => level?.text === "connection" && CONNECTION_ACTIONS.has(action?.text ?? ""))
    .slice(0, CONFIG_LIMITS.maxRules)
    .map(({ words, place }) => ({
      action: words[1]?.text ?? "",
      condition: readCondition(words.slice(conditionStart(words)), acls),
      place,
    }));
  const stages = [...TCP_STAGES.map(ofLevel), linesNamed(block, "http-request")];
  return { connection, stages: stages.map((stage) => readRules(stage, { acls, notes })) };
}

const CONNECTION_ACTIONS: ReadonlySet<string> = new Set(["expect-proxy", "reject", "accept"]);

function readRules(lines: readonly Statement[], { acls, notes }: { readonly acls: Acls; readonly notes: Notes }): readonly Rule[] {
  const rules: Rule[] = [];
  for (const { name, words, place } of lines) {
    const [action, ...rest] = name === "http-request" ? words : words.slice(1);
    if (action === undefined) continue;
    const at = conditionStart(rest);
    const read = readAction({ action: action.text, args: rest.slice(0, at), level: words[0]?.text ?? "" });
    if (read === "neutral") continue;
    const text = toldText(`${name} ${textOf(words)}`);
    if (read === undefined) note(notes, place, { code: "CONFIG_NOT_UNDERSTOOD", expected: "an action that is known here", given: text });
    if (rules.length === CONFIG_LIMITS.maxRules) {
      note(notes, place, { code: "CONFIG_LIMIT_REACHED", expected: `at most ${CONFIG_LIMITS.maxRules} rules of a section`, given: "more" });
      break;
    }
    rules.push({ condition: readCondition(rest.slice(at), acls), place, ...(read ?? { kind: "replace", header: XFF, text }) });
  }
  return rules;
}

/** `level`: which of its stages a rule of TCP is of. */
type Action = { readonly action: string; readonly args: readonly Word[]; readonly level: string };
type WithoutBase<T> = T extends unknown ? Omit<T, "condition" | "place"> : never;
type Read = WithoutBase<Rule> | "neutral" | undefined;

function readAction({ action, args, level }: Action): Read {
  const [first, second] = args;
  const header = first?.text.toLowerCase() ?? "";
  switch (action) {
    case "set-header":
    case "add-header":
      return second === undefined ? undefined : { kind: action === "set-header" ? "set" : "add", header, format: second };
    case "del-header":
      return deletionOf(args);
    case "replace-header":
    case "replace-value":
      return ADDRESS_HEADERS.includes(header) ? { kind: "replace", header, text: `${action} ${textOf(args)}` } : "neutral";
    case "set-src":
      return { kind: "source", expression: textOf(args), isWhole: level === "connection" };
    case "allow":
    case "accept":
      return { kind: "stop" };
  }
  const variable = /^set-var(-fmt)?\(([^(),]+)(?:,[^()]*)?\)$/.exec(action);
  if (variable !== null) return { kind: "variable", name: variable[2] ?? "", expression: variable[1] === undefined ? textOf(args) : "" };
  const unset = /^unset-var\(([^(),]+)\)$/.exec(action)?.[1];
  if (unset !== undefined) return { kind: "variable", name: unset, expression: "" };
  return NEUTRAL.has(action) || /^(?:track-sc\d*|sc-|set-map|add-acl|del-acl|del-map|do-resolve|set-[bf]c-)/.test(action)
    ? "neutral"
    : undefined;
}

/** `del-header NAME`, and `-m beg`, `-m end`, `-m sub` with a part of names. */
function deletionOf(args: readonly Word[]): Read {
  const name = args[0]?.text.toLowerCase() ?? "";
  const [flag, method] = args.slice(1).map(({ text }) => text);
  if (flag === undefined) return { kind: "delete", headers: [name] };
  const match = { str: equals, beg: startsWith, end: endsWith, sub: includes }[method ?? ""];
  if (flag !== "-m" || match === undefined) return undefined;
  const headers = ADDRESS_HEADERS.filter((header) => match(header, name));
  return headers.length === 0 ? "neutral" : { kind: "delete", headers };
}

const equals = (header: string, name: string): boolean => header === name;
const startsWith = (header: string, name: string): boolean => header.startsWith(name);
const endsWith = (header: string, name: string): boolean => header.endsWith(name);
const includes = (header: string, name: string): boolean => header.includes(name);
