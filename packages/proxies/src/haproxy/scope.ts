import { type Notes, note, type Statement } from "../statement.ts";
import { NO_OPTIONS, type ServerOptions, withDefaults } from "./server-options.ts";

/** A section as it is written, with what it takes over from its defaults where one line alone holds. Sections share their defaults: nothing of them is copied. */
export type Block = {
  /** Its own lines, by name. */
  readonly own: ReadonlyMap<string, readonly Statement[]>;
  /** The lines of which the last one holds, its own before those of its defaults, by name; options by `option NAME`. */
  readonly inForce: ReadonlyMap<string, Statement>;
  readonly serverOptions: ServerOptions;
};

/** A section that takes connections or passes them on. */
export type Section = Block & {
  readonly kind: "frontend" | "backend" | "listen";
  readonly name: string;
  readonly statement: Statement;
  /** Their rules come before its own. */
  readonly defaults: Block | undefined;
};

/**
 * The sections of a configuration with what they take over.
 *
 * Source: HAProxy, configuration manual, 4 "Proxies": a section takes over from the last `defaults` before it, or from those that `from` names; each `defaults` begins anew. Defaults that others take over have no rules.
 */
export function sectionsIn(statements: readonly Statement[], notes: Notes): readonly Section[] {
  const named = new Map<string, Block>();
  const sections: Section[] = [];
  let last: Block | undefined;
  for (const statement of statements) {
    const { name: kind, words, block = [] } = statement;
    const from = words.findIndex(({ text }) => text === "from");
    const parent = from === -1 ? undefined : words[from + 1];
    const taken = parent === undefined ? undefined : named.get(parent.text);
    if (parent !== undefined && taken === undefined)
      note(notes, parent.place, { code: "CONFIG_UNEXPECTED", expected: "the name of defaults that stand before", given: parent.text });
    const name = from === 0 ? "" : (words[0]?.text ?? "");
    if (kind === "defaults") {
      last = blockOf(block, taken);
      if (name !== "") named.set(name, last);
    } else if (kind === "frontend" || kind === "backend" || kind === "listen") {
      const defaults = parent === undefined ? last : taken;
      sections.push({ kind, name, statement, defaults, ...blockOf(block, defaults) });
    }
  }
  return sections;
}

/** Lines of which the last one holds. */
const SINGLE: ReadonlySet<string> = new Set([
  "mode",
  "source",
  "default_backend",
  "option forwardfor",
  "option forwarded",
  "option http-restrict-req-hdr-names",
]);

function blockOf(lines: readonly Statement[], defaults: Block | undefined): Block {
  const own = new Map<string, Statement[]>();
  const inForce = new Map(defaults?.inForce);
  for (const line of lines) {
    const group = own.get(line.name);
    if (group === undefined) own.set(line.name, [line]);
    else group.push(line);
    const key = keyOf(line);
    if (SINGLE.has(key)) inForce.set(key, line);
  }
  return { own, inForce, serverOptions: withDefaults(defaults?.serverOptions ?? NO_OPTIONS, own.get("default-server") ?? []) };
}

function keyOf({ name, words }: Statement): string {
  if (name === "option") return `option ${words[0]?.text ?? ""}`;
  // of these options no other can be switched off
  return name === "no" && words[1]?.text === "forwarded" ? "option forwarded" : name;
}

/** The lines of a section itself of one name, as `bind` or `acl`. */
export function linesNamed({ own }: Block, name: string): readonly Statement[] {
  return own.get(name) ?? [];
}

/** Whether a section reads HTTP. HAProxy passes on bytes unless it is told otherwise. */
export function readsHttp({ inForce }: Block): boolean {
  return inForce.get("mode")?.words[0]?.text === "http";
}
