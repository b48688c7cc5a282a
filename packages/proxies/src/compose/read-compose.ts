import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type YAMLMap } from "yaml";
import { addPassage } from "../add-passage.ts";
import { serviceOfCommand } from "../command/service-of-command.ts";
import { commandLines } from "../command/words.ts";
import type { Passage } from "../description.ts";
import type { Finding } from "../finding.ts";
import { CONFIG_LIMITS } from "../limits.ts";
import type { ReadContext, Reader } from "../reading.ts";
import type { Place } from "../source.ts";
import { countOther, countStatement, note, type Word } from "../statement.ts";

/**
 * Reads docker compose files: the services that start uvicorn or gunicorn, with their environment, and what becomes of the source of connections to published ports. Not read: what an image starts by itself, aliases and merges of YAML,
 * `extends`, `include`, and other files that are laid over this one.
 */
export const readCompose: Reader = (source, context) => {
  const { notes } = context;
  const counter = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = counter.linePos(offset);
    return { file: source.name, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (Buffer.byteLength(source.text) > CONFIG_LIMITS.maxProgramBytes) {
    note(
      notes,
      { file: source.name, line: 1, column: 1 },
      { code: "CONFIG_LIMIT_REACHED", expected: `a file of at most ${CONFIG_LIMITS.maxProgramBytes} bytes`, given: "more" },
    );
    return { passages: [], findings: [] };
  }
  const root = rootOf(source.text, { counter, placeAt, context });
  const services = valueIn(root, "services");
  const included = pairIn(root, "include");
  const reading: Reading = { placeOf: (node) => placeAt(isNode(node) ? (node.range?.[0] ?? 0) : 0), context };
  if (included !== undefined) notRead(included.key, { reading, given: "include" });
  const passages: Passage[] = [];
  const findings: Finding[] = [];
  noteRepeated(services, reading);
  for (const { key, value } of isMap(services) ? services.items : []) {
    if (!countStatement(notes, reading.placeOf(key))) break;
    if (!isMap(value)) {
      notRead(key, { reading, given: textOf(key) });
      continue;
    }
    const read = serviceIn(value, { name: textOf(key), reading });
    for (const passage of read.passages) addPassage({ passages, notes }, passage);
    for (const finding of read.findings) findings.push(finding);
  }
  return { passages, findings };
};

type Reading = { readonly placeOf: (node: unknown) => Place; readonly context: ReadContext };

function rootOf(
  text: string,
  {
    counter,
    placeAt,
    context,
  }: { readonly counter: LineCounter; readonly placeAt: (offset: number) => Place; readonly context: ReadContext },
): unknown {
  try {
    const document = parseDocument(text, { lineCounter: counter, strict: false, uniqueKeys: false, logLevel: "silent" });
    for (const { pos, message } of document.errors)
      note(context.notes, placeAt(pos[0]), { code: "CONFIG_UNEXPECTED", expected: "YAML", given: message.split("\n")[0] ?? "" });
    return document.contents;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    note(context.notes, placeAt(0), { code: "CONFIG_LIMIT_REACHED", expected: "a file that is less nested", given: "more" });
    return undefined;
  }
}

function pairIn(map: unknown, name: string): Pair | undefined {
  return isMap(map) ? map.items.find(({ key }) => textOf(key) === name) : undefined;
}

function valueIn(map: unknown, name: string): unknown {
  return pairIn(map, name)?.value;
}

function textOf(node: unknown): string {
  return isScalar(node) && node.value !== null ? String(node.value) : "";
}

function notRead(node: unknown, { reading, given }: { readonly reading: Reading; readonly given: string }): void {
  note(reading.context.notes, reading.placeOf(node), { code: "CONFIG_UNEXPECTED", expected: "what is understood", given });
}

/** The parser compares each key with all before it, which takes long. */
function noteRepeated(map: unknown, reading: Reading): void {
  const seen = new Set<string>();
  for (const { key } of isMap(map) ? map.items : []) {
    const name = textOf(key);
    if (seen.has(name))
      note(reading.context.notes, reading.placeOf(key), { code: "CONFIG_UNEXPECTED", expected: "each key once", given: name });
    seen.add(name);
  }
}

type Found = { readonly passages: readonly Passage[]; readonly findings: readonly Finding[] };

function serviceIn(service: YAMLMap, { name, reading }: { readonly name: string; readonly reading: Reading }): Found {
  noteRepeated(service, reading);
  noteRepeated(valueIn(service, "environment"), reading);
  for (const { key, value } of service.items) {
    if (!countStatement(reading.context.notes, reading.placeOf(key))) break;
    const isStrange = !isScalar(key) || key.value === "<<" || key.value === "extends" || isAlias(value);
    if (isStrange) notRead(key, { reading, given: isScalar(key) ? textOf(key) : "a key" });
    else if (!READ.includes(textOf(key))) countOther(reading.context.notes, textOf(key));
  }
  const variables = variablesIn(service, reading);
  const words = ["entrypoint", "command"].flatMap((part) => wordsIn(valueIn(service, part), reading));
  const started = serviceOfCommand([...variables, ...words], reading.context);
  const ports = portsIn(service, { name, reading });
  if (started !== undefined)
    return { passages: [...ports, { ...started.passage, name: `${name}: ${started.passage.name}` }], findings: started.findings };
  // what the image starts may read it
  const trusted = variables.find(({ text }) => text.startsWith("FORWARDED_ALLOW_IPS=") && !text.includes("env_file"));
  if (trusted === undefined) return { passages: ports, findings: [] };
  const client = { kind: "unknown", why: trusted.text, place: trusted.place } as const;
  return { passages: [...ports, { kind: "service", product: "docker", place: trusted.place, name, client }], findings: [] };
}

const READ = ["entrypoint", "command", "environment", "env_file", "ports", "network_mode"];

/** Variables of the environment that have to do with the address. With `env_file`, one that is not set here is set nobody knows to what. */
const VARIABLES = ["FORWARDED_ALLOW_IPS", "GUNICORN_CMD_ARGS"];

function variablesIn(service: YAMLMap, { placeOf }: Reading): readonly Word[] {
  const environment = valueIn(service, "environment");
  const words: Word[] = [];
  const add = (name: string, { value, node }: { readonly value: string | undefined; readonly node: unknown }): void => {
    // one without a value is that of whoever starts it
    words.push({ text: `${name}=${value ?? `$${name}`}`, place: placeOf(node), isQuoted: false });
  };
  for (const { key, value } of isMap(environment) ? environment.items : []) {
    add(textOf(key), { value: isScalar(value) && value.value !== null ? textOf(value) : undefined, node: key });
  }
  for (const item of isSeq(environment) ? environment.items : []) {
    const [name = "", ...rest] = textOf(item).split("=");
    add(name, { value: rest.length === 0 ? undefined : rest.join("="), node: item });
  }
  const known = words.filter(({ text }) => VARIABLES.some((name) => text.startsWith(`${name}=`)));
  const files = pairIn(service, "env_file");
  if (files === undefined) return known;
  const missing = VARIABLES.filter((name) => !known.some(({ text }) => text.startsWith(`${name}=`)));
  return [
    ...missing.map(
      (name): Word => ({
        text: name === "GUNICORN_CMD_ARGS" ? `${name}=-c $env_file` : `${name}=$env_file`,
        place: placeOf(files.key),
        isQuoted: false,
      }),
    ),
    ...known,
  ];
}

/** The words of a command: of a text as a shell would take it, of a list one for each element. */
function wordsIn(command: unknown, { placeOf }: Reading): readonly Word[] {
  const split = (text: string, node: unknown): readonly Word[] =>
    commandLines({ name: "", text })
      .flat()
      .map((word) => ({ ...word, place: placeOf(node) }));
  if (isScalar(command)) return split(textOf(command), command);
  if (!isSeq(command)) return [];
  // ["sh", "-c", "uvicorn app:app"]
  return command.items.flatMap((item) =>
    /\s/.test(textOf(item)) ? split(textOf(item), item) : [{ text: textOf(item), place: placeOf(item as Node), isQuoted: false }],
  );
}

/** When Docker's own proxy takes a connection to a published port, and not a rule of the packet filter, which keeps the source. */
const USERLAND = "userland-proxy: IPv6 without ip6tables, rootless, from the host";

/**
 * Connections to published ports. With the host's network there are none: the service listens by itself.
 *
 * Source: Docker, "Packet filtering and firewalls": ports are published by rules that change the destination alone; what those do not reach, `docker-proxy` takes and connects anew.
 */
function portsIn(service: YAMLMap, { name, reading }: { readonly name: string; readonly reading: Reading }): readonly Passage[] {
  const ports = valueIn(service, "ports");
  if (!isSeq(ports) || textOf(valueIn(service, "network_mode")) === "host") return [];
  return ports.items.map((item): Passage => {
    const place = reading.placeOf(item);
    const [published, target] = isMap(item)
      ? [textOf(valueIn(item, "published")), textOf(valueIn(item, "target"))]
      : splitPort(textOf(item));
    return {
      kind: "network",
      product: "docker",
      place,
      name: `${name}: ${published}`,
      from: "outside",
      sources: [
        { source: { kind: "interface" }, condition: USERLAND, isExpected: false, place },
        { source: { kind: "kept" }, isExpected: true, place },
      ],
      target: `${name}:${target}`,
    };
  });
}

/** `[ADDRESS:]PORT:TARGET[/PROTOCOL]`; a target alone gets any port. */
function splitPort(text: string): readonly [published: string, target: string] {
  const at = text.lastIndexOf(":");
  return at === -1 ? ["", text] : [text.slice(0, at), text.slice(at + 1)];
}
