import { createSecretKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { escapeText } from "wherefrom";
import { GatewayError } from "../errors.ts";
import type { SignedHopOptions } from "./hop-options.ts";

/** Of a secret, in bytes: as many as the digest has at the least (RFC 2104 §3). */
const MIN_SECRET_BYTES = 32;
const MAX_SECRET_BYTES = 4_096;

/**
 * Reads the secrets of all keys, by id. A secret is the bytes of its file or variable without a line end behind them.
 *
 * Errors: `GATEWAY_SECRET_UNUSABLE`, which names each key whose secret cannot be used and where it was looked for, and nothing of the secret.
 */
export async function readHopKeys(keys: SignedHopOptions["keys"], env: NodeJS.ProcessEnv): Promise<ReadonlyMap<string, KeyObject>> {
  const read = await Promise.allSettled(keys.map(async (key) => [key.id, createSecretKey(await readSecret(key, env))] as const));
  const faults = read.flatMap((result) => (result.status === "rejected" ? String(result.reason.message) : []));
  if (faults.length > 0) throw new GatewayError("GATEWAY_SECRET_UNUSABLE", faults.join("; "));
  return new Map(read.flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])));
}

async function readSecret({ id, secretFile, secretVariable }: SignedHopOptions["keys"][number], env: NodeJS.ProcessEnv): Promise<Buffer> {
  const where = secretFile === undefined ? `the variable ${escapeText(secretVariable ?? "")}` : `the file ${escapeText(secretFile)}`;
  const unusable = (why: string): Error => new Error(`The secret of key ${id} in ${where} cannot be used: ${why}`);
  const bytes =
    secretFile === undefined ? fromVariable(env[secretVariable ?? ""]) : await fromFile(secretFile).catch((error: Error) => error);
  if (bytes === undefined) throw unusable("it is not set");
  if (bytes instanceof Error) throw unusable(escapeText(bytes.message));
  if (bytes.length < MIN_SECRET_BYTES || bytes.length > MAX_SECRET_BYTES) {
    throw unusable(`expected ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes, received ${bytes.length}`);
  }
  return bytes;
}

function fromVariable(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : withoutLineEnd(Buffer.from(text));
}

async function fromFile(path: string): Promise<Buffer> {
  return withoutLineEnd(await readFile(path));
}

/** Editors put one there, and no one sees it. */
function withoutLineEnd(bytes: Buffer): Buffer {
  const text = bytes.toString("latin1").replace(/\r?\n$/, "");
  return Buffer.from(text, "latin1");
}
