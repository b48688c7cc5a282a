import type { JsonChange } from "@wherefrom/model";
import { printable } from "../output.ts";
import { shortJson } from "./print.ts";

const MARKS = { added: "+", removed: "-", changed: "~" } as const;

/** Differences, a line each: `~ /description "a" -> "b"`. */
export function printChanges(changes: readonly JsonChange[], indent = ""): readonly string[] {
  return changes.map(({ kind, pointer, before, after }) => {
    const values = kind === "changed" ? `${shortJson(before)} -> ${shortJson(after)}` : shortJson(kind === "added" ? after : before);
    return printable(`${indent}${MARKS[kind]} ${pointer === "" ? "/" : pointer}  ${values}`);
  });
}
