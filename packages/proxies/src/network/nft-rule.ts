import { countStatement, type Notes, type Statement, type Word } from "../statement.ts";
import { toldText, toldTexts } from "../told-text.ts";
import type { Elements, Named } from "./named.ts";
import { elementsIn } from "./nft-words.ts";
import { type Action, type Match, type Rule, withinAsked } from "./rule.ts";
import { mappedElements, mappedTarget, targetOf } from "./target.ts";
import { verdictCases } from "./verdict-map.ts";

/** Elements with their values. */
export function elementsOf(words: readonly (readonly Word[])[]): Elements {
  return { words, values: valuesOf(words) };
}

type MatchKind = Match["kind"];

/** What rules ask for in words, and what that is. The longest first. */
const FIELDS: readonly (readonly [words: readonly string[], kind: MatchKind, also?: readonly [MatchKind, string]])[] = [
  [["ip", "saddr"], "source", ["family", "4"]],
  [["ip6", "saddr"], "source", ["family", "6"]],
  [["ip", "daddr"], "destination", ["family", "4"]],
  [["ip6", "daddr"], "destination", ["family", "6"]],
  [["ip", "protocol"], "protocol", ["family", "4"]],
  [["ip6", "nexthdr"], "protocol", ["family", "6"]],
  [["meta", "l4proto"], "protocol"],
  [["meta", "nfproto"], "family"],
  [["tcp", "dport"], "port", ["protocol", "tcp"]],
  [["udp", "dport"], "port", ["protocol", "udp"]],
  [["th", "dport"], "port"],
  [["ct", "status"], "redirected"],
  [["meta", "iifname"], "in-interface"],
  [["meta", "iif"], "in-interface"],
  [["meta", "oifname"], "out-interface"],
  [["meta", "oif"], "out-interface"],
  [["iifname"], "in-interface"],
  [["iif"], "in-interface"],
  [["oifname"], "out-interface"],
  [["oif"], "out-interface"],
];

/** Statements that ask for nothing and decide nothing, and how many words belong to them. */
const ASIDE: Readonly<Record<string, number>> = { comment: 2, notrack: 1, nftrace: 1, continue: 1 };

const VERDICTS = ["accept", "drop", "return", "jump", "goto", "queue", "reject", "masquerade", "snat", "dnat", "redirect"];

type Read = { readonly matches: Match[]; action: Action };

/** Reads a rule. One that redirects by a map, or decides by one, gives a rule for each element. What is not understood is a condition that nobody can tell. */
export function readRule(
  { name, words, place }: Statement,
  { named, notes }: { readonly named: Named; readonly notes: Notes },
): readonly Rule[] {
  const all: readonly Word[] = [{ text: name, place, isQuoted: false }, ...words];
  const read: Read = { matches: [], action: { kind: "none" } };
  const vmap = all.findIndex(({ text, isQuoted }) => text === "vmap" && !isQuoted);
  let at = 0;
  while (at < all.length && !isKeyOf(all, { at, vmap })) at = vmap !== -1 && at > vmap ? all.length : readNext(all, { at, read, named });
  const elements = vmap === -1 ? redirections(all, { read, named }) : decisions(all, { at, vmap, read, named });
  if (elements === undefined) {
    // which verdict it is depends on the connection
    return [withinAsked({ ...read, ...(vmap !== -1 && { matches: [], action: { kind: "unknown", text: textOf(all) } }), place })];
  }
  const rules: Rule[] = [];
  // each element of a map is a rule of its own
  for (const { matches, action } of elements) {
    if (!countStatement(notes, place)) break;
    rules.push(withinAsked({ matches: [...read.matches, ...matches], action, place }));
  }
  return rules;
}

/** Whether a field stands at a place that a verdict map decides by. */
function isKeyOf(all: readonly Word[], { at, vmap }: { readonly at: number; readonly vmap: number }): boolean {
  const field = vmap === -1 ? undefined : fieldAt(all, at);
  return field !== undefined && at + field[0].length === vmap;
}

type Element = Pick<Rule, "matches" | "action">;

