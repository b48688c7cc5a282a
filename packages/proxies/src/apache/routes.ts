import { type Statement, textsOf } from "../statement.ts";
import type { Place } from "./places.ts";
import { isPassingOn } from "./unread.ts";

/** Requests that are passed on: from a path on, or by a pattern of a rewrite rule. */
export type Route = {
  readonly path: string;
  readonly name: string;
  readonly target: string;
  /** Whether a WebSocket handshake gets through. */
  readonly passesUpgrade: boolean;
  readonly statement: Statement;
  /** The regular expression of the location that it stands in. */
  readonly pattern?: string;
};

/** The routes that a line opens, in a location by a path or a pattern, or by a path of its own. */
export function routesIn(statement: Statement, { path, pattern: within }: Pick<Place, "path" | "pattern"> = {}): readonly Route[] {
  const texts = textsOf(statement.words).filter((text) => text !== "interpolate" && text !== "noquery");
  const inPattern = within === undefined ? {} : { pattern: within };
  switch (statement.name) {
    case "proxypass":
    case "proxypassmatch": {
      const place = path ?? within;
      const [from = "/", target = ""] = place === undefined ? texts : [place, ...texts];
      const options = texts.slice(place === undefined ? 2 : 1);
      const isMatch = statement.name === "proxypassmatch" || within !== undefined;
      const passesUpgrade = /^wss?:/.test(target) || options.some((option) => /^upgrade=/i.test(option));
      return [{ ...inPattern, path: isMatch ? "/" : from, name: isMatch ? `~ ${from}` : from, target, passesUpgrade, statement }];
    }
    case "rewriterule": {
      const [pattern = "", target = "", flags = ""] = texts;
      if (!isPassingOn(flags)) return [];
      const name = `${path ?? (within === undefined ? "" : `~ ${within}`)} RewriteRule ${pattern}`.trim();
      return [{ ...inPattern, path: path ?? "/", name, target, passesUpgrade: /^wss?:/.test(target), statement }];
    }
    default:
      return [];
  }
}
