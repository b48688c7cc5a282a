import { type Statement, textsOf } from "../statement.ts";
import { isPassingOn } from "./unread.ts";

/** Requests that are passed on: from a path on, or by a pattern of a rewrite rule. */
export type Route = {
  readonly path: string;
  readonly name: string;
  readonly target: string;
  /** Whether a WebSocket handshake gets through. */
  readonly passesUpgrade: boolean;
  readonly statement: Statement;
};

/** The routes that a line opens, in a location or by a path of its own. */
export function routesIn(statement: Statement, path: string | undefined): readonly Route[] {
  const texts = textsOf(statement.words).filter((text) => text !== "interpolate" && text !== "noquery");
  switch (statement.name) {
    case "proxypass":
    case "proxypassmatch": {
      const [from = "/", target = ""] = path === undefined ? texts : [path, ...texts];
      const options = texts.slice(path === undefined ? 2 : 1);
      const isMatch = statement.name === "proxypassmatch";
      const passesUpgrade = /^wss?:/.test(target) || options.some((option) => /^upgrade=/i.test(option));
      return [{ path: isMatch ? "/" : from, name: isMatch ? `~ ${from}` : from, target, passesUpgrade, statement }];
    }
    case "rewriterule": {
      const [pattern = "", target = "", flags = ""] = texts;
      if (!isPassingOn(flags)) return [];
      return [
        { path: path ?? "/", name: `${path ?? ""} RewriteRule ${pattern}`.trim(), target, passesUpgrade: /^wss?:/.test(target), statement },
      ];
    }
    default:
      return [];
  }
}
