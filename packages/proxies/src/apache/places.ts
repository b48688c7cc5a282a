import { type Statement, textsOf } from "../statement.ts";
import type { Server } from "./sections.ts";

/** A part of the paths of a server, with what holds there beside what holds everywhere. */
export type Place = {
  /** In front of paths; absent where the words are a pattern. */
  readonly path?: string;
  /** What a request has to meet, as it is written, where the path alone does not say that. */
  readonly condition?: string;
  readonly lines: readonly Statement[];
};

/**
 * The places of a server in the order in which what they say is put together: everywhere, `<Proxy>`, `<Location>`, and `<If>` at the end.
 *
 * Source: Apache, "Configuration Sections". `<Directory>` and `<Files>` do not hold for what is passed on.
 */
export function placesIn({ main, own }: Server): readonly Place[] {
  const lines = [...main, ...own];
  const everywhere: Place = { path: "/", lines };
  const proxies = lines.filter(({ name }) => name === "<proxy" || name === "<proxymatch").map(placeOf);
  const locations = lines.filter(({ name }) => name === "<location" || name === "<locationmatch").map(placeOf);
  const places = [everywhere, ...proxies, ...locations];
  return [...places, ...places.flatMap(conditionsIn)];
}

function placeOf({ name, words, block = [] }: Statement): Place {
  const [first = "", second] = textsOf(words);
  const condition = `${name} ${textsOf(words).join(" ")}>`;
  if (name === "<proxy" && first === "*") return { path: "/", lines: block };
  // a second word is the pattern behind ~
  const isPath = name === "<location" && second === undefined && !/[*?[]/.test(first);
  return isPath ? { path: first, lines: block } : { condition, lines: block };
}

/** `<If>`, `<ElseIf>` and `<Else>` of a place. */
function conditionsIn({ lines, ...place }: Place): readonly Place[] {
  return lines
    .filter(({ name }) => ["<if", "<elseif", "<else", "<limit", "<limitexcept"].includes(name))
    .map(({ name, words, block = [] }) => {
      const condition = `${[name, ...textsOf(words)].join(" ")}>`;
      return { ...place, condition: place.condition === undefined ? condition : `${place.condition} ${condition}`, lines: block };
    });
}

/** Whether all paths that begin with one begin with the other. */
export function isBelow(path: string, outer: string): boolean {
  const [short, long] = [outer.replace(/\/$/, ""), path.replace(/\/$/, "")];
  return long === short || long.startsWith(`${short}/`);
}
