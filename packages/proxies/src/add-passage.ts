import type { Passage } from "./description.ts";
import { CONFIG_LIMITS } from "./limits.ts";
import { type Notes, note } from "./statement.ts";
import { toldText } from "./told-text.ts";

/** The ways that a reading has found. */
export type Ways = { readonly passages: Passage[]; readonly notes: Notes };

/** Adds a way. `false` when there are more than are followed: that is noted once, and no other one is taken. */
export function addPassage({ passages, notes }: Ways, passage: Passage): boolean {
  if (notes.isFull) return false;
  notes.effects += passage.kind === "proxy" ? passage.headers.length : 0;
  notes.isFull = passages.length >= CONFIG_LIMITS.maxPassages || notes.effects > CONFIG_LIMITS.maxEffects;
  if (notes.isFull) {
    const expected = `at most ${CONFIG_LIMITS.maxPassages} ways through it, with ${CONFIG_LIMITS.maxEffects} effects on headers`;
    note(notes, passage.place, { code: "CONFIG_LIMIT_REACHED", expected, given: "more" });
    return false;
  }
  passages.push({ ...passage, name: toldText(passage.name) });
  return true;
}
