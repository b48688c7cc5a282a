/**
 * A piece of a line. A bare text is our own words. `given` came from a request, a file or a network, and is escaped wherever it is shown. `address` and `name`
 * are such text too, and name somebody: a report that is to be shared shows a stand-in. `code` is ours and is shown as it stands.
 */
export type Piece = string | { readonly kind: "given" | "address" | "name" | "code"; readonly text: string };

export type Line = readonly Piece[];

/** A part of a document. */
export type Block =
  | { readonly kind: "heading"; readonly text: Line }
  | { readonly kind: "paragraph"; readonly text: Line }
  | { readonly kind: "list"; readonly items: readonly Line[] }
  | { readonly kind: "table"; readonly head: readonly string[]; readonly rows: readonly (readonly Line[])[] }
  /** Commands or configuration, or a drawing: kept as it stands, line by line. */
  | { readonly kind: "listing"; readonly lines: readonly Line[] };

/** What a finding says to a person, before it is decided how it is shown. Not markup: no piece is ever read as such. */
export type Document = { readonly title: string; readonly language: string; readonly blocks: readonly Block[] };

/** A listing of a JSON value of our own. Addresses in it name somebody. */
export function jsonListingOf(value: unknown): Block {
  const lines = JSON.stringify(value, undefined, 2).split("\n");
  const pieces = (line: string): Line =>
    line
      .split(/("[0-9A-Fa-f:.]+")/)
      .flatMap((part): Piece[] =>
        /^"[0-9A-Fa-f:.]+"$/.test(part) ? ['"', { kind: "address", text: part.slice(1, -1) }, '"'] : [{ kind: "code", text: part }],
      );
  return { kind: "listing", lines: lines.map(pieces) };
}

/** A listing of a text of our own. */
export function listingOf(text: string): Block {
  return { kind: "listing", lines: text.split("\n").map((line) => [{ kind: "code", text: line }]) };
}
