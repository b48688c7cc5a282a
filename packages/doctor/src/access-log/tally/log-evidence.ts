import { type Evidence, parseAddress } from "wherefrom";
import type { EscapeStyle } from "../format/layout.ts";
import type { EvidenceRole } from "../format/role.ts";
import { captureIn, isNothingText, unescapeValue } from "../read/decode.ts";
import type { HeldEvidence } from "../read/evidence-table.ts";
import { LINE_BREAK } from "../read/json-reader.ts";
import type { Resolved } from "./figures.ts";
import { REJECTIONS } from "./outcome-counter.ts";

const NO_LINES: readonly string[] = [];

/** The peer of a unix socket: as nginx writes it, HAProxy (without the number that it has for a port), and Go. */
const UNIX = /^(?:unix(?::|$)|@$)/;

/** Where the values of a line stand. */
type Values = Pick<HeldEvidence, "text" | "starts" | "ends">;

/** The evidence of one line, and what the server itself made of it. Used again for each. */
export type LogEvidence = Evidence & {
  /** Takes up the values of a line, as they stand in the log. They are read when somebody asks. */
  read(values: Values): void;
  /** What the log says the client is; `undefined` in a log that does not say it. */
  recorded(): Resolved | undefined;
};

const NO_VALUES: Values = { text: "", starts: new Int32Array(0), ends: new Int32Array(0) };

/** Makes evidence of values in the order of `roles`. `-` and nothing are a header that was not there, and a peer that has no address (a unix socket). */
export function createLogEvidence(roles: readonly EvidenceRole[], style: EscapeStyle): LogEvidence {
  const peerAt = roles.findIndex(({ kind }) => kind === "peer");
  const headers = roles.flatMap((role, at) => (role.kind === "header" || role.kind === "capture" ? [createHeader(role, at)] : []));
  const headerOf = new Map(headers.map((header) => [header.role.name, header]));
  const recordedAt = (what: string): number => roles.findIndex((role) => role.kind === "recorded" && role.what === what);
  const at = { ip: recordedAt("ip"), trust: recordedAt("trust"), outcome: recordedAt("outcome"), reason: recordedAt("reason") };
  let values = NO_VALUES;
  const rawAt = (index: number): string => values.text.slice(values.starts[index], values.ends[index]);
  const valueAt = (index: number): string => (index === -1 ? "" : unescapeValue(rawAt(index), style));
  let peer: string | undefined;
  return {
    get peer() {
      return peer;
    },
    lines(name) {
      const header = headerOf.get(name);
      if (header === undefined) return NO_LINES;
      header.lines ??= linesOf(header.role.kind === "capture" ? captureIn(rawAt(header.at), header.role.slot) : rawAt(header.at), style);
      return header.lines;
    },
    read(given) {
      values = given;
      for (const header of headers) header.lines = undefined;
      const text = valueAt(peerAt);
      // most lines have the peer of the one before, and who keeps it finds it faster if it is the same text
      if (text !== peer) peer = isNothingText(text) || UNIX.test(text) ? undefined : text;
    },
    recorded() {
      if (at.ip === -1) return undefined;
      const text = valueAt(at.ip);
      const ip = parseAddress(text.replace(/%.*$/s, ""))?.text ?? null;
      const said = valueAt(at.reason);
      // anything else in its place says nothing; and Traefik writes a whole chain in that of the address
      const reason = REJECTIONS.find((one) => one === said) ?? (ip === null && !isNothingText(text) ? "hop-not-an-address" : undefined);
      return {
        ip,
        outcome: ip === null ? "rejected" : valueAt(at.outcome) === "fallback" ? "fallback" : "resolved",
        trust: valueAt(at.trust) === "verified" ? "verified" : "unverified",
        ...(reason !== undefined && { reason }),
      };
    },
  };
}

/** A header of a line, and its lines once somebody has asked for them. */
type Header = {
  readonly role: Extract<EvidenceRole, { readonly name: string }>;
  readonly at: number;
  lines: readonly string[] | undefined;
};

function createHeader(role: Header["role"], at: number): Header {
  return { role, at, lines: undefined };
}

function linesOf(raw: string, style: EscapeStyle): readonly string[] {
  if (isNothingText(raw)) return NO_LINES;
  const text = unescapeValue(raw, style);
  return text.includes(LINE_BREAK) ? text.split(LINE_BREAK) : [text];
}
