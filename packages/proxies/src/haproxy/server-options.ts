import type { ProxyPassage } from "../description.ts";
import type { Statement, Word } from "../statement.ts";

/** What the options of servers come to, those of `default-server` first. */
export type ServerOptions = {
  readonly sendsFirst: boolean;
  readonly sendsSecond: boolean;
  /** Whether servers are connected to from the client's address; `undefined` where nothing is said. */
  readonly isTransparent: boolean | undefined;
};

export const NO_OPTIONS: ServerOptions = { sendsFirst: false, sendsSecond: false, isTransparent: undefined };

/** The options that `default-server` lines add up to. */
export function withDefaults(options: ServerOptions, lines: readonly Statement[]): ServerOptions {
  return lines.reduce((before, { words }) => withOptions(before, words), options);
}

/** Options with those of one line behind them. */
export function withOptions(before: ServerOptions, words: readonly Word[]): ServerOptions {
  let { sendsFirst, sendsSecond, isTransparent } = before;
  for (const [index, { text }] of words.entries()) {
    if (text === "send-proxy" || text === "no-send-proxy") sendsFirst = text === "send-proxy";
    else if (text === "no-send-proxy-v2") sendsSecond = false;
    else if (/^send-proxy-v2(?:-ssl(?:-cn)?)?$/.test(text)) sendsSecond = true;
    else if (text === "source") isTransparent = usesClient(words.slice(index + 2, index + 4));
  }
  return { sendsFirst, sendsSecond, isTransparent };
}

/** Whether `source ADDRESS` goes on with `usesrc client`. */
export function usesClient([keyword, whose]: readonly Word[]): boolean {
  return keyword?.text === "usesrc" && ["client", "clientip"].includes(whose?.text ?? "");
}

/** The PROXY protocol header that a server is sent: the second version goes before the first where both are asked for. */
export function preambleOf({ sendsFirst, sendsSecond }: ServerOptions): ProxyPassage["preambleOut"] {
  return sendsSecond ? "v2" : sendsFirst ? "v1" : "none";
}
