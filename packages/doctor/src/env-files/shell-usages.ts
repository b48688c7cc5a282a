import { folderOf, isEnvName, type SourceFile } from "./env-tree.ts";
import { findInCommand } from "./script-usages.ts";
import type { Usage } from "./usage.ts";

/** Finds `. FILE` and `source FILE` with an env file, and Node's options, in scripts, make files and the like. */
export function findShellUsages({ path, text }: SourceFile): readonly Usage[] {
  return text.split("\n").flatMap((line, index) => {
    if (line.trimStart().startsWith("#")) return [];
    const because = { path, line: index + 1 };
    const sourced = [...line.matchAll(/(?:^|[;&(\s])(?:\.|source)\s+["']?([^\s"';&)]+)/g)].map((match) => match[1] ?? "");
    const files = sourced.filter((file) => isEnvName(file.slice(file.lastIndexOf("/") + 1)));
    const shell: readonly Usage[] =
      files.length === 0 ? [] : [{ loader: "shell", place: folderOf(path), placeIs: "started", because, files }];
    return [...shell, ...findInCommand(because, line)];
  });
}
