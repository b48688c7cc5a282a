import { constants, type Dirent } from "node:fs";
import { type FileHandle, open, readdir, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { type EnvFile, type EnvTree, isEnvName, isTemplateName, type Skipped, type SkipReason, type SourceFile } from "./env-tree.ts";
import { EnvScanError } from "./errors.ts";
import { ENV_LIMITS } from "./limits.ts";

/** Folders that hold other people's code, or what was made from one's own. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  ".git",
  ".hg",
  ".svn",
  "node_modules",
  "bower_components",
  "vendor",
  ".venv",
  "venv",
  "__pycache__",
  "site-packages",
  ".tox",
  ".mypy_cache",
  "dist",
  "build",
  "target",
  ".next",
  ".cache",
]);

const SOURCE_NAME =
  /\.(?:py|[cm]?[jt]sx?|ya?ml|service|sh|bash|toml|env\.keys)$|^(?:Dockerfile.*|Makefile|Procfile|justfile|package\.json|\.envrc)$/;

/** Kernel file systems: reading there can block, never end, or show other processes. */
const KERNEL_FOLDERS: readonly string[] = ["/proc", "/sys", "/dev"];

/**
 * Looks through a folder for env files and for files that say how they are loaded.
 *
 * It stays in the folder: a link is followed to a regular file inside of it and nowhere else, and never to a folder. Only regular files are opened, without waiting, and each size and number has a
 * cap (`ENV_LIMITS`); what is not read for such a reason is told in `skipped`.
 *
 * Errors: `EnvScanError` when the folder itself cannot be read, or is one of the kernel's.
 */
export async function scanEnvTree(folder: string): Promise<EnvTree> {
  const root = await openRoot(folder);
  const scan: Scan = { root, files: new Map(), sources: [], skipped: [], entries: 0 };
  await scanFolder(scan, { path: "", depth: 0 });
  return { root, files: scan.files, sources: scan.sources, skipped: scan.skipped };
}

type Scan = {
  readonly root: string;
  readonly files: Map<string, EnvFile>;
  readonly sources: SourceFile[];
  readonly skipped: Skipped[];
  entries: number;
};

async function openRoot(folder: string): Promise<string> {
  try {
    const root = await realpath(folder);
    if (KERNEL_FOLDERS.some((kernel) => isWithin(kernel, root))) {
      throw new EnvScanError("ENV_FOLDER_REFUSED", `${folder} belongs to the kernel and holds no files to read`);
    }
    await readdir(root);
    return root;
  } catch (error) {
    if (error instanceof EnvScanError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new EnvScanError("ENV_FOLDER_UNREADABLE", `Cannot read the folder: ${why}`, { cause: error });
  }
}

function isWithin(outer: string, path: string): boolean {
  return path === outer || path.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`);
}

async function scanFolder(scan: Scan, { path, depth }: { path: string; depth: number }): Promise<void> {
  const entries = await readdir(join(scan.root, path), { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return skip(scan, { path, why: "unreadable" });
  for (const entry of entries.sort((first, second) => (first.name < second.name ? -1 : 1))) {
    const inside = path === "" ? entry.name : `${path}/${entry.name}`;
    scan.entries += 1;
    if (scan.entries > ENV_LIMITS.maxEntries) {
      if (scan.entries === ENV_LIMITS.maxEntries + 1) skip(scan, { path: inside, why: "limit" });
      return;
    }
    await scanEntry(scan, { entry, path: inside, depth });
  }
}

async function scanEntry(scan: Scan, { entry, path, depth }: { entry: Dirent; path: string; depth: number }): Promise<void> {
  const { name } = entry;
  const isEnv = isEnvName(name);
  if (entry.isDirectory()) {
    // a folder named .env is usually a virtual environment
    if (PASSED_OVER.has(name) || isEnv) return;
    return depth < ENV_LIMITS.maxDepth ? scanFolder(scan, { path, depth: depth + 1 }) : skip(scan, { path, why: "limit" });
  }
  if (!isEnv && !SOURCE_NAME.test(name)) return;
  const target = entry.isSymbolicLink() ? await targetInside(scan.root, path) : join(scan.root, path);
  if (target === undefined) return skip(scan, { path, why: "link-leads-out" });
  await (isEnv ? readEnvFile(scan, { path, target }) : readSource(scan, { path, target }));
}

/** Where a link leads, if that is inside. */
async function targetInside(root: string, path: string): Promise<string | undefined> {
  const target = await realpath(join(root, path)).catch(() => undefined);
  return target !== undefined && isWithin(root, target) ? target : undefined;
}

function skip(scan: Scan, skipped: Skipped): void {
  scan.skipped.push(skipped);
}

type Place = { readonly path: string; readonly target: string };

async function readEnvFile(scan: Scan, { path, target }: Place): Promise<void> {
  const read = await readRegular(target, ENV_LIMITS.maxEnvFileBytes);
  if (read.kind === "skipped") return skip(scan, { path, why: read.why });
  const text = read.bytes.toString("utf8");
  const isUtf8 = Buffer.from(text, "utf8").equals(read.bytes);
  scan.files.set(path, { path, source: { text, isUtf8 }, modifiedMs: read.modifiedMs, isTemplate: isTemplateName(path) });
}

async function readSource(scan: Scan, { path, target }: Place): Promise<void> {
  if (scan.sources.length >= ENV_LIMITS.maxSources) {
    if (!scan.skipped.some(({ why }) => why === "limit")) skip(scan, { path, why: "limit" });
    return;
  }
  const read = await readRegular(target, ENV_LIMITS.maxSourceBytes);
  // a source that is too large is a bundle or data: it says nothing about how it is started
  if (read.kind === "read") scan.sources.push({ path, text: read.bytes.toString("utf8") });
}

type Read =
  | { readonly kind: "read"; readonly bytes: Buffer; readonly modifiedMs: number }
  | { readonly kind: "skipped"; readonly why: SkipReason };

/** Opens without following a link and without waiting for a writer, and looks at what was opened, so that nothing can be put in its place in between. */
async function readRegular(path: string, maxBytes: number): Promise<Read> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile()) return { kind: "skipped", why: "not-regular" };
    if (found.size > maxBytes) return { kind: "skipped", why: "too-large" };
    const buffer = Buffer.alloc(found.size + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < buffer.length; length += count) {
      count = (await handle.read(buffer, length, buffer.length - length)).bytesRead;
    }
    // a file that grew in between is being written
    if (length > found.size) return { kind: "skipped", why: "unreadable" };
    return { kind: "read", bytes: buffer.subarray(0, length), modifiedMs: found.mtimeMs };
  } catch {
    return { kind: "skipped", why: "unreadable" };
  } finally {
    await handle?.close();
  }
}
