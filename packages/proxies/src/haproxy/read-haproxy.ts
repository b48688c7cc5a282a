import { addPassage } from "../add-passage.ts";
import type { Passage, PreambleIn, ProxyPassage } from "../description.ts";
import type { Reader } from "../reading.ts";
import { countOther, type Notes, note, type Statement } from "../statement.ts";
import { toldText, toldTexts } from "../told-text.ts";
import { entrancesOf } from "./entrances.ts";
import { forwardedEffects, forwardForOf, readForwardFor } from "./forward-for.ts";
import { parseHaproxy, textOf } from "./parse.ts";
import { type Backends, backendsIn, routesOf } from "./routes.ts";
import { type Rule, type Rules, rulesIn } from "./rules.ts";
import { readsHttp, type Section, sectionsIn } from "./scope.ts";
import { type ForwardFor, follow, forwardForEffect } from "./told.ts";
import { expectedFor } from "./unread.ts";

/**
 * Reads HAProxy: each way from a frontend or a `listen` to a backend that its rules name.
 *
 * Not read: what Lua and filters do, `resolvers`, `peers`, FastCGI applications. A backend that is chosen at run time may be any of them.
 *
 * Source: HAProxy, configuration manual 2.6, which a real one of Debian confirms; `option forwarded`, which came with 2.8, from the manual of that.
 */
export const readHaproxy: Reader = (source, { include, notes }) => {
  const statements = parseHaproxy(source, notes);
  const sections = sectionsIn(statements, notes);
  const rulesOf = rulesIn({ include, notes });
  for (const section of sections) rulesOf(section);
  const passages: Passage[] = [];
  const backends = backendsIn(sections);
  const found: Found = { backends, rulesOf, forwardForOf: forwardForIn(notes), notes, passages };
  for (const section of sections) {
    if (notes.isFull) break;
    if (section.kind !== "backend") readWays(section, found);
  }
  for (const { block = [] } of statements) for (const line of block) tellUnread(line, notes);
  return { passages, findings: [] };
};

/** Notes a line that may change the address and is not followed, and counts one that has nothing to do with it. */
function tellUnread(line: Statement, notes: Notes): void {
  const { name, words, place } = line;
  const expected = expectedFor(line);
  if (expected !== undefined) note(notes, place, { code: "CONFIG_NOT_UNDERSTOOD", expected, given: toldText(`${name} ${textOf(words)}`) });
  else if (!READ.has(name)) countOther(notes, name);
}

type Found = {
  readonly backends: Backends;
  readonly rulesOf: (section: Section) => Rules;
  readonly forwardForOf: (section: Section) => ForwardFor | undefined;
  readonly notes: Notes;
  readonly passages: Passage[];
};

/** Sections share the line of their defaults: it is read once. */
function forwardForIn(notes: Notes): Found["forwardForOf"] {
  const known = new Map<Statement, ForwardFor>();
  return ({ inForce }) => {
    const line = inForce.get("option forwardfor");
    if (line === undefined) return undefined;
    const option = known.get(line) ?? readForwardFor(line, notes);
    known.set(line, option);
    return option;
  };
}

function readWays(section: Section, found: Found): void {
  const { routes, isNamed } = routesOf(section, found);
  const entrances = routes.length === 0 ? [] : entrancesOf(section, found.rulesOf(section).connection);
  for (const entrance of entrances) {
    for (const { backend, exits, place } of routes) {
      for (const exit of exits) {
        const { preambleIn, listens } = entrance;
        const base = { kind: "proxy", product: "haproxy", place, ...(preambleIn && { preambleIn }), consumesHops: false } as const;
        const name = [section.kind, section.name, listens, ...(backend === section ? [] : ["backend", backend.name])];
        const { preambleOut, keepsSource, target } = exit;
        const dropsUnderscores = [section, backend].some(dropsOddNames);
        const rest = { dropsUnderscores, preambleOut, keepsSource, passesUpgrade: true, ...(target !== "" && { target }) } as const;
        const told = toldOf([section, backend], { preambleIn, found });
        if (!addPassage(found, { ...base, ...told, ...rest, name: toldTexts(name.filter((word) => word !== "")) })) return;
      }
    }
  }
  if (!isNamed) countOther(found.notes, section.kind);
}

/** What becomes of the address between a frontend and a backend. */
function toldOf(
  [frontend, backend]: readonly [Section, Section],
  { preambleIn, found }: { readonly preambleIn: PreambleIn | undefined; readonly found: Found },
): Pick<ProxyPassage, "carries" | "client" | "headers"> {
  const own = [...new Set([frontend, backend])];
  const stages = own.flatMap((section) => found.rulesOf(section).stages);
  const isHttp = readsHttp(frontend) || readsHttp(backend);
  const { client, headers } = follow(isHttp ? stages : stages.map(withoutHeaders), preambleIn);
  if (!isHttp) return { carries: "tcp", client, headers: [] };
  const forwardFor = forwardForOf(own.map(found.forwardForOf));
  const effects = forwardFor.map((option) => forwardForEffect(option, { isPeer: client.kind === "peer" }));
  return { carries: "http", client, headers: [...headers, ...forwardedEffects(own), ...effects] };
}

/**
 * Whether headers whose names have other characters than letters, digits and hyphens do not get through.
 *
 * Source: HAProxy, configuration manual, 4.2 "option http-restrict-req-hdr-names".
 */
function dropsOddNames({ inForce }: Section): boolean {
  const [, what] = inForce.get("option http-restrict-req-hdr-names")?.words ?? [];
  return what?.text === "delete" || what?.text === "reject";
}

function withoutHeaders(rules: readonly Rule[]): readonly Rule[] {
  return rules.filter(({ kind }) => kind === "source");
}

/** Names of lines that are read. */
const READ: ReadonlySet<string> = new Set(
  "mode bind acl option http-request tcp-request use_backend default_backend server server-template default-server source".split(" "),
);
