import type { FieldMapping } from "./json-fields.ts";
import { type FormatPart, type Layout, layoutOf } from "./layout.ts";
import { type EvidenceRole, OTHER } from "./role.ts";

/**
 * HAProxy's HTTP log (`option httplog`) as layouts: with and without what syslog writes before it, with and without captures. Which header was captured is not in the log: `captured` says it.
 *
 * Not its TCP log, and none of a `log-format` of one's own.
 * Source: HAProxy configuration manual, 8.2.3 and 8.8.
 */
export function haproxyLayouts(captured: readonly FieldMapping[]): readonly Layout[] {
  return [true, false].flatMap((hasSyslog) => [true, false].map((hasCaptures) => haproxyLayout({ hasSyslog, hasCaptures, captured })));
}

type Variant = { readonly hasSyslog: boolean; readonly hasCaptures: boolean; readonly captured: readonly FieldMapping[] };

function haproxyLayout({ hasSyslog, hasCaptures, captured }: Variant): Layout {
  const line: readonly FormatPart[] = [
    ...(hasSyslog ? [OTHER, "]: "] : []),
    { kind: "peer", hasPort: true },
    " [",
    { kind: "time" },
    "] ",
    OTHER, // frontend
    " ",
    OTHER, // backend/server
    " ",
    OTHER, // times
    " ",
    { kind: "status" },
    " ",
    { kind: "word" },
    " ",
    OTHER, // captured cookies
    " ",
    OTHER,
    " ",
    OTHER, // how it ended
    " ",
    OTHER, // connections
    " ",
    { kind: "word" }, // queues
    ...(hasCaptures ? [" {", { kind: "captures" } as const, '} "'] : [' "']),
    { kind: "request" },
    '"',
  ];
  const layout = layoutOf(line, { escape: "hash", where: "haproxy" });
  if (!hasCaptures) return layout;
  const parts = captured.map(
    ({ name, path }): EvidenceRole => ({
      kind: "capture",
      name: name === "xff" ? "x-forwarded-for" : name.replace(/^header\./, ""),
      slot: Number(path[1]),
    }),
  );
  return { ...layout, values: layout.values.map((value) => (value.role.kind === "captures" ? { ...value, parts } : value)) };
}

/** Whether a mapping names a captured header of HAProxy. */
export function isCapture({ path }: FieldMapping): boolean {
  return path[0] === "capture" && path.length === 2 && /^[1-9]\d?$/.test(path[1] ?? "");
}
