import { addPassage } from "../add-passage.ts";
import type { NetworkPassage, Passage } from "../description.ts";
import { CONFIG_LIMITS } from "../limits.ts";
import type { Place } from "../source.ts";
import { type Notes, note } from "../statement.ts";
import { toldText, toldTexts } from "../told-text.ts";
import { type Connection, holds } from "./connection.ts";
import type { Chain, Match, Rule, Ruleset, Target } from "./rule.ts";
import { type Budget, sourcesOf } from "./sources.ts";

/** Chains in chains. */
const MAX_JUMPS = 16;

/**
 * The ways of connections from clients through a packet filter: one for each redirection, and one for connections that are passed on to where they were sent, if there is no other or every one of them is rewritten. Ways of
 * clients on the inside are told where they differ. Connections that the machine itself begins are none of them, nor are those that it takes itself, but for redirections to it.
 */
export function waysThrough(ruleset: Ruleset, { notes, top }: { readonly notes: Notes; readonly top: Place }): readonly Passage[] {
  const budget: Budget = { rules: CONFIG_LIMITS.maxRulesWalked };
  const redirections = basesAt(ruleset, "prerouting").flatMap((chain) => redirectionsIn(chain, budget));
  const basesFor = rememberedBases(ruleset);
  const walking: Walking = { ruleset, budget, basesFor, outerInterfaces: outerInterfacesOf(ruleset, redirections) };
  const redirected = redirections.flatMap((redirection) => waysOf(redirection, walking));
  const forwarded = forwardedWays(walking, basesAt(ruleset, "postrouting")[0]?.place ?? top);
  const hasOuter = redirected.some(({ from }) => from === "outside");
  const all = [
    ...redirected,
    ...forwarded.filter(({ sources: [first, ...others] }) => !hasOuter || (others.length === 0 && first.source.kind !== "kept")),
  ];
  if (budget.rules <= 0)
    note(notes, top, { code: "CONFIG_LIMIT_REACHED", expected: `at most ${CONFIG_LIMITS.maxRulesWalked} rules`, given: "more" });
  const unknown = all.flatMap(({ sources }) => sources).filter(({ source }) => source.kind === "unknown");
  for (const { source, place } of new Map(unknown.map((found) => [JSON.stringify(found.place), found])).values()) {
    if (source.kind === "unknown") note(notes, place, { code: "CONFIG_UNEXPECTED", expected: "what is understood", given: source.why });
  }
  const passages: Passage[] = [];
  for (const way of merged(all)) if (!addPassage({ passages, notes }, way)) break;
  return passages;
}

type Walking = {
  readonly ruleset: Ruleset;
  readonly budget: Budget;
  readonly basesFor: BasesFor;
  readonly outerInterfaces: ReadonlySet<string>;
};
type Redirection = { readonly chain: Chain; readonly rule: Rule; readonly matches: readonly Match[]; readonly target: Target };

function basesAt({ chains }: Ruleset, hook: Chain["hook"]): readonly Chain[] {
  return chains.filter((chain) => chain.hook === hook).toSorted((first, other) => first.priority - other.priority);
}

/** The chains with rules at a hook that see connections of a family. */
type BasesFor = (hook: "input" | "postrouting", family: 4 | 6 | undefined) => readonly Chain[];

function rememberedBases(ruleset: Ruleset): BasesFor {
  const known = new Map<string, readonly Chain[]>();
  return (hook, family) => {
    const key = `${hook} ${family}`;
    const bases = known.get(key) ?? basesAt(ruleset, hook).filter((base) => base.rules.length > 0 && isSeen(base, family));
    known.set(key, bases);
    return bases;
  };
}

/** The redirections that a chain leads to, with all that is asked on the way to them. */
function redirectionsIn(base: Chain, budget: Budget): readonly Redirection[] {
  const found: Redirection[] = [];
  function look(chain: Chain, { asked, depth }: { readonly asked: readonly Match[]; readonly depth: number }): void {
    for (const rule of chain.rules) {
      budget.rules -= 1;
      if (budget.rules <= 0 || found.length > CONFIG_LIMITS.maxPassages) return;
      const { action } = rule;
      if (action.kind === "redirect") found.push({ chain: base, rule, matches: [...asked, ...rule.matches], target: action.target });
      const inner = action.kind === "jump" || action.kind === "goto" ? chain.siblings.get(action.chain) : undefined;
      if (inner !== undefined && depth < MAX_JUMPS) look(inner, { asked: [...asked, ...rule.matches], depth: depth + 1 });
      const isEnd = !["none", "jump", "unknown"].includes(action.kind);
      if (isEnd && rule.matches.length === 0) return;
    }
  }
  look(base, { asked: [], depth: 0 });
  return found;
}