/** What each element of a verdict map comes to; `undefined` where the map is not understood. */
function decisions(
  all: readonly Word[],
  { at, vmap, named }: { readonly at: number; readonly vmap: number; readonly read: Read; readonly named: Named },
): readonly Element[] | undefined {
  const field = fieldAt(all, at);
  const first = all[vmap + 1];
  if (field === undefined || first === undefined) return undefined;
  const words = first.text.startsWith("@") ? named.get(first.text.slice(1))?.words : elementsIn(all.slice(vmap + 1));
  const cases = words === undefined ? undefined : verdictCases(words);
  const [fieldWords, kind, also] = field;
  const implied: readonly Match[] = also === undefined ? [] : [{ kind: also[0], values: [also[1]], isNegated: false, text: "" }];
  return cases?.map(({ key, verdict }) => ({
    matches:
      key === undefined
        ? []
        : [
            ...implied,
            {
              kind,
              values: valuesFor(kind, [key]),
              isNegated: false,
              text: `${fieldWords.join(" ")} ${textOf([{ ...first, text: key, isQuoted: /^\w+name$/.test(fieldWords.at(-1) ?? "") }])}`,
            },
          ],
    action: verdict[0]?.text === "continue" ? { kind: "none" } : actionOf(verdict),
  }));
}

/** Where each element of a map redirects to; `undefined` where a rule redirects by none. */
function redirections(
  all: readonly Word[],
  { read, named }: { readonly read: Read; readonly named: Named },
): readonly Element[] | undefined {
  const elements = read.action.kind === "redirect" ? mappedElements(all, named) : undefined;
  return elements?.words.flatMap((element): Element[] => {
    const mapped = mappedTarget(element, elements.protocol);
    return mapped === undefined ? [] : [{ matches: [mapped.match], action: { kind: "redirect", target: mapped.target } }];
  });
}

type Reading = { readonly at: number; readonly read: Read; readonly named: Named };

function readNext(all: readonly Word[], { at, read, named }: Reading): number {
  const word = all[at];
  if (word === undefined) return all.length;
  if (VERDICTS.includes(word.text) && !word.isQuoted) {
    read.action = actionOf(all.slice(at));
    return all.length;
  }
  const aside = asideEnd(all, at);
  if (aside !== undefined) return aside;
  const field = fieldAt(all, at);
  if (field !== undefined) {
    const [fieldWords, kind, also] = field;
    const value = valueAt(all, { at: at + fieldWords.length, named });
    const text = textOf(all.slice(at, value.end));
    if (also !== undefined) read.matches.push({ kind: also[0], values: [also[1]], isNegated: false, text: "" });
    read.matches.push({ kind, values: valuesFor(kind, value.values), isNegated: value.isNegated, text });
    return value.end;
  }
  const end = otherEnd(all, at);
  read.matches.push({ kind: "other", values: undefined, isNegated: false, text: textOf(all.slice(at, end)) });
  return end;
}

/** Protocol families and states by what they say of a connection that begins. */
function valuesFor(kind: MatchKind, values: readonly string[] | undefined): readonly string[] | undefined {
  if (values === undefined) return undefined;
  if (kind === "family") return values.map((value) => ({ ipv4: "4", ipv6: "6" })[value] ?? value);
  if (kind === "redirected") return values.includes("dnat") && values.length === 1 ? values : undefined;
  return values;
}

function fieldAt(all: readonly Word[], at: number): (typeof FIELDS)[number] | undefined {
  return FIELDS.find(([words]) => words.every((text, index) => all[at + index]?.text === text && all[at + index]?.isQuoted === false));
}

/** Where a statement ends that neither asks nor decides. */
function asideEnd(all: readonly Word[], at: number): number | undefined {
  const [text, next] = [all[at]?.text ?? "", all[at + 1]?.text];
  if (ASIDE[text] !== undefined) return at + ASIDE[text];
  if (text === "counter") return next === "packets" ? at + 5 : next === "name" ? at + 3 : at + 1;
  if (text === "log") return logEnd(all, at + 1);
  if ((text === "meta" || text === "ct") && all[at + 2]?.text === "set") return otherEnd(all, at);
  // each connection in a NAT chain is a new one
  if (text === "ct" && next === "state") {
    const { values, end, isNegated } = valueAt(all, { at: at + 2, named: new Map() });
    return values?.includes("new") === true && !isNegated ? end : undefined;
  }
  return undefined;
}

function logEnd(all: readonly Word[], start: number): number {
  let at = start;
  while (["prefix", "level", "group", "snaplen", "queue-threshold", "flags"].includes(all[at]?.text ?? "") && all[at]?.isQuoted === false)
    at += 2;
  return at;
}

