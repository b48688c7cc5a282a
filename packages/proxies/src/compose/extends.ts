import { isMap } from "yaml";
import { includedFiles } from "../included-files.ts";
import { CONFIG_LIMITS } from "../limits.ts";
import type { ReadContext } from "../reading.ts";
import type { Place, SourceText } from "../source.ts";
import { countStatement } from "../statement.ts";
import { laidOver, type Parts, partsOf } from "./parts.ts";
import { notRead, openYaml, textOf, type YamlFile } from "./yaml-file.ts";

/** What was read for services that take over from others. `undefined` stands for what is not there. */
export type Known = {
  /** By file and name. */
  readonly parts: Map<string, Parts | undefined>;
  readonly files: Map<SourceText, YamlFile | undefined>;
};

/** Nothing was read yet. */
export function nothingKnown(): Known {
  return { parts: new Map(), files: new Map() };
}

/** A file under its name, as one that another one may have led to. */
type At = {
  readonly file: YamlFile;
  readonly name: string;
  readonly depth: number;
  readonly known: Known;
  readonly context: ReadContext;
};

/** The parts of a service, laid over those of the service that it extends. */
export function extendedParts(service: string, { file, name, depth, known, context }: At): Parts {
  const node = file.valueIn(file.valueIn(file.root, "services"), service);
  const own = partsOf(node, { file, ...context });
  const given = file.valueIn(node, "extends");
  if (given === undefined) return own;
  const from = isMap(given) ? textOf(file.valueIn(given, "service")) : textOf(given);
  const other = isMap(given) ? textOf(file.valueIn(given, "file")) : "";
  const place = file.placeOf(given);
  const key = JSON.stringify([name, other, from]);
  if (!known.parts.has(key)) {
    // one that extends itself has no base
    known.parts.set(key, undefined);
    known.parts.set(key, baseParts(from, { other, place, at: { file, name, depth: depth + 1, known, context } }));
  }
  const base = known.parts.get(key);
  if (base === undefined) notRead(given, { file, notes: context.notes, given: `extends ${from}` });
  // what it takes over counts as if it stood there once more
  for (let left = base === undefined ? 0 : base.ports.length + base.environment.size + base.envFiles.length; left > 0; left -= 1)
    if (!countStatement(context.notes, place)) return own;
  return base === undefined ? own : laidOver(base, own);
}

/** The parts of a service that is extended, of the same file or of another; `undefined` when it is not there. */
function baseParts(
  service: string,
  { other, place, at }: { readonly other: string; readonly place: Place; readonly at: At },
): Parts | undefined {
  const { include, notes } = at.context;
  if (at.depth > CONFIG_LIMITS.maxIncludeDepth) return undefined;
  const isThere = (file: YamlFile): boolean => isMap(file.valueIn(file.valueIn(file.root, "services"), service));
  if (other === "") return isThere(at.file) ? extendedParts(service, at) : undefined;
  const [source] = includedFiles(other, { include, notes, place });
  if (source === undefined) return undefined;
  const { files: opened } = at.known;
  if (!opened.has(source)) opened.set(source, openYaml(source, notes));
  const file = opened.get(source);
  if (file === undefined || !isThere(file)) return undefined;
  const parts = extendedParts(service, { ...at, file, name: source.name });
  // a file of variables is looked for beside the file that names it
  const folder = other.slice(0, other.lastIndexOf("/") + 1);
  return {
    ...parts,
    envFiles: parts.envFiles.map((one) => ({ ...one, name: one.name.startsWith("/") ? one.name : `${folder}${one.name}` })),
  };
}
