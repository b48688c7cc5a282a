import { expandIncludes } from "../expand-includes.ts";
import type { Reader } from "../reading.ts";
import { countExpanded, countOther, type Notes, note, type Statement, textsOf, type Word } from "../statement.ts";
import type { Elements, Named } from "./named.ts";
import { elementsOf, readRule } from "./nft-rule.ts";
import { elementsIn, parseNft } from "./nft-words.ts";
import type { Chain } from "./rule.ts";
import { expectedFor } from "./unread.ts";
import { waysThrough } from "./ways.ts";

const FAMILIES: Readonly<Record<string, readonly (4 | 6)[]>> = { ip: [4], ip6: [6], inet: [4, 6] };

/**
 * Reads what `nft list ruleset` prints, and files for `nft -f`: what chains of type `nat` do to the source of connections. Not read: commands that add one rule (`add rule …`), and everything that
 * only lets through or stops.
 */
export const readNft: Reader = (source, { include, notes }) => {
  const statements = expandIncludes(parseNft(source, notes), {
    directives: { include: { isOptional: false } },
    parse: parseNft,
    include,
    notes,
  });
  const defined = new Map<string, readonly Word[]>();
  const chains: Chain[] = [];
  for (const statement of statements) {
    const { name, words, place } = statement;
    if (name === "define" || name === "redefine") define(statement, { defined, notes });
    else if (name === "undefine") defined.delete(words[0]?.text ?? "");
    else if (name === "table" && statement.block !== undefined)
      for (const chain of chainsOf({ ...statement, block: statement.block }, { defined, notes })) chains.push(chain);
    else if (["flush", "destroy", "delete", "table"].includes(name)) countOther(notes, name);
    else
      note(notes, place, {
        code: "CONFIG_UNEXPECTED",
        expected: "table … { … }, as nft list ruleset writes it",
        given: [name, words[0]?.text].join(" "),
      });
  }
  const top = { file: source.name, line: 1, column: 1 };
  return { passages: waysThrough({ product: "nftables", chains, families: [4, 6] }, { notes, top }), findings: [] };
};

type Defined = ReadonlyMap<string, readonly Word[]>;

/** Words that a name may stand for. Names that stand for names grow fast. */
const MAX_DEFINED_WORDS = 1_000;

function define({ words }: Statement, { defined, notes }: { readonly defined: Map<string, readonly Word[]>; readonly notes: Notes }): void {
  const [name, , ...value] = words;
  const written = withDefined(value, { defined, notes });
  if (name !== undefined && written.length <= MAX_DEFINED_WORDS) defined.set(name.text, written);
}

/** Words with what names stand for. A name that would make them more than are read stays. */
function withDefined(words: readonly Word[], { defined, notes }: Context): readonly Word[] {
  if (!words.some(({ text, isQuoted }) => text.startsWith("$") && !isQuoted)) return words;
  return words.flatMap((word) => {
    const value = word.isQuoted ? undefined : defined.get(word.text.replace(/^\$/, ""));
    const units = value?.reduce((sum, { text }) => sum + text.length + 1, 0) ?? 0;
    return value !== undefined && countExpanded(notes, word.place, units) ? value : [word];
  });
}

type Context = { readonly defined: Defined; readonly notes: Notes };

function chainsOf({ words, block }: Statement & { readonly block: readonly Statement[] }, { defined, notes }: Context): readonly Chain[] {
  const family = words.length > 1 ? (words[0]?.text ?? "") : "ip";
  const families = FAMILIES[family];
  const isDormant = block.some(({ name, words: flags }) => name === "flags" && flags.some(({ text }) => text === "dormant"));
  if (families === undefined || isDormant) {
    countOther(notes, isDormant ? "dormant" : `table ${family}`);
    if (!isDormant) for (const chain of block) for (const rule of chain.block ?? []) tellUnread(rule, notes);
    return [];
  }
  const named = namedIn(block, { defined, notes });
  const siblings = new Map<string, Chain>();
  for (const statement of block) {
    if (statement.name !== "chain") {
      if (statement.name !== "set" && statement.name !== "map") countOther(notes, statement.name);
      continue;
    }
    const chain = chainOf(statement, { defined, notes, named, siblings, families });
    siblings.set(chain.name, chain);
  }
  return [...siblings.values()];
}

function namedIn(block: readonly Statement[], context: Context): Named {
  const named = new Map<string, Elements | undefined>();
  for (const { name, words, block: inner = [] } of block) {
    if (name !== "set" && name !== "map") continue;
    const changes = inner.some(
      (statement) => statement.name === "flags" && statement.words.some(({ text }) => ["dynamic", "timeout"].includes(text)),
    );
    const elements = inner.find((statement) => statement.name === "elements");
    const written = elements === undefined ? [] : elementsIn(withDefined(elements.words.slice(1), context));
    named.set(words[0]?.text ?? "", changes || elements === undefined ? undefined : elementsOf(written));
  }
  return named;
}

type TableContext = Context & {
  readonly named: Named;
  readonly siblings: ReadonlyMap<string, Chain>;
  readonly families: readonly (4 | 6)[];
};

function chainOf({ words, block = [], place }: Statement, { defined, notes, named, siblings, families }: TableContext): Chain {
  const type = block.find(({ name }) => name === "type");
  const typeWords = textsOf(type?.words ?? []);
  const isNat = typeWords[0] === "nat";
  const hook = typeWords[typeWords.indexOf("hook") + 1];
  const rules = block.filter(({ name }) => !["type", "policy", "comment", "devices", "device"].includes(name));
  if (!isNat) for (const rule of rules) if (!tellUnread(rule, notes) && type !== undefined) countOther(notes, `${typeWords[0]}`);
  return {
    name: words[0]?.text ?? "",
    place,
    ...(isNat && (hook === "prerouting" || hook === "input" || hook === "postrouting") && { hook }),
    priority: priorityOf(typeWords.slice(typeWords.indexOf("priority") + 1)),
    rules: rules.flatMap((rule) => readRule({ ...rule, words: withDefined(rule.words, { defined, notes }) }, { named, notes })),
    siblings,
    families,
  };
}

/** Notes a rule outside of `nat` that may change the source, and says whether it is one. */
function tellUnread({ name, words, place }: Statement, notes: Notes): boolean {
  const all = [{ text: name, place, isQuoted: false }, ...words];
  const expected = expectedFor(all);
  if (expected !== undefined) note(notes, place, { code: "CONFIG_NOT_UNDERSTOOD", expected, given: textsOf(all).join(" ") });
  return expected !== undefined;
}

const PRIORITIES: Readonly<Record<string, number>> = { raw: -300, mangle: -150, dstnat: -100, filter: 0, security: 50, srcnat: 100 };

/** Source: nft(8), "Chains": a name, with a number to add, or a number alone. */
function priorityOf(words: readonly string[]): number {
  const [first = "0", ...rest] = words;
  const number = Number.parseInt((PRIORITIES[first] === undefined ? [first, ...rest] : rest).join(""), 10);
  return (PRIORITIES[first] ?? 0) + (Number.isNaN(number) ? 0 : number);
}
