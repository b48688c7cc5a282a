import { XFF } from "../address-headers.ts";
import type { ClientRule, Passage } from "../description.ts";
import type { Reader } from "../reading.ts";
import type { Place } from "../source.ts";
import { countStatement, type Word } from "../statement.ts";
import { EVERYBODY, trustIn } from "../trust.ts";
import { commandLines } from "./words.ts";

/** Reads the command lines of uvicorn, wherever they stand in a text. What its environment holds beside the line is not seen. */
export const readCommand: Reader = (source, { notes }) => {
  const passages: Passage[] = [];
  for (const words of commandLines(source)) {
    const [first] = words;
    if (first === undefined) continue;
    if (!countStatement(notes, first.place)) break;
    const at = words.findIndex(({ text }) => /(?:^|\/)uvicorn$/.test(text));
    const program = words[at];
    if (program === undefined) continue;
    const { place } = program;
    passages.push({
      kind: "service",
      product: "uvicorn",
      place,
      name: appOf(words.slice(at + 1)),
      client: clientRuleOf(words, { at, place }),
    });
  }
  return { passages, findings: [] };
};

function appOf(words: readonly Word[]): string {
  return words.find(({ text }) => /^[\w.]+:[\w.]+(?:\(\))?$/.test(text))?.text ?? "uvicorn";
}

/**
 * Whom uvicorn gives as the client, over HTTP and WebSocket alike.
 *
 * Source: uvicorn, `ProxyHeadersMiddleware`: `--proxy-headers` is on, and 127.0.0.1 trusted, unless something else is said; `*` takes the leftmost element. Before 0.31 a network in the list matches nothing.
 */
function clientRuleOf(words: readonly Word[], { at, place }: { readonly at: number; readonly place: Place }): ClientRule {
  const options = words.slice(at + 1);
  if (options.some(({ text }) => text === "--no-proxy-headers")) return { kind: "peer" };
  const index = options.findIndex(({ text }) => /^--forwarded-allow-ips(?:=|$)/.test(text));
  const option = options[index];
  const said = option?.text.includes("=") ? option.text.slice(option.text.indexOf("=") + 1) : options[index + 1]?.text;
  const variable = words.slice(0, at).find(({ text }) => text.startsWith("FORWARDED_ALLOW_IPS="));
  const value = option === undefined ? (variable?.text.slice("FORWARDED_ALLOW_IPS=".length) ?? "127.0.0.1") : (said ?? "");
  const where = (option ?? variable)?.place ?? place;
  const base = { kind: "header", headers: [XFF], place: where } as const;
  if (value === "*") return { ...base, selection: { kind: "leftmost" }, trust: EVERYBODY };
  const { trust, strange } = trustIn(
    value
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ""),
  );
  if (strange.length > 0) return { kind: "unknown", why: strange.join(" "), place: where };
  return { ...base, selection: { kind: "first-untrusted" }, trust };
}
