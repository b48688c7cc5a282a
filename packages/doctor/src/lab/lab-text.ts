import type { Piece } from "../report/document.ts";
import type { LabMessageKey } from "../report/words/lab-en.ts";

/** Something that the lab says: a message with what stands in its slots, or a command or a setting, which is the same in every language. */
export type LabText =
  | { readonly kind: "message"; readonly key: LabMessageKey; readonly slots: Readonly<Record<string, Piece>> }
  | { readonly kind: "code"; readonly text: string };

/** Says a message. Its slots hold what the lab was made of, and what its hosts see. */
export function said(key: LabMessageKey, slots: Readonly<Record<string, string>> = {}): LabText {
  const pieces = Object.entries(slots).map(([name, text]) => [name, { kind: "given", text }] as const);
  return { kind: "message", key, slots: Object.fromEntries(pieces) };
}

/** Shows a command or a setting. */
export function code(text: string): LabText {
  return { kind: "code", text };
}
