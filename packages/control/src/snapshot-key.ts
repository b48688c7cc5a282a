import { createPrivateKey, createPublicKey, generateKeyPairSync, hkdfSync, type KeyObject } from "node:crypto";
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Snapshot, signSnapshot, snapshotKeyText } from "@wherefrom/model";
import { ControlError } from "./errors.ts";

/** The key that control signs snapshots with. Whoever has it can tell gateways anything, so it is shown nowhere. */
export type SnapshotKey = {
  /** As gateways are told it: `ed25519:…` */
  readonly publicKey: string;
  sign(snapshot: Snapshot): Snapshot;
  /** A secret for another purpose, the same whenever it is asked for. Nothing of the key follows from it, nor of a secret for any other purpose. */
  derive(purpose: string): string;
};

/** Where the key is: PKCS #8 in PEM, as `openssl genpkey -algorithm ed25519` writes it, in a file or in an environment variable. */
export type SnapshotKeyPlace = { readonly file: string } | { readonly variable: string };

const SQLITE_PATH = /^sqlite:(.+)$/s;
const KEY_FILE = "snapshot-key.pem";
const OWNER_ONLY = 0o600;
const OTHERS_MAY_ANYTHING = 0o077;

/**
 * Reads the key. A file that is not there is made, with a new key.
 *
 * Errors: `ControlError` CONTROL_SNAPSHOT_KEY_UNUSABLE, with nothing of the key in it.
 */
export function openSnapshotKey(place: SnapshotKeyPlace): SnapshotKey {
  const privateKey = parseKey("file" in place ? (readKeyFile(place.file) ?? makeKeyFile(place.file)) : readVariable(place.variable), place);
  return {
    publicKey: snapshotKeyText(createPublicKey(privateKey)),
    sign: (snapshot) => signSnapshot(snapshot, privateKey),
    derive: (purpose) => deriveSecret(privateKey, purpose),
  };
}

/**
 * Where the key of an embedded database is: in a file beside it.
 *
 * Errors: `ControlError` CONTROL_SNAPSHOT_KEY_UNUSABLE for a database that is no file.
 */
export function keyPlaceBeside(database: string): SnapshotKeyPlace {
  const path = SQLITE_PATH.exec(database)?.[1];
  if (path !== undefined) return { file: join(dirname(path), KEY_FILE) };
  const message = "Give the key for signing snapshots: all controls over one database sign with the same one, and this one is no file";
  throw new ControlError("CONTROL_SNAPSHOT_KEY_UNUSABLE", message);
}

const SECRET_BYTES = 32;

/** Source: RFC 5869, with the seed of RFC 8032 as key material. */
function deriveSecret(privateKey: KeyObject, purpose: string): string {
  const material = privateKey.export({ format: "der", type: "pkcs8" });
  return Buffer.from(hkdfSync("sha256", material, "", `wherefrom ${purpose}`, SECRET_BYTES)).toString("hex");
}

function readVariable(name: string): string {
  const text = process.env[name];
  if (text === undefined) throw unusable({ variable: name }, "it is not set");
  return text;
}

function parseKey(text: string, place: SnapshotKeyPlace): KeyObject {
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // What OpenSSL says of it helps nobody, and may quote it.
  }
  throw unusable(place, "expected an Ed25519 private key in PEM, such as openssl genpkey -algorithm ed25519 writes");
}

/** `undefined` when there is no such file. */
function readKeyFile(file: string): string | undefined {
  try {
    const opened = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { mode } = fstatSync(opened);
      if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw unusable({ file }, "expected a regular file");
      if ((mode & OTHERS_MAY_ANYTHING) !== 0) {
        const given = (mode & 0o777).toString(8).padStart(4, "0");
        throw unusable({ file }, `expected mode 0600, received ${given}: nobody else may read it. chmod 600, if nobody has`);
      }
      return readFileSync(opened, "utf8");
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error instanceof ControlError ? error : unusable({ file }, `it cannot be read: ${codeOf(error)}`, error);
  }
}

/** Under another name, flushed, renamed: a machine that stops meanwhile leaves no half of a key. */
function makeKeyFile(file: string): string {
  const text = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const fresh = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(fresh, text, { mode: OWNER_ONLY, flag: "wx", flush: true });
    renameSync(fresh, file);
    flushFolder(dirname(resolve(file)));
    return text;
  } catch (error) {
    rmSync(fresh, { force: true });
    throw unusable({ file }, `it is not there and cannot be made: ${codeOf(error)}`, error);
  }
}

function flushFolder(path: string): void {
  const folder = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function unusable(place: SnapshotKeyPlace, why: string, cause?: unknown): ControlError {
  const where = "file" in place ? `in ${JSON.stringify(place.file)}` : `in the variable ${JSON.stringify(place.variable)}`;
  return new ControlError("CONTROL_SNAPSHOT_KEY_UNUSABLE", `The key for signing snapshots ${where} cannot be used: ${why}`, { cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
