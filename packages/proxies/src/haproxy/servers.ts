import type { ProxyPassage } from "../description.ts";
import { textsOf, type Word } from "../statement.ts";
import { targetsText } from "../targets-text.ts";
import { linesNamed } from "./rules.ts";
import { lastLine, type Section } from "./scope.ts";

/** Servers of a backend that are connected to in the same manner. */
export type Exit = Pick<ProxyPassage, "preambleOut" | "keepsSource"> & { readonly target: string };

/**
 * The exits of a backend, servers that are alike taken together.
 *
 * Source: HAProxy, configuration manual, 5.2 `send-proxy`, `send-proxy-v2`, `default-server`, and 4.2 `source`.
 */
export function exitsOf(section: Section): readonly Exit[] {
  let shared: readonly string[] = [];
  const exits = new Map<string, { exit: Exit; targets: string[] }>();
  for (const { name, words } of linesNamed(section, "default-server", "server", "server-template")) {
    if (name === "default-server") {
      shared = [...shared, ...textsOf(words)];
      continue;
    }
    const at = name === "server" ? 1 : 2;
    const options = [...shared, ...textsOf(words.slice(at + 1))];
    const exit: Exit = { preambleOut: preambleOf(options), keepsSource: isTransparent(options) ?? keepsSourceIn(section), target: "" };
    const key = JSON.stringify(exit);
    const known = exits.get(key) ?? { exit, targets: [] };
    exits.set(key, known);
    known.targets.push(targetOf(words[at]));
  }
  return [...exits.values()].map(({ exit, targets }) => ({ ...exit, target: targetsText(targets) }));
}

function targetOf(word: Word | undefined): string {
  return word?.text ?? "";
}

/** The second version goes before the first where both are asked for. */
function preambleOf(options: readonly string[]): ProxyPassage["preambleOut"] {
  let [hasFirst, hasSecond] = [false, false];
  for (const option of options) {
    if (option === "send-proxy" || option === "no-send-proxy") hasFirst = option === "send-proxy";
    else if (option === "no-send-proxy-v2") hasSecond = false;
    else if (/^send-proxy-v2(?:-ssl(?:-cn)?)?$/.test(option)) hasSecond = true;
  }
  return hasSecond ? "v2" : hasFirst ? "v1" : "none";
}

function keepsSourceIn(section: Section): boolean {
  const line = lastLine(section, "source");
  return line !== undefined && isTransparent(["source", ...textsOf(line.words)]) === true;
}

/** Whether servers are connected to from the client's address; `undefined` where nothing is said. */
function isTransparent(options: readonly string[]): boolean | undefined {
  const at = options.lastIndexOf("source");
  if (at === -1) return undefined;
  return options[at + 2] === "usesrc" && ["client", "clientip"].includes(options[at + 3] ?? "");
}
