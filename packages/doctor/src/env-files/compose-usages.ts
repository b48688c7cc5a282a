import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { EnvEntry, EnvValue } from "./dialect/reading.ts";
import { folderOf, type SourceFile } from "./env-tree.ts";
import type { Usage } from "./usage.ts";

/** Whether a file is read by docker compose by its name. */
export function isComposeName(name: string): boolean {
  return /^(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml$/.test(name);
}

/**
 * Finds `env_file` and `environment` of every service in a compose file. What is in the project's `.env` only fills in variables in this file, so a value with a variable is unknown here.
 *
 * Source: Docker, "Environment variables precedence": `environment` goes before `env_file`, a later file before an earlier one.
 */
export function findComposeUsages({ path, text }: SourceFile): readonly Usage[] {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: false, logLevel: "silent" });
  const services = document.get("services", true);
  if (!isMap(services)) return [];
  const lineAt = (node: unknown): number => counter.linePos((node as Node | undefined)?.range?.[0] ?? 0).line;
  return services.items.flatMap(({ key, value }) => {
    if (!isMap(value)) return [];
    const files = filesOf(value.get("env_file", true));
    const entries = entriesOf(value.get("environment", true), lineAt);
    if (files.length === 0 && entries.length === 0) return [];
    const because = { path, line: lineAt(key) };
    return [
      {
        loader: "compose",
        place: folderOf(path),
        placeIs: "fixed",
        because,
        files,
        ...(entries.length > 0 && { inline: { entries, wins: true } }),
      } as const,
    ];
  });
}

function filesOf(node: unknown): readonly string[] {
  if (isScalar(node)) return typeof node.value === "string" ? [node.value] : [];
  if (isMap(node)) return filesOf(node.get("path", true));
  return isSeq(node) ? node.items.flatMap(filesOf) : [];
}

function entriesOf(node: unknown, lineAt: (node: unknown) => number): readonly EnvEntry[] {
  if (isMap(node)) {
    return node.items.flatMap(({ key, value }) =>
      isScalar(key) ? [{ key: String(key.value), line: lineAt(key), value: composeValue(isScalar(value) ? value.value : null) }] : [],
    );
  }
  if (!isSeq(node)) return [];
  return node.items.flatMap((item) => {
    if (!isScalar(item) || typeof item.value !== "string") return [];
    const equals = item.value.indexOf("=");
    const [key, value] = equals === -1 ? [item.value, null] : [item.value.slice(0, equals), item.value.slice(equals + 1)];
    return [{ key, line: lineAt(item), value: composeValue(value) }];
  });
}

/** A name without a value is passed on from whoever runs compose. */
function composeValue(value: unknown): EnvValue {
  if (value === null || value === undefined) return { kind: "unknown", why: "environment" };
  const text = String(value);
  if (!text.includes("$")) return { kind: "text", text };
  return /^(?:[^$]|\$\$)*$/.test(text) ? { kind: "text", text: text.replaceAll("$$", "$") } : { kind: "unknown", why: "environment" };
}
