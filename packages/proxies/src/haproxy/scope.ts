import { type Notes, note, type Statement } from "../statement.ts";

/** A section that takes connections or passes them on, with what it takes over from its defaults. */
export type Section = {
  readonly kind: "frontend" | "backend" | "listen";
  readonly name: string;
  readonly statement: Statement;
  /** Those of its defaults first, then its own. Of most of them the last one holds. */
  readonly lines: readonly Statement[];
};

/**
 * The sections of a configuration with what they take over.
 *
 * Source: HAProxy, configuration manual, 4 "Proxies": a section takes over from the last `defaults` before it, or from those that `from` names; each `defaults` begins anew.
 */
export function sectionsIn(statements: readonly Statement[], notes: Notes): readonly Section[] {
  const named = new Map<string, readonly Statement[]>();
  const sections: Section[] = [];
  let last: readonly Statement[] = [];
  for (const statement of statements) {
    const { name: kind, words, block = [] } = statement;
    const from = words.findIndex(({ text }) => text === "from");
    const parent = from === -1 ? undefined : words[from + 1];
    const taken = parent === undefined ? undefined : named.get(parent.text);
    if (parent !== undefined && taken === undefined)
      note(notes, parent.place, { code: "CONFIG_UNEXPECTED", expected: "the name of defaults that stand before", given: parent.text });
    const name = from === 0 ? "" : (words[0]?.text ?? "");
    if (kind === "defaults") {
      last = [...(taken ?? []), ...block];
      if (name !== "") named.set(name, last);
    } else if (kind === "frontend" || kind === "backend" || kind === "listen")
      sections.push({ kind, name, statement, lines: [...(parent === undefined ? last : (taken ?? [])), ...block] });
  }
  return sections;
}

/** The line of which the last one holds: its first words are these. */
export function lastLine({ lines }: Section, ...names: readonly [string, ...string[]]): Statement | undefined {
  const [name, ...more] = names;
  return lines.findLast((line) => line.name === name && more.every((text, index) => line.words[index]?.text === text));
}

/** Whether a section reads HTTP. HAProxy passes on bytes unless it is told otherwise. */
export function readsHttp(section: Section): boolean {
  return lastLine(section, "mode")?.words[0]?.text === "http";
}
