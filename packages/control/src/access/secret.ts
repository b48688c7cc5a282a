import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** What a secret is for, told by its first letters, so that people and scanners for leaked secrets know one when they see it. */
export type SecretKind = "wft" | "wfg" | "wfs";

/** A secret as it is given out, once, and what is kept of it. */
export type NewSecret = {
  readonly id: string;
  readonly text: string;
  /** `hashOfSecret` of the text. */
  readonly hash: string;
};

const ID_BYTES = 8;
const SECRET_BYTES = 32;
const FORM = /^(?:wft|wfg|wfs)_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;

/**
 * Makes a secret: `wft_` for a token, `wfg_` for a gateway's key, `wfs_` for a session; then an id that is not secret; then 256 random bits in
 * base64url.
 *
 * Nobody guesses those, so a slow hash, which is against the guessing of passwords, would only cost time on each request.
 */
export function newSecret(kind: SecretKind): NewSecret {
  const id = randomBytes(ID_BYTES).toString("hex");
  const text = `${kind}_${id}_${randomBytes(SECRET_BYTES).toString("base64url")}`;
  return { id, text, hash: hashOfSecret(text) };
}

/** The id in a secret; `undefined` for a text that is none. It says nothing about whether the secret is right. */
export function secretId(text: string): string | undefined {
  return FORM.exec(text)?.[1];
}

/** Whether a text is the secret that was hashed. It takes the same time wherever the two differ. */
export function isSecret(text: string, hash: string): boolean {
  return timingSafeEqual(Buffer.from(hashOfSecret(text), "hex"), Buffer.from(hash, "hex"));
}

/** SHA-256, in lower-case hexadecimal digits. */
export function hashOfSecret(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
