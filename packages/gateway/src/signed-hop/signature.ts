import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";

/** The request that a hop was signed for: it says who this one is from, and no other. */
export type BoundRequest = {
  readonly method: string;
  /** As in the Host field that the next gateway gets; compared without case. */
  readonly host: string;
  readonly pathAndQuery: string;
};

/** Signs with HMAC-SHA-256 (RFC 2104). None of the texts can hold a line feed, so no two inputs are joined to the same text. */
export function signatureOf(signed: string, { key, request }: { readonly key: KeyObject; readonly request: BoundRequest }): string {
  const { method, host, pathAndQuery } = request;
  const text = `wherefrom-hop-1\n${signed}\n${method}\n${host.toLowerCase()}\n${pathAndQuery}`;
  return createHmac("sha256", key).update(text, "latin1").digest("base64url");
}

/** Compares in a time that does not tell how much of it was right. */
export function isSameSignature(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left, "latin1"), Buffer.from(right, "latin1"));
}
