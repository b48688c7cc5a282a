import { LogError } from "../errors.ts";
import { type EvidenceRole, OTHER, type Role } from "./role.ts";

/** How bytes that would break a line are written in a value. `backslash`: `\xHH`, `\"`, `\\`, `\uHHHH`. `hash`: HAProxy's `#HH`. */
export type EscapeStyle = "backslash" | "hash" | "none";

/** A piece of a format: a text that stands in every line, or a value. */
export type FormatPart = string | Role;

/**
 * A line of text as values with fixed texts between them. Not a pattern: a value ends where the text behind it first stands, and what has been read is never read otherwise.
 */
export type Layout = {
  /** What the line begins with. */
  readonly lead: Uint8Array;
  readonly values: readonly LayoutValue[];
  readonly escape: EscapeStyle;
};

/** One value, and the text that ends it; empty for the last of a line. */
export type LayoutValue = {
  readonly role: Role;
  readonly until: Uint8Array;
  /** Evidence that is a part of the value. */
  readonly parts?: readonly EvidenceRole[];
};

const encoder = new TextEncoder();

/**
 * Makes a layout of a format's parts.
 *
 * Errors: LOGS_FORMAT_INVALID when two values touch, so that nobody can tell where one ends, and when none says who a request is from.
 */
export function layoutOf(
  parts: readonly FormatPart[],
  { escape: style, where }: { readonly escape: EscapeStyle; readonly where: string },
): Layout {
  const [lead, rest] = typeof parts[0] === "string" ? [parts[0], parts.slice(1)] : ["", parts];
  const values: LayoutValue[] = [];
  for (const [index, part] of rest.entries()) {
    if (typeof part === "string") continue;
    const next = rest[index + 1];
    if (next !== undefined && typeof next !== "string") {
      throw new LogError("LOGS_FORMAT_INVALID", `${where}: Expected text between two values, for one cannot be told from the next without`);
    }
    values.push({ role: part, until: encoder.encode(next ?? "") });
  }
  return { lead: encoder.encode(lead), values: soleRoles(values), escape: style };
}

/** Joins texts that touch, and a peer with the port behind it, which in IPv6 looks like a part of the address. */
export function joinParts(parts: readonly (FormatPart | { readonly port: true })[]): readonly FormatPart[] {
  const joined: FormatPart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    const before = joined.at(-2);
    if (isPort(part)) {
      if (last === ":" && typeof before === "object" && before.kind === "peer") joined.splice(-2, 2, { kind: "peer", hasPort: true });
      else joined.push(OTHER);
    } else if (typeof part === "string" && typeof last === "string") joined.splice(-1, 1, last + part);
    else if (part !== "") joined.push(part);
  }
  return joined;
}

function isPort(part: FormatPart | { readonly port: true }): part is { readonly port: true } {
  return typeof part === "object" && "port" in part;
}

/** Of two values with one role the first counts. */
function soleRoles(values: readonly LayoutValue[]): readonly LayoutValue[] {
  const seen = new Set<string>();
  return values.map((value) => {
    if (value.role.kind === "other" || value.role.kind === "word") return value;
    const { kind } = value.role;
    const key =
      kind === "header" || kind === "capture" ? `${kind} ${value.role.name}` : kind === "recorded" ? `${kind} ${value.role.what}` : kind;
    if (seen.has(key)) return { ...value, role: OTHER };
    seen.add(key);
    return value;
  });
}
