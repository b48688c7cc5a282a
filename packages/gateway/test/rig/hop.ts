import { createHmac } from "node:crypto";

/** What a hop is made of, as docs/resolution.md describes it. */
export type HopParts = {
  readonly key?: string;
  readonly secret?: string;
  readonly timeMs?: number;
  readonly id?: string;
  /** What stands between `id` and `mac`. */
  readonly claim?: string;
  readonly method?: string;
  readonly host?: string;
  readonly path?: string;
};

/** A secret long enough to be one. */
export const SECRET = "0123456789abcdef0123456789abcdef";

let count = 0;

/** Makes a hop by the description and not by the gateway's own code, so that the two check each other. */
export function makeHop(parts: HopParts = {}): string {
  count += 1;
  const { key = "edge", secret = SECRET, timeMs = Date.now(), id = `test-${String(count).padStart(16, "0")}` } = parts;
  const { claim = "ip=203.0.113.7;outcome=resolved;trust=verified", method = "GET", host = "gateway.example", path = "/" } = parts;
  const signed = `v=1;key=${key};time=${timeMs};id=${id};${claim}`;
  const text = `wherefrom-hop-1\n${signed}\n${method}\n${host}\n${path}`;
  return `${signed};mac=${createHmac("sha256", secret).update(text).digest("base64url")}`;
}
