import { effectOf } from "../address-headers.ts";
import type { HeaderEffect, ValuePart } from "../description.ts";
import { type Statement, textsOf } from "../statement.ts";
import { EVERYBODY, NOBODY } from "../trust.ts";

/** What a `RequestHeader` line does, and whether it does it before mod_remoteip and locations are looked at. */
export type RequestHeader = { readonly effect: HeaderEffect; readonly isEarly: boolean };

/**
 * Reads a `RequestHeader` line; `condition` is what its section asks for. `undefined` where it does nothing to a header.
 *
 * Source: Apache, mod_headers.
 */
export function requestHeaderOf(
  { words, place }: Statement,
  { condition: outer, changed }: { readonly condition: string | undefined; readonly changed: ReadonlySet<string> },
): RequestHeader | undefined {
  const [action = "", name = "", ...rest] = textsOf(words);
  const header = name.toLowerCase().replace(/:$/, "");
  const [value, when] = partsOf(action.toLowerCase(), rest);
  const isEarly = when === "early";
  const limits = [outer, isEarly ? undefined : when].filter((text) => text !== undefined).join("; ");
  const base = { ...effectOf(header, { value: [], place }), ...(limits !== "" && { condition: limits }) };
  const writes = readValue(value ?? "", changed);
  const written = { ...effectOf(header, { value: writes, place }), ...(limits !== "" && { condition: limits }) };
  switch (action.toLowerCase()) {
    case "set":
      return { effect: written, isEarly };
    case "append":
      return { effect: { ...base, keeps: EVERYBODY, writes }, isEarly };
    case "add":
      return { effect: { ...base, keeps: EVERYBODY, writes, joins: "line" }, isEarly };
    case "setifempty":
      return { effect: { ...written, keeps: NOBODY, writes, onlyIfAbsent: true }, isEarly };
    // only what is not among the elements yet is added
    case "merge":
      return {
        effect: { ...base, keeps: EVERYBODY, writes, condition: ["merge", ...(limits === "" ? [] : [limits])].join("; ") },
        isEarly,
      };
    case "unset":
      return { effect: base, isEarly };
    case "edit":
    case "edit*":
      return { effect: { ...base, writes: [{ kind: "unknown", text: rest.join(" ") }] }, isEarly };
    default:
      return undefined;
  }
}

/** The value and what stands behind it: `early`, `env=NAME` or `expr=…`. */
function partsOf(action: string, rest: readonly string[]): readonly [string | undefined, string | undefined] {
  if (action === "unset") return [undefined, rest[0]];
  return action.startsWith("edit") ? [undefined, rest[2]] : [rest[0], rest[1]];
}

/** Reads a value: an expression behind `expr=`, else a format. An expression gives what a header holds by then, so one that was changed is unknown. */
function readValue(text: string, changed: ReadonlySet<string>): readonly ValuePart[] {
  if (text.includes("${")) return [{ kind: "unknown", text }];
  if (!text.startsWith("expr="))
    return /%(?!%)/.test(text) ? [{ kind: "unknown", text }] : [{ kind: "text", text: text.replaceAll("%%", "%") }];
  const parts: ValuePart[] = [];
  for (const [piece] of text.slice("expr=".length).matchAll(/%\{[^{}]*\}|[^%]+|%/g)) {
    parts.push(piece.startsWith("%{") ? readVariable(piece, changed) : { kind: "text", text: piece });
  }
  return parts;
}

function readVariable(piece: string, changed: ReadonlySet<string>): ValuePart {
  const name = piece.slice(2, -1);
  if (name === "REMOTE_ADDR") return { kind: "client" };
  if (name === "CONN_REMOTE_ADDR") return { kind: "peer" };
  const header = /^(?:HTTP|req|req_novary|http):([\w-]+)$/.exec(name)?.[1]?.toLowerCase();
  return header === undefined || changed.has(header) ? { kind: "unknown", text: piece } : { kind: "received", header };
}
