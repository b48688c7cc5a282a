import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { canonicalJson } from "./canonical-json.ts";
import type { Snapshot } from "./snapshot.ts";

const KEY = /^ed25519:([A-Za-z0-9_-]{43})$/;
const VALUE = /^[A-Za-z0-9_-]{86}$/;
/** Stands before what is signed, so that a signature made for something else with the same key is none of a snapshot. */
const PURPOSE = "wherefrom snapshot 1\n";

/** What a signature says of a snapshot, to somebody who takes those of some keys. */
export type SignatureVerdict =
  | { readonly kind: "valid"; readonly key: string }
  | { readonly kind: "unsigned" }
  /** A signature by a key that is none of those; whether it fits was not looked at. */
  | { readonly kind: "unknown-key" }
  | { readonly kind: "wrong" };

/** The public half of a key as configurations name it: `ed25519:` and the 32 bytes in base64url. */
export function snapshotKeyText(publicKey: KeyObject): string {
  return `ed25519:${publicKey.export({ format: "jwk" }).x}`;
}

export function isSnapshotKey(text: string): boolean {
  return KEY.test(text);
}

/**
 * Signs a snapshot: all of it as canonical JSON, but the signature itself. The same snapshot and key always give the same signature.
 *
 * Source: RFC 8032, Ed25519.
 */
export function signSnapshot(snapshot: Snapshot, privateKey: KeyObject): Snapshot {
  const key = snapshotKeyText(createPublicKey(privateKey));
  return { ...snapshot, signature: { key, value: sign(null, signedBytes(snapshot), privateKey).toString("base64url") } };
}

/** Whether a JSON value is signed by one of these keys. Not whether it is a snapshot. */
export function verifySnapshot(json: unknown, keys: readonly string[]): SignatureVerdict {
  const signature = signatureIn(json);
  if (signature === undefined) return { kind: "unsigned" };
  const { key, value } = signature;
  if (!keys.includes(key)) return { kind: "unknown-key" };
  const isValid = verify(null, signedBytes(json as object), publicKeyOf(key), Buffer.from(value, "base64url"));
  return isValid ? { kind: "valid", key } : { kind: "wrong" };
}

/** The key that a JSON value says it is signed by. Nobody has looked whether that is true. */
export function claimedKeyOf(json: unknown): string | undefined {
  return signatureIn(json)?.key;
}

function signatureIn(json: unknown): { readonly key: string; readonly value: string } | undefined {
  const { signature } = asObject(json);
  const { key, value } = asObject(signature);
  return typeof key === "string" && KEY.test(key) && typeof value === "string" && VALUE.test(value) ? { key, value } : undefined;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function signedBytes(snapshot: object): Buffer {
  const { signature: _signature, ...signed } = snapshot as Readonly<Record<string, unknown>>;
  return Buffer.from(`${PURPOSE}${canonicalJson(signed)}`, "utf8");
}

/** The last one is kept: a gateway takes snapshots by one key, and to read it costs half as much as to check what it signed. */
let lastKey: { readonly text: string; readonly key: KeyObject } | undefined;

function publicKeyOf(text: string): KeyObject {
  if (lastKey?.text !== text) {
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: KEY.exec(text)?.[1] ?? "" }, format: "jwk" });
    lastKey = { text, key };
  }
  return lastKey.key;
}
