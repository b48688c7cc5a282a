import { type Evidence, parseAddress } from "wherefrom";
import type { EscapeStyle } from "../format/layout.ts";
import type { EvidenceRole } from "../format/role.ts";
import { captureIn, unescapeValue } from "../read/decode.ts";
import { LINE_BREAK } from "../read/json-reader.ts";
import type { Resolved } from "./figures.ts";

const NO_LINES: readonly string[] = [];

/** Whether it is what a server writes where there is nothing. */
function isNothing(text: string): boolean {
  return text === "" || text === "-";
}

/** The peer of a unix socket: as nginx writes it, HAProxy (without the number that it has for a port), and Go. */
const UNIX = /^(?:unix(?::|$)|@$)/;

/** Why an algorithm gave no address, as a log may say it. Anything else in its place says nothing. */
const REJECTIONS: readonly NonNullable<Resolved["reason"]>[] = [
  "header-absent",
  "index-out-of-range",
  "hop-not-an-address",
  "untrusted-peer",
  "peer-unknown",
  "header-repeated",
  "too-many-hops",
  "header-too-long",
  "header-malformed",
  "no-entrance-matched",
];

/** The evidence of one line, and what the server itself made of it. Used again for each. */
export type LogEvidence = Evidence & {
  /** Reads the values of a line, as they stand in the log. */
  read(values: readonly string[]): void;
  /** What the log says the client is; `undefined` in a log that does not say it. */
  recorded(): Resolved | undefined;
};

/** Makes evidence of values in the order of `roles`. `-` and nothing are a header that was not there, and a peer that has no address (a unix socket). */
export function createLogEvidence(roles: readonly EvidenceRole[], style: EscapeStyle): LogEvidence {
  const headers = new Map<string, readonly string[]>();
  const peerAt = roles.findIndex(({ kind }) => kind === "peer");
  const headersAt = roles.flatMap((role, at) => (role.kind === "header" || role.kind === "capture" ? [{ role, at }] : []));
  const recordedAt = (what: string): number => roles.findIndex((role) => role.kind === "recorded" && role.what === what);
  const at = { ip: recordedAt("ip"), trust: recordedAt("trust"), outcome: recordedAt("outcome"), reason: recordedAt("reason") };
  let values: readonly string[] = [];
  const valueAt = (index: number): string => unescapeValue(values[index] ?? "", style);
  let peer: string | undefined;
  return {
    get peer() {
      return peer;
    },
    lines: (name) => headers.get(name) ?? NO_LINES,
    read(given) {
      values = given;
      const text = peerAt === -1 ? "" : valueAt(peerAt);
      peer = isNothing(text) || UNIX.test(text) ? undefined : text;
      for (const { role, at: index } of headersAt) {
        const raw = role.kind === "capture" ? captureIn(given[index] ?? "", role.slot) : (given[index] ?? "");
        headers.set(role.name, isNothing(raw) ? NO_LINES : linesOf(unescapeValue(raw, style)));
      }
    },
    recorded() {
      if (at.ip === -1) return undefined;
      const text = valueAt(at.ip);
      const ip = parseAddress(text.replace(/%.*$/s, ""))?.text ?? null;
      const said = valueAt(at.reason);
      // Traefik writes a whole chain here
      const reason = REJECTIONS.find((one) => one === said) ?? (ip === null && !isNothing(text) ? "hop-not-an-address" : undefined);
      return {
        ip,
        outcome: ip === null ? "rejected" : valueAt(at.outcome) === "fallback" ? "fallback" : "resolved",
        trust: valueAt(at.trust) === "verified" ? "verified" : "unverified",
        ...(reason !== undefined && { reason }),
      };
    },
  };
}

function linesOf(text: string): readonly string[] {
  return text.includes(LINE_BREAK) ? text.split(LINE_BREAK) : [text];
}
