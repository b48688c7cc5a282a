import type { Reader } from "../reading.ts";
import { type Place, placesIn } from "../source.ts";
import { countOther, countStatement, type Notes, note, type Word } from "../statement.ts";
import { toldTexts } from "../told-text.ts";
import { type Action, type Chain, type Match, type Rule, withinAsked } from "./rule.ts";
import { targetOf } from "./target.ts";
import { expectedFor } from "./unread.ts";
import { waysThrough } from "./ways.ts";

const HOOKS: Readonly<Record<string, Chain["hook"]>> = { PREROUTING: "prerouting", INPUT: "input", POSTROUTING: "postrouting" };

type Table = { readonly chains: Map<string, { readonly place: Place; readonly rules: Rule[] }>; readonly name: string };

/**
 * Reads what `iptables-save` and `ip6tables-save` print: what the table `nat` does to the source of connections. Not read: scripts of `iptables` commands, whose order only their run shows.
 */
export const readIptables: Reader = (source, { notes }) => {
  const siblings = new Map<string, Chain>();
  let table: Table | undefined;
  for (const words of linesOf(source)) {
    const [first, second] = words;
    if (first === undefined) continue;
    if (!countStatement(notes, first.place)) break;
    const { text, place } = first;
    if (text.startsWith("*")) table = { name: text.slice(1), chains: new Map() };
    else if (text === "COMMIT") {
      if (table?.name === "nat")
        for (const [name, { rules, place: at }] of table.chains) siblings.set(name, chainOf(name, { rules, place: at, siblings }));
      table = undefined;
    } else if (table !== undefined && table.name !== "nat") tellOther(words, { table: table.name, notes });
    else if (table !== undefined && text.startsWith(":")) table.chains.set(text.slice(1), { place, rules: [] });
    else {
      const rules = /^\[\d+:\d+\]$/.test(text) ? words.slice(1) : words;
      const chain = table?.chains.get((rules === words ? second : words[2])?.text ?? "");
      if (rules[0]?.text === "-A" && chain !== undefined) chain.rules.push(readRule(rules.slice(2), place));
      else
        note(notes, place, {
          code: "CONFIG_UNEXPECTED",
          expected: "a line as iptables-save writes it",
          given: words.map((word) => word.text).join(" "),
        });
    }
  }
  const top = { file: source.name, line: 1, column: 1 };
  if (table !== undefined)
    note(notes, top, { code: "CONFIG_NOT_CLOSED", expected: `COMMIT for *${table.name}`, given: "the end of the file" });
  return {
    passages: waysThrough({ product: "iptables", chains: [...siblings.values()], families: [undefined] }, { notes, top }),
    findings: [],
  };
};

/** Counts a line of another table, or notes it where it may change the source. */
function tellOther(words: readonly Word[], { table, notes }: { readonly table: string; readonly notes: Notes }): void {
  const [first] = words;
  const expected = expectedFor(words);
  if (first === undefined || expected === undefined) countOther(notes, table);
  else note(notes, first.place, { code: "CONFIG_NOT_UNDERSTOOD", expected, given: words.map(({ text }) => text).join(" ") });
}

function chainOf(name: string, { rules, place, siblings }: Pick<Chain, "rules" | "place" | "siblings">): Chain {
  const hook = HOOKS[name];
  return { name, place, rules, siblings, priority: 0, families: [4, 6], ...(hook && { hook }) };
}

/** The words of each line. Quotes keep blanks, and a backslash in them keeps a quote. */
function* linesOf(source: { readonly name: string; readonly text: string }): Generator<readonly Word[]> {
  const placeAt = placesIn(source);
  let words: Word[] = [];
  for (const { 0: whole, 1: quoted, index } of source.text.matchAll(/\n|"((?:[^"\\\n]|\\.)*)"?|[^\s"]+/g)) {
    if (whole === "\n") {
      if (words[0]?.text.startsWith("#") !== true) yield words;
      words = [];
    } else words.push({ text: quoted?.replaceAll(/\\(.)/g, "$1") ?? whole, place: placeAt(index), isQuoted: quoted !== undefined });
  }
  if (words[0]?.text.startsWith("#") !== true) yield words;
}

