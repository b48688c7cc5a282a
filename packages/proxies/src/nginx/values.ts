import { XFF } from "../address-headers.ts";
import type { ValuePart } from "../description.ts";
import type { Statement } from "../statement.ts";

/** Variables that a configuration defines, by name. */
export type Variables = ReadonlyMap<string, readonly ValuePart[]>;

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
  const parts = text.split(/(\$\{\w+\}|\$\w+)/).flatMap((piece): readonly ValuePart[] => {
    if (piece === "") return [];
    const name = /^\$\{?(\w+)\}?$/.exec(piece)?.[1];
    if (name === undefined) return [{ kind: "text", text: piece }];
    const known = variables.get(name) ?? OWN[name];
    if (known !== undefined) return known;
    const field = /^http_(\w+)$/.exec(name)?.[1];
    return [
      field === undefined ? { kind: "unknown", text: `$${name}` } : { kind: "received", header: field.replaceAll("_", "-").toLowerCase() },
    ];
  });
  return sizeOf(parts) > MAX_PARTS ? [{ kind: "unknown", text }] : parts;
}

function sizeOf(parts: readonly ValuePart[]): number {
  return parts.reduce(
    (sum, part) =>
      sum + 1 + (part.kind === "by-value" ? sizeOf(part.of) + part.cases.reduce((all, { value }) => all + sizeOf(value), 0) : 0),
    0,
  );
}

/** Adds what a `map` or a `geo` defines. A map that is made of a later one sees it as unknown. */
export function readMap({ name, words, block = [] }: Statement, variables: Variables): Variables {
  const target = words.at(-1)?.text.replace(/^\$/, "");
  if (target === undefined) return variables;
  if (name === "geo") return new Map([...variables, [target, [{ kind: "unknown", text: `$${target}` }]]]);
  const cases = block
    .filter((statement) => statement.name !== "hostnames" && statement.name !== "volatile" && statement.name !== "include")
    .map((statement) => ({
      equals: statement.name === "default" ? undefined : statement.name.replace(/^\\/, ""),
      value: readValue(statement.words[0]?.text ?? "", variables),
      isPattern: statement.name.startsWith("~"),
    }));
  const of = readValue(words[0]?.text ?? "", variables);
  const parts: readonly ValuePart[] = [{ kind: "by-value", of, cases }];
  return new Map([...variables, [target, sizeOf(parts) > MAX_PARTS ? [{ kind: "unknown", text: `$${target}` }] : parts]]);
}
