import {
  type Alias,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  visit,
  type YAMLMap,
} from "yaml";
import { CONFIG_LIMITS } from "../limits.ts";
import type { Place, SourceText } from "../source.ts";
import { countStatement, type Notes, note } from "../statement.ts";

/** A key of a map with its value; `keyNode` tells where it stands. */
export type Entry = { readonly key: string; readonly keyNode: unknown; readonly value: unknown };

/** A YAML text, in which aliases and merged maps stand for what they name. */
export type YamlFile = {
  readonly root: unknown;
  readonly placeOf: (node: unknown) => Place;
  /** The keys of a map, those that are merged into it behind its own. None of what is no map. */
  readonly entriesOf: (map: unknown) => readonly Entry[];
  readonly valueIn: (map: unknown, key: string) => unknown;
  readonly itemsOf: (list: unknown) => readonly unknown[];
};

/** Parses a YAML text. Faults are noted, and what there is is read. `undefined` for one that is too long. */
export function openYaml(source: SourceText, notes: Notes): YamlFile | undefined {
  const counter = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = counter.linePos(offset);
    return { file: source.name, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (Buffer.byteLength(source.text) > CONFIG_LIMITS.maxProgramBytes) {
    const expected = `a file of at most ${CONFIG_LIMITS.maxProgramBytes} bytes`;
    note(notes, { file: source.name, line: 1, column: 1 }, { code: "CONFIG_LIMIT_REACHED", expected, given: "more" });
    return undefined;
  }
  const { root, named } = rootOf(source.text, { counter, placeAt, notes });
  const placeOf = (node: unknown): Place => placeAt(isNode(node) ? (node.range?.[0] ?? 0) : 0);
  const resolved = (node: unknown): unknown => (isAlias(node) ? named.get(node) : node);
  const known = new WeakMap<YAMLMap, ReadonlyMap<string, Entry>>();

  function keysOf(node: unknown): ReadonlyMap<string, Entry> {
    const map = resolved(node);
    if (!isMap(map)) return NO_ENTRIES;
    const before = known.get(map);
    if (before !== undefined) return before;
    // a map that is merged into itself has nothing more
    known.set(map, NO_ENTRIES);
    const entries = new Map<string, Entry>();
    const add = (entry: Entry): void => {
      if (!entries.has(entry.key)) entries.set(entry.key, entry);
    };
    const merged: unknown[] = [];
    for (const { key, value } of map.items) {
      if (textOf(key) === "<<") merged.push(value);
      else add({ key: textOf(key), keyNode: key, value: resolved(value) });
    }
    for (const value of merged.flatMap((value) => (isSeq(resolved(value)) ? itemsOf(value) : [value]))) {
      for (const entry of keysOf(value).values()) {
        if (!countStatement(notes, placeOf(map))) break;
        add(entry);
      }
    }
    known.set(map, entries);
    return entries;
  }

  function itemsOf(node: unknown): readonly unknown[] {
    const list = resolved(node);
    return isSeq(list) ? list.items.map(resolved) : [];
  }

  return { root, placeOf, entriesOf: (map) => [...keysOf(map).values()], valueIn: (map, key) => keysOf(map).get(key)?.value, itemsOf };
}

const NO_ENTRIES: ReadonlyMap<string, Entry> = new Map();

type Parsed = { readonly root: unknown; readonly named: ReadonlyMap<Alias, Node> };

function rootOf(
  text: string,
  { counter, placeAt, notes }: { readonly counter: LineCounter; readonly placeAt: (offset: number) => Place; readonly notes: Notes },
): Parsed {
  try {
    const document = parseDocument<ParsedNode>(text, { lineCounter: counter, strict: false, uniqueKeys: false, logLevel: "silent" });
    for (const { pos, message } of document.errors)
      note(notes, placeAt(pos[0]), { code: "CONFIG_UNEXPECTED", expected: "YAML", given: message.split("\n")[0] ?? "" });
    const anchors = new Map<string, Node>();
    const named = new Map<Alias, Node>();
    visit(document, {
      Alias: (_key, alias) => {
        const node = anchors.get(alias.source);
        if (node !== undefined) named.set(alias, node);
      },
      Value: (_key, node) => {
        if (node.anchor !== undefined) anchors.set(node.anchor, node);
      },
    });
    return { root: document.contents, named };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    note(notes, placeAt(0), { code: "CONFIG_LIMIT_REACHED", expected: "a file that is less nested", given: "more" });
    return { root: undefined, named: new Map() };
  }
}

/** The text of a scalar; of anything else none. */
export function textOf(node: unknown): string {
  return isScalar(node) && node.value !== null ? String(node.value) : "";
}

/** Notes keys that stand twice. The parser compares each key with all before it, which takes long. */
export function noteRepeated(map: unknown, { file, notes }: { readonly file: YamlFile; readonly notes: Notes }): void {
  const seen = new Set<string>();
  for (const { key } of isMap(map) ? map.items : []) {
    const name = textOf(key);
    if (seen.has(name)) note(notes, file.placeOf(key), { code: "CONFIG_UNEXPECTED", expected: "each key once", given: name });
    seen.add(name);
  }
}

/** Notes what is not understood. */
export function notRead(
  node: unknown,
  { file, notes, given }: { readonly file: YamlFile; readonly notes: Notes; readonly given: string },
): void {
  note(notes, file.placeOf(node), { code: "CONFIG_UNEXPECTED", expected: "what is understood", given });
}
