import { parser } from "@lezer/python";
import { CONFIG_LIMITS } from "../limits.ts";
import { type Place, placesIn, type SourceText } from "../source.ts";
import { countStatement, type Notes, note } from "../statement.ts";

type Node = ReturnType<typeof parser.parse>["topNode"];

/** What a name is set to. `computed` where only the program that runs can say; `text` is what is written there. */
export type SettingValue =
  | { readonly kind: "value"; readonly value: string | number | boolean | null }
  | { readonly kind: "computed"; readonly text: string };

export type Setting = { readonly value: SettingValue; readonly place: Place };

/**
 * The names that a module of Python sets, with what is written there. What is set under a condition, taken from another module or changed later is computed; a function that is called and sets something by itself is not seen. `undefined` when
 * it cannot be read: that is noted.
 */
export function settingsOfPython(source: SourceText, notes: Notes): ReadonlyMap<string, Setting> | undefined {
  const settings = new Map<string, Setting>();
  const placeAt = placesIn(source);
  if (Buffer.byteLength(source.text) > CONFIG_LIMITS.maxProgramBytes) {
    note(notes, placeAt(0), {
      code: "CONFIG_LIMIT_REACHED",
      expected: `a program of at most ${CONFIG_LIMITS.maxProgramBytes} bytes`,
      given: "more",
    });
    return undefined;
  }
  const setComputed = (names: Iterable<string>, node: Node): void => {
    const text = firstLine(source.text.slice(node.from, Math.min(node.to, node.from + MAX_TEXT_LENGTH)));
    const setting: Setting = { value: { kind: "computed", text }, place: placeAt(node.from) };
    for (const name of names) settings.set(name, setting);
  };
  for (let node = firstIn(source, notes); node !== null; node = node.nextSibling) {
    if (node === undefined) return undefined;
    const place = placeAt(node.from);
    if (node.type.isError)
      note(notes, place, {
        code: "CONFIG_UNEXPECTED",
        expected: "Python",
        given: source.text.slice(node.from, node.from + MAX_TEXT_LENGTH),
      });
    if (node.name === "Comment") continue;
    if (!countStatement(notes, place)) return undefined;
    const single = singleAssignment(node);
    if (single !== undefined)
      settings.set(source.text.slice(single.name.from, single.name.to), {
        value: valueAt(single.value, { text: source.text, settings }),
        place,
      });
    // whatever is imported so may have any name
    else if (node.name === "ImportStatement" && node.getChild("*") !== null) setComputed(GUNICORN_NAMES, node);
    else if (!["ExpressionStatement", "PassStatement", "ClassDefinition"].includes(node.name))
      setComputed(namesTouchedBy(node, source.text), node);
  }
  return settings;
}

/** The first statement; `undefined` when they are nested too deeply to be parsed. */
function firstIn({ name, text }: SourceText, notes: Notes): Node | null | undefined {
  try {
    if (!isNestedTooDeeply(text)) return parser.parse(text).topNode.firstChild;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  note(
    notes,
    { file: name, line: 1, column: 1 },
    { code: "CONFIG_LIMIT_REACHED", expected: "a program that is less nested", given: "more" },
  );
  return undefined;
}

/** Brackets in brackets that are parsed. How many more the parser bears depends on the machine, and it drops some of them without a word. */
const MAX_BRACKETS = 500;

/** Counts brackets in texts and comments too: it asks for a bound, not for the depth. */
function isNestedTooDeeply(text: string): boolean {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[()[\]{}]/g)) {
    depth += "([{".includes(bracket) ? 1 : -1;
    if (depth > MAX_BRACKETS) return true;
  }
  return false;
}

const MAX_TEXT_LENGTH = 100;
/** Parentheses in parentheses. */
const MAX_DEPTH = 16;

function firstLine(text: string): string {
  return text.slice(0, MAX_TEXT_LENGTH).split("\n")[0] ?? "";
}

/** The settings of gunicorn that have to do with the client's address. */
export const GUNICORN_NAMES = ["worker_class", "forwarded_allow_ips", "proxy_protocol", "proxy_allow_ips"] as const;

/** `NAME = …` and `NAME: type = …` */
function singleAssignment(node: Node): { readonly name: Node; readonly value: Node } | undefined {
  if (node.name !== "AssignStatement") return undefined;
  const parts = childrenOf(node).filter(({ name }) => name !== "TypeDef");
  const [name, operator, value, ...others] = parts;
  if (name?.name !== "VariableName" || operator?.name !== "AssignOp" || value === undefined || others.length > 0) return undefined;
  return { name, value };
}

function childrenOf(node: Node): readonly Node[] {
  const children: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) if (child.name !== "Comment") children.push(child);
  return children;
}

/** All names in a statement; of a function only those that it says are not its own. */
function namesTouchedBy(node: Node, text: string): ReadonlySet<string> {
  const names = new Set<string>();
  node.cursor().iterate((inner) => {
    const isForeign = node.name !== "FunctionDefinition" || inner.node.parent?.name === "ScopeStatement";
    if (inner.name === "VariableName" && isForeign) names.add(text.slice(inner.from, inner.to));
  });
  return names;
}

type Known = { readonly text: string; readonly settings: ReadonlyMap<string, Setting> };

function valueAt(node: Node, known: Known, depth = 0): SettingValue {
  const text = known.text.slice(node.from, node.to);
  switch (node.name) {
    case "String":
      return stringOf(text);
    case "ContinuedString": {
      const parts = childrenOf(node).map((part) => valueAt(part, known));
      const texts = parts.flatMap((part) => (part.kind === "value" && typeof part.value === "string" ? [part.value] : []));
      return texts.length === parts.length ? { kind: "value", value: texts.join("") } : { kind: "computed", text };
    }
    case "Boolean":
      return { kind: "value", value: text === "True" };
    case "None":
      return { kind: "value", value: null };
    case "Number":
      return { kind: "value", value: Number(text.replaceAll("_", "")) };
    case "ParenthesizedExpression": {
      const [, inner, ...others] = childrenOf(node);
      const isPlain = inner !== undefined && others.length === 1 && depth < MAX_DEPTH;
      return isPlain ? valueAt(inner, known, depth + 1) : { kind: "computed", text: firstLine(text) };
    }
    case "VariableName":
      return known.settings.get(text)?.value ?? { kind: "computed", text };
    default:
      return { kind: "computed", text: firstLine(text) };
  }
}

/** A string without a backslash. */
function stringOf(text: string): SettingValue {
  const [, value] = /^[uU]?(?:"""|'''|"|')(.*?)(?:"""|'''|"|')$/s.exec(text) ?? [];
  return value === undefined || text.includes("\\") ? { kind: "computed", text } : { kind: "value", value };
}
