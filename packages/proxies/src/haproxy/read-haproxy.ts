import type { Passage, PreambleIn, ProxyPassage } from "../description.ts";
import { CONFIG_LIMITS } from "../limits.ts";
import type { Reader } from "../reading.ts";
import type { Include, Included, Place } from "../source.ts";
import { countOther, type Notes, note, type Statement } from "../statement.ts";
import { entrancesOf } from "./entrances.ts";
import { forwardedEffects, forwardForIn, forwardForOf } from "./forward-for.ts";
import { parseHaproxy } from "./parse.ts";
import { type Rule, rulesOf } from "./rules.ts";
import { readsHttp, type Section, sectionsIn } from "./scope.ts";
import { exitsOf } from "./servers.ts";
import { follow, forwardForEffect } from "./told.ts";

/**
 * Reads HAProxy: each way from a frontend or a `listen` to a backend that its rules name.
 *
 * Not read: what Lua and filters do, `resolvers`, `peers`, FastCGI applications. A backend that is chosen at run time may be any of them.
 *
 * Source: HAProxy, configuration manual 2.6, which a real one of Debian confirms; `option forwarded`, which came with 2.8, from the manual of that.
 */
export const readHaproxy: Reader = (source, { include, notes }) => {
  const sections = sectionsIn(parseHaproxy(source, notes), notes);
  const once = rememberIncludes(include);
  const read = new Map(sections.map((section) => [section, { section, rules: rulesOf(section, { include: once, notes }) }]));
  const passages: Passage[] = [];
  const found: Found = { sections, read, include: once, notes, passages };
  for (const section of sections) if (section.kind !== "backend") readWays(section, found);
  for (const { lines } of sections) for (const { name } of lines) if (!READ.has(name)) countOther(notes, name);
  return { passages, findings: [] };
};

type Stated = { readonly section: Section; readonly rules: readonly Rule[] };

type Found = {
  readonly sections: readonly Section[];
  readonly read: ReadonlyMap<Section, Stated>;
  readonly include: Include;
  readonly notes: Notes;
  readonly passages: Passage[];
};

/** A file of networks is named in many conditions. */
function rememberIncludes(include: Include): Include {
  const known = new Map<string, Included>();
  return (pattern) => {
    const included = known.get(pattern) ?? include(pattern);
    known.set(pattern, included);
    return included;
  };
}

type Route = { readonly backend: Section; readonly place: Place };

function readWays(section: Section, found: Found): void {
  const { include, notes, passages } = found;
  const routes = routesOf(section, found);
  for (const entrance of entrancesOf(section, { include })) {
    for (const { backend, place } of routes) {
      for (const exit of exitsOf(backend)) {
        // one more than the limit, so that the limit is told
        if (passages.length > CONFIG_LIMITS.maxPassages) return;
        const { preambleIn } = entrance;
        const base = { kind: "proxy", product: "haproxy", place, ...(preambleIn && { preambleIn }), consumesHops: false } as const;
        const name = [section.kind, section.name, entrance.listens, ...(backend === section ? [] : ["backend", backend.name])];
        const { preambleOut, keepsSource, target } = exit;
        const rest = { dropsUnderscores: false, preambleOut, keepsSource, passesUpgrade: true, ...(target !== "" && { target }) } as const;
        passages.push({
          ...base,
          ...toldOf([section, backend], { preambleIn, found }),
          ...rest,
          name: name.filter((word) => word !== "").join(" "),
        });
      }
    }
  }
  if (routes.length === 0) countOther(notes, section.kind);
}

/** What becomes of the address between a frontend and a backend. */
function toldOf(
  [frontend, backend]: readonly [Section, Section],
  { preambleIn, found }: { readonly preambleIn: PreambleIn | undefined; readonly found: Found },
): Pick<ProxyPassage, "carries" | "client" | "headers"> {
  const own = [...new Set([frontend, backend])];
  const stages = own.map((section) => found.read.get(section)?.rules ?? []);
  const isHttp = readsHttp(frontend) || readsHttp(backend);
  const { client, headers } = follow(isHttp ? stages : stages.map(withoutHeaders), preambleIn);
  if (!isHttp) return { carries: "tcp", client, headers: [] };
  const forwardFor = forwardForOf(own.map((section) => forwardForIn(section, found.notes)));
  const effects = forwardFor.map((option) => forwardForEffect(option, { isPeer: client.kind === "peer" }));
  return { carries: "http", client, headers: [...headers, ...forwardedEffects(own), ...effects] };
}

function withoutHeaders(rules: readonly Rule[]): readonly Rule[] {
  return rules.filter(({ kind }) => kind === "source");
}

/** Where a section leads: to the backends that it names, or to its own servers. */
function routesOf(section: Section, { sections, notes }: Found): readonly Route[] {
  const routes = new Map<Section, Route>();
  const backends = sections.filter(({ kind }) => kind !== "frontend");
  const add = (line: Statement): void => {
    const name = line.words[0]?.text ?? "";
    // a name that is made of what a request says may be any
    const named = /%[[{]|\$/.test(name) ? backends : backends.filter((backend) => backend.name === name);
    if (named.length === 0)
      note(notes, line.place, { code: "CONFIG_UNEXPECTED", expected: "the name of a backend in this file", given: name });
    for (const backend of named) if (!routes.has(backend)) routes.set(backend, { backend, place: line.place });
  };
  for (const line of section.lines) {
    if (line.name !== "use_backend") continue;
    add(line);
    // nothing behind it is reached
    if (line.words.length === 1 && !/%[[{]/.test(line.words[0]?.text ?? "")) return [...routes.values()];
  }
  const fallback = section.lines.findLast(({ name }) => name === "default_backend");
  if (fallback !== undefined) add(fallback);
  else if (section.kind === "listen" && !routes.has(section)) routes.set(section, { backend: section, place: section.statement.place });
  return [...routes.values()];
}

/** Names of lines that are read. */
const READ: ReadonlySet<string> = new Set(
  "mode bind acl option http-request tcp-request use_backend default_backend server server-template default-server source".split(" "),
);
