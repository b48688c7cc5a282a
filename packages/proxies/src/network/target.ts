import type { Word } from "../statement.ts";
import type { Named } from "./named.ts";
import { elementsIn } from "./nft-words.ts";
import type { Match, Target } from "./rule.ts";

/** A target with its address and port, as far as it names one of each: `10.0.0.1:80`, `[fd00::1]:80`, `:80`, `fd00::1`. */
export function targetOf(text: string): Target {
  const [, bracketed, v4, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|(\d+(?:\.\d+){3}))?(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = bracketed ?? v4 ?? (/^[0-9A-Fa-f]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*$/.test(text) ? text : undefined);
  return {
    text,
    isHere: address?.startsWith("127.") === true || address === "::1",
    ...(address !== undefined && { address }),
    ...(port !== undefined && { port }),
  };
}

/** The elements of `dnat to tcp dport map { 80 : 10.0.0.1 . 8080 }`; `undefined` where the target is no such map. */
export function mappedElements(
  all: readonly Word[],
  named: Named,
): { readonly words: readonly (readonly Word[])[]; readonly protocol: string } | undefined {
  const to = all.findIndex(({ text }) => text === "to");
  const [, protocol = "", field, map, first] = all.slice(to, to + 5).map(({ text }) => text);
  if (to === -1 || field !== "dport" || map !== "map" || !["tcp", "udp", "th"].includes(protocol)) return undefined;
  const words = first?.startsWith("@") === true ? named.get(first.slice(1))?.words : elementsIn(all.slice(to + 4));
  return words === undefined ? undefined : { words, protocol };
}

/** The port and the target that an element stands for. */
export function mappedTarget(element: readonly Word[], protocol: string): { readonly match: Match; readonly target: Target } | undefined {
  const [port, colon, address, dot, toPort] = element.slice(0, 5).map(({ text }) => text);
  if (port === undefined || colon !== ":" || address === undefined || (dot !== undefined && dot !== ".")) return undefined;
  const written = address.includes(":") ? `[${address}]` : address;
  const target = targetOf(toPort === undefined ? written : `${written}:${toPort}`);
  return { match: { kind: "port", values: [port], isNegated: false, text: `${protocol} dport ${port}` }, target };
}
