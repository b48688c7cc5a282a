import { agree } from "./agree.ts";
import { type RawEntry, readDotenvEntries } from "./dotenv.ts";
import { expandScript, lookupIn, type ScriptVariant } from "./expand.ts";
import { readNode } from "./node.ts";
import { type Dialect, type EnvEntry, type EnvValue, type ProcessEnvironment, textValue } from "./reading.ts";

/** dotenv for Node: nothing is filled in. */
export const readDotenv: Dialect = (text) => ({
  entries: readDotenvEntries(text).map((entry) => ({ key: entry.key, line: entry.line, value: textValue(unescapeDouble(entry)) })),
  faults: [],
});

/**
 * Vite: Node's own reading from release 8 on, dotenv's before; then dotenv-expand, whatever the quotes. What the two readings do not agree on is unknown.
 */
export const readVite: Dialect = (text, environment) => {
  const entries = agree(readDotenv(text, environment).entries, readNode(text, environment).entries);
  return { entries: fillInWhole(entries, { environment, variant: "current" }), faults: [] };
};

/** Next.js: dotenv, and the early dotenv-expand that it has built in. A variable that leads back to itself makes it drop the whole file, so then nothing is known. */
export const readNext: Dialect = (text, environment) => {
  const entries = fillInWhole(readDotenv(text, environment).entries, { environment, variant: "next" });
  const isInDoubt = entries.some(({ value }) => value.kind === "unknown" && value.why === "expansion");
  return {
    entries: isInDoubt ? entries.map((entry) => ({ ...entry, value: { kind: "unknown", why: "expansion" } as const })) : entries,
    faults: [],
  };
};

/** dotenvx: it fills in while it reads, single quotes keep everything, `$(…)` runs a program, `encrypted:` needs a key. */
export const readDotenvx: Dialect = (text, environment) => {
  const assigned = new Map<string, EnvValue>();
  const lookup = lookupIn({ assigned, environment, first: "environment" });
  const entries = readDotenvEntries(text).map((entry) => {
    const raw = unescapeMore(entry);
    const value = judgeDotenvx(entry.quote === "'" ? textValue(raw) : expandScript(raw, { lookup }));
    assigned.set(entry.key, value);
    return { key: entry.key, value, line: entry.line };
  });
  return { entries, faults: [] };
};

type Filling = { readonly environment: ProcessEnvironment; readonly variant: ScriptVariant };

/** Fills in after the whole file is read: a key given twice has its last text, and a variable from further down is put in as it is written there. */
function fillInWhole(entries: readonly EnvEntry[], { environment, variant }: Filling): readonly EnvEntry[] {
  const last = new Map(entries.map((entry) => [entry.key, entry]));
  const assigned = new Map([...last].map(([key, { value }]) => [key, value]));
  const lookup = lookupIn({ assigned, environment, first: "environment" });
  const lookupDefaulted = variant === "next" ? lookupIn({ assigned: new Map(), environment, first: "environment" }) : lookup;
  return [...last.values()].map((entry) => {
    if (entry.value.kind !== "text") return entry;
    const value = expandScript(entry.value.text, { lookup, lookupDefaulted, variant });
    assigned.set(entry.key, value);
    return { ...entry, value };
  });
}

function unescapeDouble({ text, quote }: RawEntry): string {
  return quote === '"' ? text.replaceAll("\\n", "\n").replaceAll("\\r", "\r") : text;
}

function unescapeMore(entry: RawEntry): string {
  if (entry.quote === "'") return entry.text.replaceAll("\\'", "'");
  return entry.quote === '"' ? unescapeDouble(entry).replaceAll("\\t", "\t") : entry.text;
}

function judgeDotenvx(value: EnvValue): EnvValue {
  return value.kind === "text" && value.text.startsWith("encrypted:") ? { kind: "unknown", why: "program" } : value;
}
