import type { ValuePart } from "../description.ts";
import type { Word } from "../statement.ts";

/** What a value reads at one place among the rules. */
export type Known = {
  /** What `src` gives there. */
  readonly source: readonly ValuePart[];
  /** What `src` gave before any rule. */
  readonly original: readonly ValuePart[];
  readonly variables: ReadonlyMap<string, readonly ValuePart[]>;
  /** Headers that earlier rules have changed: what they are now, where that is known. */
  readonly changed: ReadonlyMap<string, readonly ValuePart[] | undefined>;
};

/** Parts of one value, at the most: variables that are made of variables grow fast. */
const MAX_PARTS = 256;

/** A variable of the environment stands for what nobody sees here. */
const ENVIRONMENT = /\$(?:\w|\{)/;

/**
 * Reads a value with `%[…]` and `%ci` in it.
 *
 * Source: HAProxy, configuration manual, 8.2.6 "Custom log format".
 */
export function readFormat({ text, isQuoted }: Word, known: Known): readonly ValuePart[] {
  if (isQuoted && ENVIRONMENT.test(text)) return [{ kind: "unknown", text }];
  const parts: ValuePart[] = [];
  for (const [piece] of text.matchAll(/%%|%\[[^\]]*\]?|%(?:\{[^}]*\})?(?:\[[^\]]*\]?|\w+)|[^%]+|%/g)) {
    if (!piece.startsWith("%")) parts.push({ kind: "text", text: piece });
    else if (piece === "%%") parts.push({ kind: "text", text: "%" });
    else if (piece === "%ci") parts.push(...known.source);
    else if (piece.startsWith("%[") && piece.endsWith("]")) parts.push(...readExpression(piece.slice(2, -1), known));
    else parts.push({ kind: "unknown", text: piece });
    if (parts.length > MAX_PARTS) return [{ kind: "unknown", text }];
  }
  return parts;
}

/**
 * Reads an expression: a fetch without converters.
 *
 * Source: HAProxy, configuration manual, 7.3 "Fetching samples": `hdr` gives the last element unless an occurrence is named, counted from 1 or from -1.
 */
export function readExpression(text: string, known: Known): readonly ValuePart[] {
  const unknown: readonly ValuePart[] = [{ kind: "unknown", text: `%[${text}]` }];
  const [, name = "", argument = ""] = /^([\w.]+)(?:\(([^()]*)\))?$/.exec(text.trim()) ?? [];
  switch (name) {
    case "src":
      return known.source;
    case "fc_src":
      return known.original;
    case "str":
      return [{ kind: "text", text: argument }];
    case "var":
      return known.variables.get(argument) ?? unknown;
    case "hdr":
    case "req.hdr":
      return readHeader(argument, "element", known) ?? unknown;
    case "hdr_ip":
    case "req.hdr_ip":
      return readHeader(argument, "address", known) ?? unknown;
    case "fhdr":
    case "req.fhdr":
      return readHeader(argument, "line", known) ?? unknown;
    default:
      return unknown;
  }
}

function readHeader(argument: string, unit: "element" | "address" | "line", { changed }: Known): readonly ValuePart[] | undefined {
  const [, name, occurrence = "-1"] = /^([^,\s]+)(?:,\s*(-?\d+))?$/.exec(argument.trim()) ?? [];
  const count = Number(occurrence);
  if (name === undefined || count === 0) return undefined;
  const header = name.toLowerCase();
  if (changed.has(header)) {
    const now = changed.get(header);
    const isOneAddress = now?.length === 1 && now.every(({ kind }) => kind === "client" || kind === "peer" || kind === "preamble");
    return count === -1 && (isOneAddress || unit === "line") ? now : undefined;
  }
  return [{ kind: "picked", header, unit, index: count > 0 ? count - 1 : count }];
}
