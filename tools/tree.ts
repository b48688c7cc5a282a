import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** The files of a repository, or of a test's small stand-in for one. Paths are relative to the root, with forward slashes. */
export type Tree = {
  readonly paths: ReadonlySet<string>;
  /** The text of a file in `paths`. Throws for any other path. */
  read(path: string): string;
};

/** A tree held in memory. */
export function treeOf(files: Readonly<Record<string, string>>): Tree {
  return {
    paths: new Set(Object.keys(files)),
    read(path: string): string {
      const text = files[path];
      if (text === undefined) throw new Error(`No file ${path} in this tree`);
      return text;
    },
  };
}

/** The files under a folder that belong to the project: those git tracks, and new ones that it does not ignore. Works without git too. */
export function treeAt(root: string): Tree {
  const listed = listWithGit(root) ?? listFolder(root, "");
  // a file deleted but not yet committed is still listed
  const paths = new Set(listed.filter((path) => existsSync(join(root, path))).sort());
  return { paths, read: (path) => readFileSync(join(root, path), "utf8") };
}

/** Where `target` leads from the folder of `path`; undefined when it leads out of the tree. */
export function resolvePath(path: string, target: string): string | undefined {
  const joined = target.startsWith("/") ? posix.normalize(target.slice(1)) : posix.join(posix.dirname(path), target);
  return joined === ".." || joined.startsWith("../") ? undefined : joined;
}

/** The line on which an offset stands; 1 is the first. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}

function listWithGit(root: string): string[] | undefined {
  // a checkout that belongs to another user is still this project
  const arguments_ = ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  try {
    const output = execFileSync("git", arguments_, {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      maxBuffer: 64 * 1024 * 1024,
    });
    const paths = output.split("\0").filter((path) => path !== "");
    return paths.length === 0 ? undefined : paths;
  } catch {
    return undefined;
  }
}

/** Without git nobody says what is ignored: these are the names in .gitignore. */
const ignoredNames: ReadonlySet<string> = new Set([".git", "node_modules", "dist", "data", "coverage"]);

function listFolder(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (ignoredNames.has(entry.name) || entry.name.endsWith(".tsbuildinfo")) return [];
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) return listFolder(root, path);
    return entry.isFile() ? [path] : [];
  });
}
