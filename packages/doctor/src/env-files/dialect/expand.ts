import { type EnvValue, type ProcessEnvironment, textValue } from "./reading.ts";

/** Gives a variable's value: a text, `null` when it is not set, `undefined` when nobody knows. */
export type Lookup = (name: string) => string | null | undefined;

/** What is assigned so far, in front of or behind what the process has. */
export type Scope = {
  readonly assigned: ReadonlyMap<string, EnvValue>;
  readonly environment: ProcessEnvironment;
  readonly first: "assigned" | "environment";
};

/** Looks a name up. Where the environment is unknown and would go first, so is the answer. */
export function lookupIn({ assigned, environment, first }: Scope): Lookup {
  const fromFile = (name: string): string | null | undefined => {
    const value = assigned.get(name);
    if (value === undefined || value.kind === "absent") return null;
    return value.kind === "text" ? value.text : undefined;
  };
  const fromProcess = (name: string): string | null | undefined =>
    environment === undefined ? undefined : (environment.get(name) ?? null);
  return (name) => {
    const [before, after] = first === "assigned" ? [fromFile, fromProcess] : [fromProcess, fromFile];
    const value = before(name);
    return value === null ? after(name) : value;
  };
}

const PYTHON_VARIABLE = /\$\{([^}:]*)(?::-([^}]*))?\}/g;

/** python-dotenv: `${name}` and `${name:-default}`, and nothing else; what is put in is not looked at again. */
export function expandPython(text: string, lookup: Lookup): EnvValue {
  let isKnown = true;
  const expanded = text.replace(PYTHON_VARIABLE, (_, name: string, fallback: string | undefined) => {
    const value = lookup(name);
    if (value === undefined) isKnown = false;
    return value ?? fallback ?? "";
  });
  return isKnown ? textValue(expanded) : { kind: "unknown", why: "environment" };
}

/** `next` is Next.js, which has an early version built in. */
export type ScriptVariant = "current" | "next";

export type ScriptExpansion = {
  readonly lookup: Lookup;
  /** Where a variable that has a default is looked up, when that is somewhere else. */
  readonly lookupDefaulted?: Lookup;
  readonly variant?: ScriptVariant;
};

const SCRIPT_VARIABLE = /\\?\$(?:\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?-)([^{}$\\:+-]*))?\}|([A-Za-z_][A-Za-z0-9_]*))/g;
/** A dollar that means something which is not modelled, in the text between the variables. */
const LEFT_OVER: Readonly<Record<ScriptVariant, RegExp>> = { current: /(?<!\\)\$[{(]/, next: /(?<!\\)\$[\w{]/ };

/**
 * The loaders made of dotenv-expand: `$name`, `${name}`, `${name:-default}` and, but for Next.js, `${name-default}`; a backslash keeps the dollar. An empty
 * variable counts as unset. They look at what they put in again, in ways that differ from version to version, so a value that needs that is unknown.
 */
export function expandScript(text: string, { lookup, lookupDefaulted = lookup, variant = "current" }: ScriptExpansion): EnvValue {
  let expanded = "";
  let at = 0;
  for (const match of text.matchAll(SCRIPT_VARIABLE)) {
    const [whole, braced, operator, fallback = "", bare] = match;
    const before = text.slice(at, match.index);
    at = match.index + whole.length;
    if (LEFT_OVER[variant].test(before) || (variant === "next" && operator === "-")) return { kind: "unknown", why: "expansion" };
    expanded += before.replaceAll("\\$", "$");
    if (whole.startsWith("\\")) {
      expanded += whole.slice(1);
      continue;
    }
    const value = (operator === undefined ? lookup : lookupDefaulted)(braced ?? bare ?? "");
    if (value === undefined) return { kind: "unknown", why: "environment" };
    const put = value === null || value === "" ? fallback : value;
    if (/[\\$]/.test(put)) return { kind: "unknown", why: "expansion" };
    expanded += put;
  }
  const rest = text.slice(at);
  return LEFT_OVER[variant].test(rest) ? { kind: "unknown", why: "expansion" } : textValue(expanded + rest.replaceAll("\\$", "$"));
}
