import type { DialectName } from "./dialect/table.ts";
import { folderOf, type SourceFile } from "./env-tree.ts";
import { argumentsAt, isInComment, lineOf, stringsIn } from "./source-text.ts";
import type { Usage } from "./usage.ts";

/** Finds loaders of Node in a source file, in a build tool's configuration and in `package.json`. */
export function findScriptUsages(source: SourceFile, name: string): readonly Usage[] {
  if (name === "package.json") return findInManifest(source);
  const tool = /^(vite|next)\.config\.[cm]?[jt]s$/.exec(name)?.[1] as "vite" | "next" | undefined;
  return [
    ...findImports(source),
    ...(tool === undefined ? [] : [{ ...commonOf(source.path, 1), loader: tool, placeIs: "fixed" } as const]),
  ];
}

function commonOf(path: string, line: number): Pick<Usage, "place" | "because"> {
  return { place: folderOf(path), because: { path, line } };
}

const IMPORT = /(?:\bfrom\s*|\brequire\s*\(\s*|\bimport\s*(?:\(\s*)?)["'](dotenv|@dotenvx\/dotenvx)(?:\/config(?:\.js)?)?["']/g;

function findImports({ path, text }: SourceFile): readonly Usage[] {
  return [...text.matchAll(IMPORT)]
    .filter(({ index }) => !isInComment(text, index, "//"))
    .map((match) => {
      const call = /\.?\bconfig\s*(\()/g.exec(text.slice(match.index));
      const options = call === null ? "" : argumentsAt(text, match.index + call.index + call[0].length - 1);
      const files = stringsIn(/\bpath\s*:\s*(\[[^\]]*\]|[^,}\n]*)/.exec(options)?.[1] ?? "");
      const loader: DialectName = match[1] === "dotenv" ? "dotenv" : "dotenvx";
      return {
        ...commonOf(path, lineOf(text, match.index)),
        loader,
        placeIs: "started",
        ...(files.length > 0 && { files }),
        ...(/\boverride\s*:\s*true\b/.test(options) && { overrides: true }),
      };
    });
}

type Manifest = { readonly scripts?: unknown; readonly dependencies?: unknown; readonly devDependencies?: unknown };

function findInManifest({ path, text }: SourceFile): readonly Usage[] {
  const manifest = parse(text);
  const dependencies = { ...entriesOf(manifest.dependencies), ...entriesOf(manifest.devDependencies) };
  const tools = (["vite", "next"] as const).filter((tool) => tool in dependencies);
  const scripts = Object.values(entriesOf(manifest.scripts)).filter((script) => typeof script === "string");
  return [
    ...tools.map((loader) => ({ ...commonOf(path, lineOf(text, text.indexOf(`"${loader}"`))), loader, placeIs: "fixed" }) as const),
    ...scripts.flatMap((script) => findInCommand({ path, line: lineOf(text, text.indexOf(JSON.stringify(script))) }, script)),
  ];
}

function parse(text: string): Manifest {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" && json !== null ? json : {};
  } catch {
    return {};
  }
}

function entriesOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** Finds `node --env-file`, `dotenvx run` and `dotenv/config` in a command line. */
export function findInCommand(because: Usage["because"], command: string): readonly Usage[] {
  const common = { place: folderOf(because.path), because, placeIs: "started" } as const;
  const found: Usage[] = [];
  const files = [...command.matchAll(/--env-file(?:-if-exists)?[= ]["']?([^\s"']+)/g)].map((match) => match[1] ?? "");
  if (files.length > 0 && /\bnode\b|\btsx\b|\bnodemon\b/.test(command)) found.push({ ...common, loader: "node", files });
  if (/\bdotenvx\s+run\b/.test(command)) {
    const named = [...command.matchAll(/(?:-f|--env-file)[= ]["']?([^\s"']+)/g)].map((match) => match[1] ?? "");
    found.push({
      ...common,
      loader: "dotenvx",
      ...(named.length > 0 && { files: named }),
      ...(/--overload\b/.test(command) && { overrides: true }),
    });
  }
  if (/(?:-r|--require|--import)[= ]dotenv\/config\b/.test(command)) found.push({ ...common, loader: "dotenv" });
  return found;
}