/** Options that ask for what is understood. */
const FIELDS: Readonly<Record<string, Match["kind"]>> = {
  "-s": "source",
  "--source": "source",
  "-d": "destination",
  "--destination": "destination",
  "-i": "in-interface",
  "-o": "out-interface",
  "-p": "protocol",
  "--dport": "port",
  "--dports": "port",
  "--ctstatus": "redirected",
};

/** Options that ask for nothing and decide nothing, and those that say more of the target. */
const ASIDE = ["-m", "--comment", "--to-source", "--to-destination", "--to-ports", "--to", "--random", "--random-fully", "--persistent"];

function readRule(words: readonly Word[], place: Place): Rule {
  const matches: Match[] = [];
  let jump: { readonly option: string; readonly target: string } | undefined;
  for (let at = 0; at < words.length; ) {
    const isNegated = words[at]?.text === "!" && words[at]?.isQuoted === false;
    const start = isNegated ? at + 1 : at;
    const option = words[start]?.text ?? "";
    let end = start + 1;
    while (end < words.length && (words[end]?.isQuoted === true || !/^(?:-|!$)/.test(words[end]?.text ?? ""))) end += 1;
    const written = words.slice(at, end);
    const values = words.slice(start + 1, end).flatMap(({ text }) => text.split(","));
    at = end;
    const isNew = option === "--ctstate" && values.includes("NEW") && !isNegated;
    if (option === "-j" || option === "-g") jump = { option, target: values[0] ?? "" };
    else if (!isNew && !ASIDE.includes(option)) matches.push(matchOf(option, { values, isNegated, text: textOf(written) }));
  }
  return withinAsked({ matches, action: jump === undefined ? { kind: "none" } : actionOf(words, jump), place });
}

function textOf(words: readonly Word[]): string {
  return toldTexts(words.map(({ text, isQuoted }) => (isQuoted ? JSON.stringify(text) : text)));
}

function matchOf(
  option: string,
  { values, isNegated, text }: Pick<Match, "isNegated" | "text"> & { readonly values: readonly string[] },
): Match {
  const kind = FIELDS[option];
  const isKnown = kind !== undefined && (kind !== "redirected" || values.join() === "DNAT");
  return isKnown ? { kind, values, isNegated, text } : { kind: "other", values: undefined, isNegated, text };
}

/** Targets that change no address and go on with the next rule. */
const GO_ON = ["LOG", "NFLOG", "MARK", "CONNMARK", "TRACE", "SET", "TOS", "DSCP", "CLASSIFY", "AUDIT"];

/** What a target does. One that is neither known nor the name of a chain is found to be unknown where it is met. */
function actionOf(words: readonly Word[], { option, target }: { readonly option: string; readonly target: string }): Action {
  const behind = (name: string): string => {
    const at = words.findIndex(({ text, isQuoted }) => text === name && !isQuoted);
    return at === -1 ? "" : (words[at + 1]?.text ?? "");
  };
  switch (target) {
    case "ACCEPT":
    case "DROP":
      return { kind: target === "ACCEPT" ? "accept" : "drop" };
    case "RETURN":
      return { kind: "return" };
    case "MASQUERADE":
      return { kind: "rewrite", source: { kind: "interface" } };
    case "SNAT":
      return { kind: "rewrite", source: { kind: "addresses", text: behind("--to-source") } };
    case "DNAT":
      return { kind: "redirect", target: targetOf(behind("--to-destination")) };
    case "REDIRECT":
      return { kind: "redirect", target: { ...targetOf(`:${behind("--to-ports")}`), isHere: true } };
    default:
      if (GO_ON.includes(target)) return { kind: "none" };
      return { kind: option === "-g" ? "goto" : "jump", chain: target };
  }
}
