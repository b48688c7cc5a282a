import type { Passage } from "./description.ts";
import type { Finding } from "./finding.ts";
import type { Include, SourceText } from "./source.ts";
import type { Notes } from "./statement.ts";

/** What a reader works with beside the text. */
export type ReadContext = { readonly include: Include; readonly notes: Notes };

/**
 * Reads the configurations of one kind. Pure but for `include` and for what it adds to `notes`. Its findings are those that only the configuration shows; what the passages show is judged for all
 * kinds alike.
 *
 * Errors: none thrown, whatever the text is.
 */
export type Reader = (
  source: SourceText,
  context: ReadContext,
) => { readonly passages: readonly Passage[]; readonly findings: readonly Finding[] };
