import { type AddressKind, kindOfAddress } from "@wherefrom/diagnosis";
import { escapeText, parseAddress } from "wherefrom";
import type { Piece } from "./document.ts";

/** Longest given text that is shown, in characters of the escaped text. */
const MAX_GIVEN_LENGTH = 256;

/** Shows a piece as plain text, safe for a terminal: what was given is escaped. */
export type ShowPiece = (piece: Piece) => string;

/** Addresses of these kinds name nobody. */
const NOBODYS: ReadonlySet<AddressKind> = new Set<AddressKind>(["loopback", "mesh", "documentation"]);

/** Shows everything, for the eyes of whoever ran the command. */
export function showAll(piece: Piece): string {
  if (typeof piece === "string") return piece;
  return piece.kind === "code" ? piece.text : escapeText(piece.text, MAX_GIVEN_LENGTH);
}

/**
 * Shows stand-ins for addresses and names, the same one for the same text throughout: `public-1`, `private-2`, `name-1`. Loopback and documentation addresses
 * name nobody and stay.
 */
export function createRedactor(): ShowPiece {
  const standIns = new Map<string, string>();
  const counts = new Map<string, number>();
  const standInFor = (text: string, word: string): string => {
    const known = standIns.get(text);
    if (known !== undefined) return known;
    const count = (counts.get(word) ?? 0) + 1;
    counts.set(word, count);
    const standIn = `${word}-${count}`;
    standIns.set(text, standIn);
    return standIn;
  };
  return (piece) => {
    if (typeof piece === "string" || piece.kind === "code" || piece.kind === "given") return showAll(piece);
    if (piece.kind === "name") return standInFor(piece.text, "name");
    const text = parseAddress(piece.text)?.text ?? piece.text;
    const kind = kindOfAddress(text);
    return NOBODYS.has(kind) ? text : standInFor(text, kind);
  };
}