/** Where something ends that is not understood: before what is. `ct reply ip saddr …` is all of it. */
function otherEnd(all: readonly Word[], start: number): number {
  const isForeign = ["ct", "rt", "socket", "osf", "numgen", "jhash", "symhash", "fib", "update", "add", "delete"].includes(
    all[start]?.text ?? "",
  );
  let at = start + 1;
  if (isForeign && ["original", "reply"].includes(all[at]?.text ?? "") && fieldAt(all, at + 1) !== undefined) at += 4;
  if (isForeign && !["ct", "rt", "socket", "fib"].includes(all[start]?.text ?? "")) return closingEnd(all, at);
  while (at < all.length) {
    const text = all[at]?.text ?? "";
    if (all[at]?.isQuoted === false && (VERDICTS.includes(text) || ["counter", "log", "comment"].includes(text))) break;
    if (all[at]?.isQuoted === false && fieldAt(all, at) !== undefined) break;
    at += 1;
  }
  return at;
}

/** Where something ends that has fields in it that are no question: before the verdict. */
function closingEnd(all: readonly Word[], start: number): number {
  return behind(all, { start, isEnd: ({ text, isQuoted }) => !isQuoted && VERDICTS.includes(text) });
}

/** Where the first such word stands; the number of words when there is none. */
function behind(all: readonly Word[], { start, isEnd }: { readonly start: number; readonly isEnd: (word: Word) => boolean }): number {
  let at = start;
  for (let word = all[at]; word !== undefined && !isEnd(word); word = all[at]) at += 1;
  return at;
}

type Value = { readonly values: readonly string[] | undefined; readonly isNegated: boolean; readonly end: number };

/** The values that a field is compared with. */
function valueAt(all: readonly Word[], { at, named }: { readonly at: number; readonly named: Named }): Value {
  const sign = all[at]?.text;
  const isNegated = sign === "!=";
  const start = isNegated || sign === "==" ? at + 1 : at;
  const first = all[start];
  if (first === undefined) return { values: undefined, isNegated, end: start };
  if (first.text === "{" && !first.isQuoted) {
    const end = behind(all, { start: start + 1, isEnd: ({ text, isQuoted }) => text === "}" && !isQuoted }) + 1;
    return { values: valuesOf(elementsIn(all.slice(start, end))), isNegated, end };
  }
  if (first.text.startsWith("@")) return { values: named.get(first.text.slice(1))?.values, isNegated, end: start + 1 };
  let end = start + 1;
  while (all[end]?.text === "," && all[end + 1] !== undefined) end += 2;
  // `saddr & mask == …`, `saddr . dport …`, `< 1024`
  const isComputed = ["&", "|", "^", ".", "<", ">", "<=", ">=", "and", "or", "xor", "map"].some(
    (text) => text === first.text || all[end]?.text === text,
  );
  return isComputed
    ? { values: undefined, isNegated, end: otherEnd(all, start) }
    : { values: valuesOf(elementsIn(all.slice(start, end))), isNegated, end };
}

/** Elements of one word each. None at all is a set that is filled while it runs. */
function valuesOf(elements: readonly (readonly Word[])[] | undefined): readonly string[] | undefined {
  if (elements === undefined || elements.length === 0) return undefined;
  const isPlain = elements.every((element) => element.length === 1 || ["comment", "counter"].includes(element[1]?.text ?? ""));
  return isPlain ? elements.map((element) => element[0]?.text ?? "") : undefined;
}

function actionOf(words: readonly Word[]): Action {
  const name = words[0]?.text ?? "";
  switch (name) {
    case "accept":
    case "drop":
      return { kind: name };
    case "reject":
      return { kind: "drop" };
    case "return":
      return { kind: "return" };
    case "jump":
    case "goto":
      return words[1]?.text === "{" ? { kind: "unknown", text: textOf(words) } : { kind: name, chain: words[1]?.text ?? "" };
    case "masquerade":
      return { kind: "rewrite", source: { kind: "interface" } };
    case "snat":
      return { kind: "rewrite", source: { kind: "addresses", text: whereTo(words) } };
    case "dnat":
      return { kind: "redirect", target: targetOf(whereTo(words)) };
    case "redirect":
      return { kind: "redirect", target: { ...targetOf(whereTo(words)), isHere: true } };
    default:
      return { kind: "unknown", text: textOf(words) };
  }
}

/** What stands behind `to`. */
function whereTo(words: readonly Word[]): string {
  const to = words.findIndex(({ text }) => text === "to");
  if (to === -1) return words[0]?.text ?? "";
  const rest = words.slice(to + 1);
  const end = rest.findIndex(({ text, isQuoted }) => !isQuoted && /^(?:random|persistent|fully-random|comment)$/.test(text));
  return textOf(end === -1 ? rest : rest.slice(0, end));
}

function textOf(words: readonly Word[]): string {
  return toldText(toldTexts(words.map(({ text, isQuoted }) => (isQuoted ? `"${text}"` : text))).replaceAll(" ,", ","));
}
