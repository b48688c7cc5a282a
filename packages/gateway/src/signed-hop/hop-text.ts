import { parseAddress, type Rejection, type Resolution, type Trust } from "wherefrom";
import { isRejection } from "../rejections.ts";

/** The header by which one gateway tells the next who the client is. */
export const hopHeader: string = "X-Wherefrom-Hop";

/** What a hop says of the client. */
export type HopClaim = {
  /** Canonical text. */
  readonly ip: string;
  readonly port: number | undefined;
  readonly outcome: "resolved" | "fallback";
  readonly trust: Trust;
  /** Why the signer's policy gave no address: exactly when `outcome` is `fallback`. */
  readonly reason: Rejection | undefined;
};

/** A hop as it was read. Nobody has checked yet that its signature is one. */
export type HopReading = {
  readonly keyId: string;
  /** Milliseconds since 1970, by the signer's clock. */
  readonly issuedAtMs: number;
  readonly claim: HopClaim;
  /** Everything in front of the signature, as it came: what is signed. */
  readonly signed: string;
  /** 32 bytes in base64url. Several texts stand for the same bytes there, so it is compared as text. */
  readonly signature: string;
};

/** A key's name. Nothing in it means anything in the header. */
export const keyIdPattern: RegExp = /^[A-Za-z0-9._-]{1,32}$/;

/** What a gateway writes is shorter. */
const MAX_LENGTH = 512;
const MAX_PORT = 65_535;

const HOP =
  /^(v=1;key=([A-Za-z0-9._-]{1,32});time=(\d{13});id=[A-Za-z0-9_-]{17,40};ip=([0-9a-f.:]{2,45})(?:;port=([1-9]\d{0,4}|0))?;outcome=(resolved|fallback);trust=(verified|unverified)(?:;reason=([a-z-]{1,32}))?);mac=([A-Za-z0-9_-]{43})$/;

/** Reads a header value; `undefined` when no gateway wrote it. There is one order of fields and one way to write each, so no two readers differ. */
export function parseHop(value: string): HopReading | undefined {
  if (value.length > MAX_LENGTH) return undefined;
  const parts = HOP.exec(value);
  if (parts === null) return undefined;
  const [, signed = "", keyId = "", time, ip = "", port, outcome, trust, reason, signature = ""] = parts;
  if (parseAddress(ip)?.text !== ip || Number(port ?? 0) > MAX_PORT) return undefined;
  if ((outcome === "fallback") !== (reason !== undefined) || (reason !== undefined && !isRejection(reason))) return undefined;
  const claim: HopClaim = {
    ip,
    port: port === undefined ? undefined : Number(port),
    outcome: outcome === "fallback" ? "fallback" : "resolved",
    trust: trust === "verified" ? "verified" : "unverified",
    reason,
  };
  return { keyId, issuedAtMs: Number(time), claim, signed, signature };
}

/** Writes what is to be signed of a resolution. `id` is used once for a key. */
export function formatClaim({ ip, port, outcome, trust, reason }: Resolution, { keyId, issuedAtMs, id }: ClaimContext): string {
  const address = port === undefined ? `ip=${ip}` : `ip=${ip};port=${port}`;
  const why = reason === undefined ? "" : `;reason=${reason}`;
  return `v=1;key=${keyId};time=${issuedAtMs};id=${id};${address};outcome=${outcome};trust=${trust}${why}`;
}

type ClaimContext = { readonly keyId: string; readonly issuedAtMs: number; readonly id: string };

/** Joins what was signed and its signature. */
export function formatHop(signed: string, signature: string): string {
  return `${signed};mac=${signature}`;
}
