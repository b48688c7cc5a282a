import { XFF } from "../address-headers.ts";
import type { ValuePart } from "../description.ts";
import type { Statement } from "../statement.ts";
import { toldText } from "../told-text.ts";

/** Variables that a level defines, by name, and those of the levels around it. */
export type Variables = { readonly own: ReadonlyMap<string, readonly ValuePart[]>; readonly outer: Variables | undefined };

/** Nothing is defined. */
export const NO_VARIABLES: Variables = { own: new Map(), outer: undefined };

/** What a variable stands for; `undefined` where no level defines it, and nginx itself does not. */
export function defined(name: string, variables: Variables): readonly ValuePart[] | undefined {
  for (let level: Variables | undefined = variables; level !== undefined; level = level.outer) {
    const known = level.own.get(name);
    if (known !== undefined) return known;
  }
  return OWN[name];
}

/** Parts of one value, at the most: variables that are made of variables grow fast. */
const MAX_PARTS = 256;

const CLIENT: readonly ValuePart[] = [{ kind: "client" }];
const RECEIVED: ValuePart = { kind: "received", header: XFF };

const OWN: Readonly<Record<string, readonly ValuePart[]>> = {
  remote_addr: CLIENT,
  realip_remote_addr: [{ kind: "peer" }],
  proxy_protocol_addr: [{ kind: "preamble" }],
  proxy_add_x_forwarded_for: [
    {
      kind: "by-value",
      of: [RECEIVED],
      cases: [
        { equals: "", value: CLIENT, isPattern: false },
        { equals: undefined, value: [RECEIVED, { kind: "text", text: ", " }, { kind: "client" }], isPattern: false },
      ],
    },
  ],
};

/** Reads a value with variables in it. */
export function readValue(text: string, variables: Variables): readonly ValuePart[] {
  const parts: ValuePart[] = [];
  let size = 0;
  for (const [piece, braced, bare] of text.matchAll(/\$\{(\w+)\}|\$(\w+)|[^$]+|\$/g)) {
    const name = braced ?? bare;
    const read = name === undefined ? [{ kind: "text", text: piece } as const] : variableParts(name, variables);
    size += sizeOf(read);
    if (size > MAX_PARTS) return [{ kind: "unknown", text: toldText(text) }];
    parts.push(...read);
  }
  return parts;
}

function variableParts(name: string, variables: Variables): readonly ValuePart[] {
  const known = defined(name, variables);
  if (known !== undefined) return known;
  const field = /^http_(\w+)$/.exec(name)?.[1];
  return [
    field === undefined ? { kind: "unknown", text: `$${name}` } : { kind: "received", header: field.replaceAll("_", "-").toLowerCase() },
  ];
}

function sizeOf(parts: readonly ValuePart[]): number {
  return parts.reduce(
    (sum, part) =>
      sum + 1 + (part.kind === "by-value" ? sizeOf(part.of) + part.cases.reduce((all, { value }) => all + sizeOf(value), 0) : 0),
    0,
  );
}

/** With `hostnames`: `*.example.com`, `.example.com`, `www.example.*`. */
const MASK = /^\*?\.|\.\*$/;

/** What a `map` or a `geo` defines, by the name of its variable. A map that is made of a later one sees it as unknown. */
export function readMap(
  { name, words, block = [] }: Statement,
  variables: Variables,
): readonly [name: string, value: readonly ValuePart[]] | undefined {
  const target = words.at(-1)?.text.replace(/^\$/, "");
  if (target === undefined) return undefined;
  const unknown: readonly ValuePart[] = [{ kind: "unknown", text: `$${target}` }];
  if (name === "geo" || block.length > MAX_PARTS) return [target, unknown];
  const hasMasks = block.some((statement) => statement.name === "hostnames");
  const cases = block
    .filter((statement) => statement.name !== "hostnames" && statement.name !== "volatile" && statement.name !== "include")
    .map((statement) => ({
      equals: statement.name === "default" ? undefined : statement.name.replace(/^\\/, ""),
      value: readValue(statement.words[0]?.text ?? "", variables),
      isPattern: statement.name.startsWith("~") || (hasMasks && MASK.test(statement.name)),
    }));
  const of = readValue(words[0]?.text ?? "", variables);
  const parts: readonly ValuePart[] = [{ kind: "by-value", of, cases }];
  return [target, sizeOf(parts) > MAX_PARTS ? unknown : parts];
}