/** Interfaces by which connections come in that are redirected, and by which those of private networks leave. */
function outerInterfacesOf({ chains }: Ruleset, redirections: readonly Redirection[]): ReadonlySet<string> {
  const incoming = redirections.flatMap(({ matches }) => namesOf(matches, "in-interface"));
  if (incoming.length > 0) return new Set(incoming);
  const outside: Connection = { from: "outside", family: undefined, isRedirected: false };
  const outgoing = chains
    .flatMap(({ rules }) => rules)
    .filter(
      ({ action, matches }) =>
        action.kind === "rewrite" && matches.some((match) => match.kind === "source" && holds(match, outside) === "no"),
    )
    .flatMap(({ matches }) => namesOf(matches, "out-interface"));
  return new Set(outgoing);
}

function namesOf(matches: readonly Match[], kind: Match["kind"]): readonly string[] {
  return matches.flatMap((match) => (match.kind === kind && !match.isNegated ? (match.values ?? []) : []));
}

/** The ways that a redirection opens, for each family and for clients from both sides. */
function waysOf(
  { chain, rule, matches, target }: Redirection,
  { ruleset, budget, basesFor, outerInterfaces }: Walking,
): readonly NetworkPassage[] {
  const inInterfaces = namesOf(matches, "in-interface").filter((name) => !/[*+]$/.test(name));
  const [protocol, port] = [singleOf(matches, "protocol"), target.port ?? singleOf(matches, "port")];
  const texts = [...new Set(matches.map(({ text }) => text).filter((text) => text !== ""))];
  const froms = inInterfaces.length > 0 ? (["outside"] as const) : (["outside", "inside"] as const);
  return ruleset.families.flatMap((family) =>
    froms.flatMap((from): NetworkPassage[] => {
      const before: Connection = { from, family, isRedirected: false, ...(inInterfaces.length > 0 && { inInterfaces }) };
      if (!isSeen(chain, family) || matches.some((match) => holds(match, before) === "no")) return [];
      if (family !== undefined && target.address !== undefined && target.address.includes(":") !== (family === 6)) return [];
      const connection: Connection = {
        ...before,
        isRedirected: true,
        ...(target.address !== undefined && { destination: target.address }),
        ...(protocol !== undefined && { protocol }),
        ...(port !== undefined && { port }),
      };
      const bases = basesFor(target.isHere ? "input" : "postrouting", family);
      const sources = sourcesOf(bases, { connection, place: rule.place, outerInterfaces, budget });
      const name = toldText(`${chain.name}: ${toldTexts(texts)}`);
      return [{ kind: "network", product: ruleset.product, place: rule.place, name, from, sources, target: target.text }];
    }),
  );
}

function singleOf(matches: readonly Match[], kind: Match["kind"]): string | undefined {
  const [value, ...others] = new Set(namesOf(matches, kind));
  return others.length === 0 ? value : undefined;
}

function isSeen({ families }: Chain, family: 4 | 6 | undefined): boolean {
  return family === undefined || families.includes(family);
}

function forwardedWays({ ruleset, budget, basesFor, outerInterfaces }: Walking, place: Place): readonly NetworkPassage[] {
  const { product, families } = ruleset;
  const ways = families.map((family): NetworkPassage => {
    const bases = basesFor("postrouting", family);
    const connection: Connection = { from: "outside", family, isRedirected: false };
    const sources = sourcesOf(bases, { connection, place, outerInterfaces, budget });
    return { kind: "network", product, place, name: "forwarded", from: "outside", sources };
  });
  const isAlike = ways.every(({ sources }) => JSON.stringify(sources) === JSON.stringify(ways[0]?.sources));
  return isAlike ? ways : ways.map((way, index) => ({ ...way, name: `forwarded IPv${families[index]}` }));
}

/** Without a way that another one is like: of the other family, or of clients on the inside. */
function merged(ways: readonly NetworkPassage[]): readonly NetworkPassage[] {
  const seen = new Set<string>();
  return ways.filter(({ place, name, target, sources }) => {
    const key = JSON.stringify([place, name, target, sources]);
    return !seen.has(key) && seen.add(key);
  });
}
