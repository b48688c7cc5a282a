import { isMap, isScalar, type YAMLMap } from "yaml";
import { addPassage } from "../add-passage.ts";
import { serviceOfCommand } from "../command/service-of-command.ts";
import type { Passage } from "../description.ts";
import type { Finding } from "../finding.ts";
import type { ReadContext, Reader } from "../reading.ts";
import type { SourceText } from "../source.ts";
import { countOther, countStatement } from "../statement.ts";
import { extendedParts, type Known, nothingKnown } from "./extends.ts";
import { laidOver, type Parts, type Port } from "./parts.ts";
import { variablesOf } from "./variables.ts";
import { noteRepeated, notRead, openYaml, type YamlFile } from "./yaml-file.ts";

/**
 * Reads docker compose files: the services that start uvicorn or gunicorn, with their environment, and what becomes of the source of connections to published ports. Aliases and merges of YAML, `extends`, `env_file` and
 * the file that compose lays over this one by itself are followed. Not read: what an image starts by itself, `include`, and what a variable of the shell stands for.
 *
 * Source: Docker, Compose file reference, which `docker-compose config` of Debian confirms.
 */
export const readCompose: Reader = (source, context) => {
  const { notes } = context;
  const services = new Map<string, Laid[]>();
  for (const { file, name } of openFiles(source, context)) {
    const included = file.entriesOf(file.root).find(({ key }) => key === "include");
    if (included !== undefined) notRead(included.keyNode, { file, notes, given: "include" });
    const own = file.valueIn(file.root, "services");
    noteRepeated(own, { file, notes });
    for (const { key, keyNode, value } of file.entriesOf(own)) {
      if (!countStatement(notes, file.placeOf(keyNode))) break;
      if (!isMap(value)) notRead(keyNode, { file, notes, given: key });
      else services.set(key, [...(services.get(key) ?? []), { file, name, service: value }]);
    }
  }
  const passages: Passage[] = [];
  const findings: Finding[] = [];
  const known = nothingKnown();
  for (const [name, laid] of services) {
    if (notes.isFull) break;
    const parts = laid.map((one) => partsIn(one, { service: name, known, context })).reduce(laidOver);
    const read = told(name, { parts, context });
    for (const passage of read.passages) addPassage({ passages, notes }, passage);
    for (const finding of read.findings) findings.push(finding);
  }
  return { passages, findings };
};

type Opened = { readonly file: YamlFile; readonly name: string };

/** A service as one file has it. Files are laid over those before them. */
type Laid = Opened & { readonly service: YAMLMap };

/** A file, and the one that compose lays over it without being told to. */
function openFiles(source: SourceText, { notes, include }: ReadContext): readonly Opened[] {
  const [, stem] = /(?:^|\/)((?:docker-)?compose)\.ya?ml$/.exec(source.name) ?? [];
  const over = stem === undefined ? [] : ["yml", "yaml"].flatMap((ending) => include(`${stem}.override.${ending}`).files);
  return [source, ...over.slice(0, 1)].flatMap((text) => {
    const file = openYaml(text, notes);
    return file === undefined ? [] : [{ file, name: text.name }];
  });
}

const READ: ReadonlySet<string> = new Set(["entrypoint", "command", "environment", "env_file", "ports", "network_mode", "extends"]);

type PartsOptions = { readonly service: string; readonly known: Known; readonly context: ReadContext };

/** Counts what a service says, and reads it with what it extends. */
function partsIn({ file, name, service: map }: Laid, { service, known, context }: PartsOptions): Parts {
  const { notes } = context;
  noteRepeated(map, { file, notes });
  for (const { key, keyNode } of file.entriesOf(map)) {
    if (!countStatement(notes, file.placeOf(keyNode))) break;
    if (!READ.has(key)) countOther(notes, key);
  }
  for (const { key } of map.items) if (!isScalar(key)) notRead(key, { file, notes, given: "a key" });
  return extendedParts(service, { file, name, depth: 0, known, context });
}

type Told = { readonly passages: readonly Passage[]; readonly findings: readonly Finding[] };

function told(name: string, { parts, context }: { readonly parts: Parts; readonly context: ReadContext }): Told {
  const variables = variablesOf(parts, context);
  const started = serviceOfCommand([...variables, ...parts.entrypoint, ...parts.command], context);
  // with the host's network nothing is published: the service listens by itself
  const ports = parts.networkMode === "host" ? [] : parts.ports.map((port) => publishedPassage(name, port));
  if (started !== undefined)
    return { passages: [...ports, { ...started.passage, name: `${name}: ${started.passage.name}` }], findings: started.findings };
  // what the image starts may read it
  const trusted = variables.find(({ text }) => text.startsWith("FORWARDED_ALLOW_IPS=") && !text.includes("env_file"));
  if (trusted === undefined) return { passages: ports, findings: [] };
  const client = { kind: "unknown", why: trusted.text, place: trusted.place } as const;
  return { passages: [...ports, { kind: "service", product: "docker", place: trusted.place, name, client }], findings: [] };
}

/** When Docker's own proxy takes a connection to a published port, and not a rule of the packet filter, which keeps the source. */
const USERLAND = "userland-proxy: IPv6 without ip6tables, rootless, from the host";

/** When a swarm takes it at any of its machines. */
const INGRESS = "swarm: mode ingress";

/**
 * Connections to a published port.
 *
 * Source: Docker, "Packet filtering and firewalls": ports are published by rules that change the destination alone; what those do not reach, `docker-proxy` takes and connects anew. "Use swarm mode routing mesh": unless a
 * port's mode is host, a swarm rewrites the source.
 */
function publishedPassage(name: string, { published, target, isDirect, place }: Port): Passage {
  const condition = isDirect ? USERLAND : `${USERLAND}; ${INGRESS}`;
  return {
    kind: "network",
    product: "docker",
    place,
    name: `${name}: ${published}`,
    from: "outside",
    sources: [
      { source: { kind: "interface" }, condition, isExpected: false, place },
      { source: { kind: "kept" }, isExpected: true, place },
    ],
    target: `${name}:${target}`,
  };
}
