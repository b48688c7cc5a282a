import type { ProxyPassage } from "../description.ts";
import { targetsText } from "../targets-text.ts";
import type { Section } from "./scope.ts";
import { NO_OPTIONS, preambleOf, usesClient, withOptions } from "./server-options.ts";

/** Servers of a backend that are connected to in the same manner. */
export type Exit = Pick<ProxyPassage, "preambleOut" | "keepsSource"> & { readonly target: string };

/**
 * The exits of a backend, servers that are alike taken together.
 *
 * Source: HAProxy, configuration manual, 5.2 `send-proxy`, `send-proxy-v2`, `default-server`, and 4.2 `source`.
 */
export function exitsOf(section: Section): readonly Exit[] {
  const keepsSource = usesClient(section.inForce.get("source")?.words.slice(1, 3) ?? []);
  const exits = new Map<string, { exit: Exit; targets: string[] }>();
  let shared = section.defaults?.serverOptions ?? NO_OPTIONS;
  for (const { name, words } of section.statement.block ?? []) {
    if (name === "default-server") shared = withOptions(shared, words);
    if (name !== "server" && name !== "server-template") continue;
    const at = name === "server" ? 1 : 2;
    const options = withOptions(shared, words.slice(at + 1));
    const exit: Exit = { preambleOut: preambleOf(options), keepsSource: options.isTransparent ?? keepsSource, target: "" };
    const key = JSON.stringify(exit);
    const known = exits.get(key) ?? { exit, targets: [] };
    exits.set(key, known);
    known.targets.push(words[at]?.text ?? "");
  }
  return [...exits.values()].map(({ exit, targets }) => ({ ...exit, target: targetsText(targets) }));
}
