import { findComposeUsages, isComposeName } from "./compose-usages.ts";
import { folderOf, type SourceFile } from "./env-tree.ts";
import { findPythonUsages } from "./python-usages.ts";
import { findScriptUsages } from "./script-usages.ts";
import { findShellUsages } from "./shell-usages.ts";
import { findUnitUsages } from "./unit-usages.ts";
import type { Usage } from "./usage.ts";

/** Finds the lines that show which loaders are used. What a program computes (a path joined at run time, a name from a variable) is not followed. */
export function findUsages(sources: readonly SourceFile[]): readonly Usage[] {
  return sources.flatMap((source) => {
    const name = source.path.slice(folderOf(source.path).length).replace("/", "");
    if (name.endsWith(".py")) return findPythonUsages(source);
    if (name === "package.json" || /\.[cm]?[jt]sx?$/.test(name)) return findScriptUsages(source, name);
    if (isComposeName(name)) return findComposeUsages(source);
    if (name.endsWith(".service")) return findUnitUsages(source);
    return /\.ya?ml$|\.toml$/.test(name) ? [] : findShellUsages(source);
  });
}
