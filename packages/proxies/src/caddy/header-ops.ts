import { ADDRESS_HEADERS, effectOf } from "../address-headers.ts";
import type { HeaderEffect, ValuePart } from "../description.ts";
import { type Statement, textsOf, type Word } from "../statement.ts";
import { EVERYBODY, NOBODY } from "../trust.ts";
import { isMatcher, type Matcher, type Matchers, matcherOf } from "./matchers.ts";
import { readValue } from "./values.ts";

/** What a line does to a header: `+X-Y value` adds a line, `-X-Y` deletes, `X-Y value` sets, `X-Y pattern value` replaces. */
export type HeaderOp = {
  readonly kind: "add" | "set" | "delete" | "replace";
  readonly effects: readonly HeaderEffect[];
};

type OpOptions = {
  readonly remote: readonly ValuePart[];
  readonly matcher: Matcher;
  /** What headers were made by before this one is looked at: `received` is what came to the proxy, and no longer there. */
  readonly changed: readonly HeaderEffect[];
  /** Whether the request that came is still there beside what is made of it. */
  readonly isLate?: boolean;
};

/**
 * Reads `header_up`, or `request_header` behind its matcher.
 *
 * Source: Caddy, "Caddyfile Directives", `reverse_proxy` and `request_header`.
 */
export function headerOpOf(
  { words, place }: Pick<Statement, "words" | "place">,
  { remote, matcher, changed, isLate = false }: OpOptions,
): HeaderOp {
  const [field, value, replacement] = textsOf(words);
  const sign = /^[+-]/.exec(field ?? "")?.[0];
  const name = (sign === undefined ? (field ?? "") : (field ?? "").slice(1)).toLowerCase();
  if (sign === "-") return { kind: "delete", effects: headersFor(name).map((header) => deletion(header, { matcher, place })) };
  const limits = limitsOf(matcher);
  if (replacement !== undefined) {
    const text = `${value ?? ""} ${replacement}`;
    return { kind: "replace", effects: [{ ...effectOf(name, { value: [{ kind: "unknown", text }], place }), ...limits }] };
  }
  const parts = readValue(value ?? "", remote).map(
    (part): ValuePart =>
      part.kind === "received" && changed.some(({ header }) => header === part.header)
        ? { kind: "unknown", text: `{header.${part.header}}` }
        : part,
  );
  if (sign === "+")
    return {
      kind: "add",
      effects: [{ ...effectOf(name, { value: [], place }), keeps: EVERYBODY, writes: parts, joins: "line", ...limits }],
    };
  const effect = effectOf(name, { value: parts, place });
  // what came is not what the header holds by now
  return { kind: "set", effects: [isLate ? { ...effect, keeps: NOBODY, writes: parts, ...limits } : { ...effect, ...limits }] };
}

/** A star at an end of the name stands for anything. */
function headersFor(name: string): readonly string[] {
  if (!name.includes("*")) return [name];
  const part = name.replaceAll(/^\*|\*$/g, "");
  return ADDRESS_HEADERS.filter((header) => {
    if (name.startsWith("*") && name.endsWith("*")) return header.includes(part);
    return name.endsWith("*") ? header.startsWith(part) : header.endsWith(part);
  });
}

function deletion(header: string, { matcher, place }: { readonly matcher: Matcher; readonly place: HeaderEffect["place"] }): HeaderEffect {
  const { except = [], ...limits } = limitsOf(matcher);
  const effect = { ...effectOf(header, { value: [], place }), ...limits };
  return except.length === 0 ? effect : { ...effect, keeps: { kind: "list", entries: except }, joins: "line" };
}

function limitsOf(matcher: Matcher): Partial<Pick<HeaderEffect, "except" | "condition">> {
  switch (matcher.kind) {
    case "all":
      return {};
    case "peer":
      return matcher.isInside ? { condition: matcher.text } : { except: matcher.entries };
    case "unknown":
      return { condition: matcher.text };
  }
}

/** The matcher that a directive begins with, and its other words. */
export function matched(words: readonly Word[], matchers: Matchers): { readonly matcher: Matcher; readonly rest: readonly Word[] } {
  const [first, ...rest] = words;
  if (first === undefined || !isMatcher(first.text)) return { matcher: { kind: "all" }, rest: words };
  return { matcher: matcherOf(first.text, matchers), rest };
}
