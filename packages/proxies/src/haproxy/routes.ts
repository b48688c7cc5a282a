import type { Place } from "../source.ts";
import { type Notes, note, type Statement } from "../statement.ts";
import { linesNamed, type Section } from "./scope.ts";
import { type Exit, exitsOf } from "./servers.ts";

/** A backend that a section leads to, by its servers. */
export type Route = { readonly backend: Section; readonly exits: readonly Exit[]; readonly place: Place };

/** A section with servers. */
type Backend = Pick<Route, "backend" | "exits">;

/** The backends of a configuration, by name. One without servers leads nowhere. */
export type Backends = {
  readonly names: ReadonlySet<string>;
  readonly all: readonly Backend[];
  readonly named: ReadonlyMap<string, readonly Backend[]>;
  readonly own: ReadonlyMap<Section, Backend>;
};

export function backendsIn(sections: readonly Section[]): Backends {
  const backends = sections.filter(({ kind }) => kind !== "frontend");
  const all = backends.map((backend) => ({ backend, exits: exitsOf(backend) })).filter(({ exits }) => exits.length > 0);
  const named = new Map<string, Backend[]>();
  for (const found of all) {
    const group = named.get(found.backend.name);
    if (group === undefined) named.set(found.backend.name, [found]);
    else group.push(found);
  }
  return { names: new Set(backends.map(({ name }) => name)), all, named, own: new Map(all.map((found) => [found.backend, found])) };
}

type Routing = { readonly backends: Backends; readonly notes: Notes };

/** Where a section leads: to the backends that it names, or to its own servers; and whether it names any. */
export function routesOf(section: Section, { backends, notes }: Routing): { readonly routes: readonly Route[]; readonly isNamed: boolean } {
  const routes = new Map<Section, Route>();
  const seen = new Set<string>();
  let isNamed = false;
  const add = (line: Statement): void => {
    const name = line.words[0]?.text ?? "";
    // a name that is made of what a request says may be any
    const isAny = /%[[{]|\$/.test(name);
    const isThere = isAny ? backends.names.size > 0 : backends.names.has(name);
    isNamed ||= isThere;
    if (!isThere) note(notes, line.place, { code: "CONFIG_UNEXPECTED", expected: "the name of a backend in this file", given: name });
    const key = isAny ? "any" : `named ${name}`;
    if (seen.has(key)) return;
    seen.add(key);
    for (const found of isAny ? backends.all : (backends.named.get(name) ?? []))
      if (!routes.has(found.backend)) routes.set(found.backend, { ...found, place: line.place });
  };
  const end = (): ReturnType<typeof routesOf> => ({ routes: [...routes.values()], isNamed });
  for (const line of linesNamed(section, "use_backend")) {
    add(line);
    // nothing behind it is reached
    if (line.words.length === 1 && !/%[[{]/.test(line.words[0]?.text ?? "")) return end();
  }
  const fallback = section.inForce.get("default_backend");
  if (fallback !== undefined) add(fallback);
  else if (section.kind === "listen") {
    isNamed = true;
    const own = backends.own.get(section);
    if (own !== undefined && !routes.has(section)) routes.set(section, { ...own, place: section.statement.place });
  }
  return end();
}
