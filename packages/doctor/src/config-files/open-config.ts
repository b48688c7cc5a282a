import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { CONFIG_LIMITS, type Include, type SkippedWhy, type SourceText } from "@wherefrom/proxies";
import { ConfigFileError } from "./errors.ts";

/** A configuration that was opened, and what finds the files that it includes. */
export type OpenConfig = { readonly source: SourceText; readonly include: Include };

/**
 * Opens a configuration. What it includes is looked for below `root` and nowhere else: by default the folder that the file stands in. A path that is absolute and does not lie there is looked for
 * below the root as if that were `/`, so that the files of an image or of another machine can be read. Links are followed to regular files below the root.
 *
 * Errors: `ConfigFileError` when the file or the root cannot be read.
 */
export function openConfig(path: string, { root }: { readonly root?: string } = {}): OpenConfig {
  const text = readRegular(path);
  if ("why" in text) throw new ConfigFileError("CONFIG_FILE_UNREADABLE", `Cannot read ${path}: expected ${WHY[text.why]}`);
  return {
    source: { name: path, text: text.text },
    include: includeBelow(root ?? dirname(path), root === undefined ? "" : relativeBase(path, root)),
  };
}

/** Finds includes of a text that has no file below a root. */
export function includeBelow(root: string, base = ""): Include {
  const real = realRoot(root);
  return (pattern) => {
    const inside = placeBelow(pattern, { root, real, base });
    if (inside === undefined) return { files: [], skipped: [{ name: pattern, why: "outside-root" }] };
    const found = /[*?]/.test(inside) ? matching(real, inside) : [inside];
    const files: SourceText[] = [];
    const skipped: { name: string; why: SkippedWhy }[] = [];
    for (const path of found.slice(0, CONFIG_LIMITS.maxFiles)) {
      const name = join(root, path);
      const read = readBelow(real, path);
      if ("why" in read) skipped.push({ name, why: read.why });
      else files.push({ name, text: read.text });
    }
    if (found.length > CONFIG_LIMITS.maxFiles) skipped.push({ name: pattern, why: "too-many" });
    return { files, skipped };
  };
}

const WHY: Readonly<Record<SkippedWhy, string>> = {
  "not-there": "a file that is there",
  "outside-root": "a file below the root",
  "not-regular": "a regular file",
  "too-large": `at most ${CONFIG_LIMITS.maxFileBytes} bytes`,
  unreadable: "a file that can be read",
  "too-many": "fewer files",
};

function realRoot(root: string): string {
  try {
    const real = realpathSync(root);
    readdirSync(real);
    return real;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigFileError("CONFIG_ROOT_UNREADABLE", `Cannot read the root: ${why}`, { cause: error });
  }
}

/** Where a file that is named relative to the main one is looked for, below a root that was named. */
function relativeBase(path: string, root: string): string {
  const base = relative(realRoot(root), realRoot(dirname(path)));
  return base.startsWith("..") || isAbsolute(base) ? "" : base;
}

type Below = { readonly root: string; readonly real: string; readonly base: string };

/** A pattern as a path below the root; `undefined` when it leads out. */
function placeBelow(pattern: string, { root, real, base }: Below): string | undefined {
  const within = [real, root].find((folder) => isAbsolute(folder) && isWithin(folder, pattern));
  const path = within !== undefined ? relative(within, pattern) : isAbsolute(pattern) ? `.${pattern}` : join(base, pattern);
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.length === 0 ? undefined : parts.join("/");
}

function isWithin(outer: string, path: string): boolean {
  return path === outer || path.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`);
}

/** Paths below the root that a pattern with `*` and `?` names, in the order of their names. A name with a dot in front has to be named so. */
function matching(real: string, pattern: string): readonly string[] {
  let found: readonly string[] = [""];
  for (const part of pattern.split("/")) {
    found = found.flatMap((folder) => {
      if (!/[*?]/.test(part)) return [join(folder, part)];
      const names = namesIn(real, folder).filter((name) => (part.startsWith(".") || !name.startsWith(".")) && fits(name, part));
      return names.map((name) => join(folder, name));
    });
    if (found.length > CONFIG_LIMITS.maxFiles) found = found.slice(0, CONFIG_LIMITS.maxFiles + 1);
  }
  return found;
}

function namesIn(real: string, folder: string): readonly string[] {
  try {
    const target = realpathSync(join(real, folder));
    return isWithin(real, target) ? readdirSync(target).toSorted() : [];
  } catch {
    return [];
  }
}

/** Whether a name fits a pattern with `*` and `?`. Linear in the name for each star: the last star alone is gone back to. */
function fits(name: string, pattern: string): boolean {
  let [at, next, star, resume] = [0, 0, -1, 0];
  while (at < name.length) {
    if (next < pattern.length && (pattern[next] === "?" || pattern[next] === name[at]) && pattern[next] !== "*") {
      at += 1;
      next += 1;
    } else if (pattern[next] === "*") {
      star = next;
      resume = at;
      next += 1;
    } else if (star !== -1) {
      resume += 1;
      at = resume;
      next = star + 1;
    } else return false;
  }
  while (pattern[next] === "*") next += 1;
  return next === pattern.length;
}

type Read = { readonly text: string } | { readonly why: SkippedWhy };

function readBelow(real: string, path: string): Read {
  try {
    const target = realpathSync(join(real, path));
    return isWithin(real, target) ? readRegular(target) : { why: "outside-root" };
  } catch {
    return { why: "not-there" };
  }
}

/** Opens without waiting for a writer, and looks at what was opened, so that nothing can be put in its place in between. */
function readRegular(path: string): Read {
  let handle: number | undefined;
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = fstatSync(handle);
    if (!found.isFile()) return { why: "not-regular" };
    if (found.size > CONFIG_LIMITS.maxFileBytes) return { why: "too-large" };
    const buffer = Buffer.alloc(CONFIG_LIMITS.maxFileBytes + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < buffer.length; length += count) {
      count = readSync(handle, buffer, length, buffer.length - length, null);
    }
    if (length > CONFIG_LIMITS.maxFileBytes) return { why: "too-large" };
    return { text: buffer.toString("utf8", 0, length).replace(/^\uFEFF/, "") };
  } catch (error) {
    return { why: (error as NodeJS.ErrnoException).code === "ENOENT" ? "not-there" : "unreadable" };
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}
