import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** What is in a sealed file. Only a whole one has a text. */
export type SealedReading =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "absent" }
  /** `why` says what was expected and what is there, without any of its content. */
  | { readonly kind: "unusable"; readonly why: string };

const OWNER_ONLY = 0o600;
const OTHERS_MAY_WRITE = 0o022;
/** The first line, and the rest by its length and digest. */
const SEAL = /^wherefrom sealed 1 ([0-9]{1,9}) ([0-9a-f]{64})\n/;
const MAX_SEAL_BYTES = 96;

/**
 * Writes a text so that a reader finds the whole of it or the whole of what was there before, whenever the machine stops: under another name,
 * flushed, renamed, the folder flushed. Nobody but the owner may read it. Two writers at a time need two processes.
 *
 * Errors: those of the file system; what was there before is still there.
 */
export async function writeSealed(path: string, text: string): Promise<void> {
  const fresh = `${path}.${process.pid}.tmp`;
  const body = Buffer.from(text, "utf8");
  try {
    const handle = await open(fresh, "w", OWNER_ONLY);
    try {
      await handle.writeFile(Buffer.concat([Buffer.from(`wherefrom sealed 1 ${body.length} ${digestOf(body)}\n`), body]));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    throw error;
  }
  await flushFolder(dirname(path));
}

/** Reads a sealed file. A torn or changed one is unusable, and so is one that others may write. */
export async function readSealed(path: string, maxBytes: number): Promise<SealedReading> {
  try {
    // Neither a link nor a pipe that somebody put there: the first leads elsewhere, and opening the second would wait for ever.
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size, mode } = await handle.stat();
      if ((mode & constants.S_IFMT) !== constants.S_IFREG) return unusable("expected a regular file");
      if ((mode & OTHERS_MAY_WRITE) !== 0) return unusable("expected a file that only its owner may write");
      if (size > maxBytes + MAX_SEAL_BYTES) return unusable(`expected at most ${maxBytes} bytes, received ${size}`);
      return judge(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return code === "ENOENT" ? { kind: "absent" } : unusable(`it cannot be read: ${code}`);
  }
}

function judge(bytes: Buffer): SealedReading {
  const seal = SEAL.exec(bytes.subarray(0, MAX_SEAL_BYTES).toString("latin1"));
  if (seal === null) return unusable("expected a seal in its first line");
  const body = bytes.subarray(seal[0].length);
  if (body.length !== Number(seal[1])) return unusable(`expected ${seal[1]} bytes, received ${body.length}`);
  if (digestOf(body) !== seal[2]) return unusable("expected the content that it was sealed with");
  return { kind: "text", text: body.toString("utf8") };
}

function unusable(why: string): SealedReading {
  return { kind: "unusable", why };
}

/** A digest against accidents. Who may write the file may seal it. */
function digestOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function flushFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
