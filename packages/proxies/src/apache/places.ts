import { ADDRESS_HEADERS } from "../address-headers.ts";
import { CONFIG_LIMITS } from "../limits.ts";
import { type Notes, note, type Statement, textsOf } from "../statement.ts";
import { toldText, toldTexts } from "../told-text.ts";

/** Which paths a place is, and when. */
type Where = {
  /** In front of paths; absent where the words are a pattern. */
  readonly path?: string;
  /** The regular expression that the paths of a location match. */
  readonly pattern?: string;
  /** What a request has to meet, as it is written, where the path alone does not say that. */
  readonly condition?: string;
};

/** A part of the paths of a server, with what holds there beside what holds everywhere. */
export type Place = Where & {
  /** What holds at places is put together in the order of their phases. */
  readonly phase: number;
  readonly lines: readonly Statement[];
  /** Of its lines those that say what becomes of headers on the address. */
  readonly rules: readonly Statement[];
  /** Its last line on what mod_proxy adds by itself. */
  readonly addHeaders: Statement | undefined;
};

/** `told`: headers that matter beside those of the address, as others are made of them. */
type Asked = { readonly told: ReadonlySet<string>; readonly notes: Notes };

/**
 * The places of some lines: everywhere, `<Proxy>`, `<Location>`, and `<If>` at the end.
 *
 * Source: Apache, "Configuration Sections". `<Directory>` and `<Files>` do not hold for what is passed on.
 */
export function placesIn(lines: readonly Statement[], asked: Asked): readonly Place[] {
  const everywhere = placeOf({ path: "/" }, { lines, phase: 0, asked });
  const sections = (phase: number, ...names: readonly string[]): readonly Place[] =>
    lines
      .filter(({ name }) => names.includes(name))
      .map((section) => placeOf(whereOf(section), { lines: section.block ?? [], phase, asked }));
  const places = [everywhere, ...sections(1, "<proxy", "<proxymatch"), ...sections(2, "<location", "<locationmatch")];
  const conditional = places.flatMap((outer) =>
    outer.lines
      .filter(({ name }) => CONDITIONS.has(name))
      .map((section) => placeOf(withCondition(outer, section), { lines: section.block ?? [], phase: outer.phase + 3, asked })),
  );
  return [...places, ...conditional];
}

const CONDITIONS: ReadonlySet<string> = new Set(["<if", "<elseif", "<else", "<limit", "<limitexcept"]);

function placeOf(
  { path, pattern, condition }: Where,
  { lines, phase, asked: { told, notes } }: { readonly lines: readonly Statement[]; readonly phase: number; readonly asked: Asked },
): Place {
  const rules = lines.filter((line) => isOnAddress(line, told));
  const more = rules[CONFIG_LIMITS.maxRules];
  if (more !== undefined) {
    const expected = `at most ${CONFIG_LIMITS.maxRules} rules on headers`;
    note(notes, more.place, { code: "CONFIG_LIMIT_REACHED", expected, given: "more" });
  }
  return {
    ...(path !== undefined && { path }),
    ...(pattern !== undefined && { pattern }),
    ...(condition !== undefined && { condition }),
    phase,
    lines,
    rules: rules.slice(0, CONFIG_LIMITS.maxRules),
    addHeaders: lines.findLast(({ name }) => name === "proxyaddheaders"),
  };
}

/** A line on a header that matters, or one that may write an address. */
function isOnAddress({ name, words }: Statement, told: ReadonlySet<string>): boolean {
  if (name !== "requestheader") return false;
  const header = words[1]?.text.toLowerCase().replace(/:$/, "") ?? "";
  return ADDRESS_HEADERS.includes(header) || told.has(header) || words.some(({ text }) => text.includes("%{"));
}

/** Headers that matter beside those of the address: in which the client is looked for, and of which others are made. */
export function headersTold(statements: readonly Statement[], told: Set<string> = new Set()): ReadonlySet<string> {
  for (const { name, words, block } of statements) {
    if (block !== undefined) headersTold(block, told);
    if (name === "remoteipheader") told.add(words[0]?.text.toLowerCase() ?? "");
    if (name !== "requestheader") continue;
    for (const { text } of words)
      for (const [, header = ""] of text.matchAll(/%\{(?:HTTP|req|req_novary|http):([\w-]+)\}/g)) told.add(header.toLowerCase());
  }
  return told;
}

function whereOf({ name, words }: Statement): Where {
  const [first = "", second] = textsOf(words);
  if (name === "<proxy" && first === "*") return { path: "/" };
  const condition = `${name} ${toldTexts(textsOf(words))}>`;
  if (name === "<locationmatch") return { pattern: first, condition };
  if (name !== "<location") return { condition };
  if (first === "~") return { pattern: second ?? "", condition };
  return /[*?[]/.test(first) ? { condition } : { path: first };
}

/** `<If>`, `<ElseIf>` and `<Else>` of a place. */
function withCondition({ path, condition: outer }: Where, { name, words }: Statement): Where {
  const condition = `${toldTexts([name, ...textsOf(words)])}>`;
  return { ...(path !== undefined && { path }), condition: outer === undefined ? condition : toldText(`${outer} ${condition}`) };
}
