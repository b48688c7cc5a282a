import { folderOf, type SourceFile } from "./env-tree.ts";
import { argumentsAt, isInComment, lineOf, stringsIn } from "./source-text.ts";
import type { Usage } from "./usage.ts";

/** Finds python-dotenv's calls and pydantic's `env_file` in a Python file. */
export function findPythonUsages({ path, text }: SourceFile): readonly Usage[] {
  const isSettings = /\b(?:BaseSettings|SettingsConfigDict|pydantic)\b/.test(text);
  return [
    ...[...text.matchAll(/\b(?:load_dotenv|dotenv_values)\s*(\()/g)]
      .filter(({ index }) => !isInComment(text, index, "#"))
      .map(({ 0: call, index }) => dotenvCall(path, { call: argumentsAt(text, index + call.length - 1), line: lineOf(text, index) })),
    ...(isSettings ? [...text.matchAll(/\benv_file\s*=\s*([([]?[^\n)\]]*)/g)] : [])
      .filter(({ index }) => !isInComment(text, index, "#"))
      .flatMap(({ 1: value = "", index }) => settingsField(path, { value, line: lineOf(text, index) })),
  ];
}

/** Without a path it starts at the calling file; with `usecwd`, or with a path that is not made of `__file__`, at the folder the process was started in. */
function dotenvCall(path: string, { call, line }: { call: string; line: number }): Usage {
  const place = folderOf(path);
  const because = { path, line };
  const overrides = /\boverride\s*=\s*True\b/.test(call);
  const common = { loader: "python-dotenv", place, because, ...(overrides && { overrides }) } as const;
  const [file] = stringsIn(call);
  if (file !== undefined && !/\bfind_dotenv\b/.test(call))
    return { ...common, placeIs: /__file__/.test(call) ? "fixed" : "started", files: [file] };
  return { ...common, placeIs: /\busecwd\s*=\s*True\b/.test(call) ? "started" : "fixed" };
}

function settingsField(path: string, { value, line }: { value: string; line: number }): readonly Usage[] {
  const files = stringsIn(value);
  if (files.length === 0) return [];
  const placeIs = /__file__/.test(value) ? "fixed" : "started";
  return [{ loader: "pydantic-settings", place: folderOf(path), placeIs, because: { path, line }, files }];
}
