import type { Word } from "../statement.ts";

/** What a table names: sets and maps, by name. Rules share their values. `undefined` where their elements come and go while it runs. */
export type Named = ReadonlyMap<string, Elements | undefined>;

/** The elements of a set or a map, each with its words; and their values, where each is one word. */
export type Elements = { readonly words: readonly (readonly Word[])[]; readonly values: readonly string[] | undefined };
