import { includedFiles } from "../included-files.ts";
import type { Include, Place, SourceText } from "../source.ts";
import type { Notes, Word } from "../statement.ts";
import type { Parts } from "./parts.ts";

/** Variables of the environment that have to do with the address. */
const VARIABLES = ["FORWARDED_ALLOW_IPS", "GUNICORN_CMD_ARGS"];

/** What stands for a value that is in a file that is not understood. */
const IN_FILE = "$env_file";

/**
 * The variables of a service that have to do with the address, as words before its command: those of its files, the last one first, and its own before them.
 *
 * Source: Docker, Compose file reference, `env_file`: `environment` goes before it, and of several files the last.
 */
export function variablesOf(
  { environment, envFiles }: Parts,
  { include, notes }: { readonly include: Include; readonly notes: Notes },
): readonly Word[] {
  const read = envFiles.toReversed().map(({ name, place }) => ({ source: includedFiles(name, { include, notes, place })[0], place }));
  return VARIABLES.flatMap((name): readonly Word[] => {
    const own = environment.get(name);
    if (own !== undefined) return [wordOf(name, { value: own.value ?? `$${name}`, place: own.place })];
    for (const { source, place } of read) {
      const value = source === undefined ? IN_FILE : valueIn(source, name);
      if (value !== undefined) return [wordOf(name, { value, place })];
    }
    return [];
  });
}

function wordOf(name: string, { value, place }: { readonly value: string; readonly place: Place }): Word {
  // what is not known may be a file of settings
  const isOptions = name === "GUNICORN_CMD_ARGS" && value === IN_FILE;
  return { text: `${name}=${isOptions ? `-c ${value}` : value}`, place, isQuoted: false };
}

/** The value of the last line that sets a variable. One with quotes, a `$` or a backslash is not understood: releases differ in what they make of it. */
function valueIn({ text }: SourceText, name: string): string | undefined {
  const lines = text.split(/\r?\n/).flatMap((line) => {
    const [, key, value = ""] = /^\s*(?:export\s+)?(\w+)\s*(?:=(.*))?$/.exec(line) ?? [];
    return key === name ? [value.trim()] : [];
  });
  const value = lines.at(-1);
  return value !== undefined && /["'$\\#]/.test(value) ? IN_FILE : value;
}
