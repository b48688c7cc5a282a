import { CONFIG_LIMITS } from "../limits.ts";
import { type Notes, note, type Statement } from "../statement.ts";
import { type Place, placesIn } from "./places.ts";
import { type Route, routesIn } from "./routes.ts";

/** What a main server or a virtual host says itself, put in order once. */
export type Level = {
  readonly byName: ReadonlyMap<string, readonly Statement[]>;
  /** The places that say something of headers, those with a path and the others. */
  readonly telling: readonly Place[];
  /** The paths of all its places but of everything. */
  readonly paths: readonly string[];
  /** Routes of locations come before those of lines. */
  readonly locationRoutes: readonly Route[];
  readonly lineRoutes: readonly Route[];
};

export function levelOf(
  lines: readonly Statement[],
  { told, notes }: { readonly told: ReadonlySet<string>; readonly notes: Notes },
): Level {
  const byName = new Map<string, Statement[]>();
  for (const line of lines) {
    const group = byName.get(line.name);
    if (group === undefined) byName.set(line.name, [line]);
    else group.push(line);
  }
  const places = placesIn(lines, { told, notes });
  const inner = places.slice(1);
  const telling = places.filter(({ rules, addHeaders }) => rules.length > 0 || addHeaders !== undefined);
  const more = telling[CONFIG_LIMITS.maxRules]?.lines[0];
  if (more !== undefined) {
    const expected = `at most ${CONFIG_LIMITS.maxRules} sections with rules on headers`;
    note(notes, more.place, { code: "CONFIG_LIMIT_REACHED", expected, given: "more" });
  }
  return {
    byName,
    telling: telling.slice(0, CONFIG_LIMITS.maxRules),
    paths: [...new Set(inner.flatMap(({ path }) => (path === undefined ? [] : [path])))],
    locationRoutes: inner.flatMap((place) => (isLocation(place) ? place.lines.flatMap((line) => routesIn(line, place)) : [])),
    lineRoutes: lines.flatMap((line) => routesIn(line)),
  };
}

function isLocation({ path, pattern }: Place): boolean {
  return path !== undefined || pattern !== undefined;
}

/** The last line of a name among those of a server, its own before the main one's. */
export function lastOf({ main, own }: { readonly main: Level; readonly own: Level | undefined }, name: string): Statement | undefined {
  return own?.byName.get(name)?.at(-1) ?? main.byName.get(name)?.at(-1);
}
