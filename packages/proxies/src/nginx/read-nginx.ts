import { addPassage } from "../add-passage.ts";
import { mentions } from "../address-headers.ts";
import type { ClientRule, Passage, ProxyPassage, Trust } from "../description.ts";
import { expandIncludes } from "../expand-includes.ts";
import { type Finding, findingAt } from "../finding.ts";
import type { Reader } from "../reading.ts";
import { countOther, type Notes, note, type Statement, textsOf } from "../statement.ts";
import { toldText, toldTexts } from "../told-text.ts";
import { trustIn } from "../trust.ts";
import { type Entrance, entrancesOf, type Preambles, preamblesIn } from "./entrances.ts";
import { judgeNotInherited } from "./inheritance.ts";
import { parseNginx } from "./parse.ts";
import { OUTERMOST, type Scope, SINGLE, scopeIn } from "./scope.ts";
import { effectsIn, type KnownEffects, nothingKnown } from "./set-headers.ts";
import { expectedFor } from "./unread.ts";
import { withheld } from "./withheld.ts";

/**
 * Reads nginx: `http` with its servers and locations, and `stream`. A file that begins inside of `http` or of a server is read as that, for it is included somewhere.
 *
 * Not read: FastCGI, uwsgi and SCGI, which carry the address in a parameter of their own; what Lua and njs do.
 */
export const readNginx: Reader = (source, { include, notes }) => {
  const statements = expandIncludes(parseNginx(source, notes), {
    directives: { include: { isOptional: false } },
    parse: parseNginx,
    include,
    notes,
  });
  const reading: Found = {
    passages: [],
    findings: [],
    notes,
    told: new Set(),
    trusts: new Map(),
    effects: nothingKnown(),
  };
  const blocksOf = (name: string): readonly Statement[] => statements.filter((statement) => statement.name === name);
  for (const http of blocksOf("http")) readHttp(http, reading);
  for (const stream of blocksOf("stream")) readStream(stream, reading);
  const whole = { words: [], place: { file: source.name, line: 1, column: 1 }, block: statements };
  const isFragment = blocksOf("http").length === 0 && blocksOf("stream").length === 0;
  if (isFragment && blocksOf("server").length > 0) readHttp({ ...whole, name: "http" }, reading);
  else if (isFragment) readServer({ ...whole, name: "server" }, { outer: OUTERMOST, preambles: new Map() }, reading);
  countOthers(statements, notes);
  return reading;
};

type Found = {
  readonly passages: Passage[];
  readonly findings: Finding[];
  readonly notes: Notes;
  /** Findings that are told once. */
  readonly told: Set<string>;
  /** What levels share is read once. */
  readonly trusts: Map<readonly Statement[], Trust>;
  readonly effects: KnownEffects;
};

function readHttp(http: Statement, found: Found): void {
  const scope = scopeIn(OUTERMOST, http);
  const servers = serversIn(http);
  const preambles = preamblesIn(servers);
  for (const server of servers) readServer(server, { outer: scope, preambles }, found);
}

function serversIn({ block = [] }: Statement): readonly Statement[] {
  return block.filter(({ name }) => name === "server");
}

/** A server by one of its entrances. */
type Server = { readonly name: string; readonly entrance: Entrance; readonly client: ClientRule };

function readServer(
  statement: Statement,
  { outer, preambles }: { readonly outer: Scope; readonly preambles: Preambles },
  found: Found,
): void {
  const { block = [], place } = statement;
  const scope = scopeIn(outer, statement);
  for (const entrance of entrancesOf(block, preambles)) {
    if (found.notes.isFull) return;
    const name = nameOf(block, entrance);
    const { preambleIn } = entrance;
    const client = clientRuleOf(scope, { entrance, found });
    const at = { name, scope, server: { name, entrance, client } };
    const before = found.passages.length;
    readPlace(statement, at, found);
    readInner(block, at, found);
    if (found.passages.length === before && client.kind !== "peer")
      addPassage(found, { kind: "service", product: "nginx", place, name, client, ...(preambleIn && { preambleIn }) });
  }
}

type At = { readonly name: string; readonly scope: Scope; readonly server: Server };

/** Locations, and conditions in them: what they say holds where they apply. */
function readInner(block: readonly Statement[], { name, scope, server }: At, found: Found): void {
  for (const statement of block) {
    if (!["location", "if", "limit_except"].includes(statement.name)) continue;
    const told = toldText(`${name} ${statement.name} ${toldTexts(textsOf(statement.words))}`);
    const at = { name: told, scope: scopeIn(scope, statement), server };
    readPlace(statement, at, found);
    readInner(statement.block ?? [], at, found);
  }
}

/** A place that passes requests on makes a passage. */
function readPlace({ block = [] }: Statement, { name, scope, server }: At, found: Found): void {
  const pass = block.find((statement) => statement.name === "proxy_pass" || statement.name === "grpc_pass");
  if (pass === undefined || found.notes.isFull) return;
  const setter = pass.name === "grpc_pass" ? "grpc_set_header" : "proxy_set_header";
  const { effects, passesUpgrade } = effectsIn(scope, { setter, known: found.effects, notes: found.notes });
  const off = pass.name === "proxy_pass" ? scope.single.get("proxy_pass_request_headers") : undefined;
  const { preambleIn } = server.entrance;
  const letIn = letsUnderscoresIn(scope);
  const passage: ProxyPassage = {
    kind: "proxy",
    product: "nginx",
    place: pass.place,
    name,
    carries: "http",
    ...(preambleIn && { preambleIn }),
    client: placeRuleOf(scope, { server, found }),
    consumesHops: false,
    headers: off?.words[0]?.text === "off" ? withheld(off, effects) : effects,
    dropsUnderscores: letIn === undefined,
    preambleOut: "none",
    keepsSource: isTransparent(scope),
    passesUpgrade: pass.name === "grpc_pass" || passesUpgrade,
    target: toldText(pass.words[0]?.text ?? ""),
  };
  if (!addPassage(found, passage)) return;
  for (const finding of [...judgeNotInherited(passage, scope), ...judgePreamble(passage)]) once(found, finding);
  if (letIn !== undefined) {
    const { line, fix } = letIn;
    once(found, findingAt(line.place, { code: "FINDING_ALIAS_PASSED", severity: "warning", what: "X_Forwarded_For", fix }));
  }
}

/**
 * The line that lets names with an underscore through.
 *
 * Source: nginx, ngx_http_core_module: such a name is invalid unless `underscores_in_headers` is on, and invalid ones are dropped unless `ignore_invalid_headers` is off.
 */
function letsUnderscoresIn({ single }: Scope): { readonly line: Statement; readonly fix: string } | undefined {
  const [underscores, invalid] = [single.get("underscores_in_headers"), single.get("ignore_invalid_headers")];
  if (underscores?.words[0]?.text === "on") return { line: underscores, fix: "underscores_in_headers off;" };
  return invalid?.words[0]?.text === "off" ? { line: invalid, fix: "ignore_invalid_headers on;" } : undefined;
}

function isTransparent({ single }: Scope): boolean {
  const bind = textsOf(single.get("proxy_bind")?.words ?? []);
  return bind[0] === "$remote_addr" && bind.includes("transparent");
}

/**
 * Whom nginx takes for the client.
 *
 * Source: nginx, ngx_http_realip_module: without `set_real_ip_from` nothing happens, without `real_ip_header` it reads X-Real-IP.
 */
function clientRuleOf({ trusted, single }: Scope, { entrance, found }: { readonly entrance: Entrance; readonly found: Found }): ClientRule {
  const named = single.get("real_ip_header");
  const place = named?.place ?? trusted[0]?.place;
  if (place === undefined) return { kind: "peer" };
  const trust = trustOf(trusted, found);
  const header = (named?.words[0]?.text ?? "X-Real-IP").toLowerCase();
  if (header === "proxy_protocol") return entrance.isPlain ? { kind: "peer" } : { kind: "preamble", trust, place };
  const selection = { kind: single.get("real_ip_recursive")?.words[0]?.text === "on" ? "first-untrusted" : "rightmost" } as const;
  return { kind: "header", headers: [header], selection, trust, place };
}

/**
 * Whom nginx takes for the client in a place of a server. Where the server's own lines have found one, those of the place are not asked.
 *
 * Source: nginx, ngx_http_realip_module, which runs before a location is found, and once more in it unless it has changed the address.
 */
function placeRuleOf(
  scope: Scope,
  { server: { client, entrance }, found }: { readonly server: Server; readonly found: Found },
): ClientRule {
  const own = clientRuleOf(scope, { entrance, found });
  if (own.kind === "peer" || saysSame(own, client)) return own;
  if (client.kind !== "peer")
    return { kind: "unknown", why: "real_ip_header of the server goes before that of the location", place: own.place };
  return scope.isReadEarly ? { kind: "unknown", why: "$remote_addr is read before real_ip_header of the location", place: own.place } : own;
}

function saysSame(rule: ClientRule, other: ClientRule): boolean {
  const read = (one: ClientRule): string => JSON.stringify({ ...one, place: undefined });
  return rule === other || read(rule) === read(other);
}

/** Whom lines trust. Names in them are told once. */
function trustOf(trusted: readonly Statement[], found: Found): Trust {
  const known = found.trusts.get(trusted);
  if (known !== undefined) return known;
  const { trust, strange } = trustIn(trusted.map(({ words }) => words[0]?.text ?? ""));
  const [first] = strange;
  const at = trusted.find(({ words }) => words[0]?.text === first) ?? trusted[0];
  if (first !== undefined && at !== undefined)
    once(found, findingAt(at.place, { code: "FINDING_TRUST_UNKNOWN", severity: "note", what: toldTexts(strange) }));
  found.trusts.set(trusted, trust);
  return trust;
}

/** A rule of an outer level is met in each place that takes it over. */
function once({ findings, told }: Found, finding: Finding): void {
  const key = JSON.stringify([finding.code, finding.place, finding.what]);
  if (!told.has(key)) findings.push(finding);
  told.add(key);
}

function nameOf(block: readonly Statement[], { address }: Entrance): string {
  const named = block.find(({ name }) => name === "server_name")?.words[0]?.text;
  return toldText([named, address].filter((text) => text !== undefined && text !== "_").join(" ")) || "server";
}

/** A PROXY protocol header that is read and used for nothing: everybody is the load balancer still. */
function judgePreamble({ preambleIn, client, headers, preambleOut }: ProxyPassage): readonly Finding[] {
  if (preambleIn === undefined || client.kind === "preamble" || preambleOut !== "none") return [];
  if (headers.some(({ writes }) => mentions(writes, ["preamble"]))) return [];
  const fix = "real_ip_header proxy_protocol;\nset_real_ip_from LOAD_BALANCER_NETWORK;";
  return [findingAt(preambleIn.place, { code: "FINDING_PREAMBLE_UNUSED", severity: "error", what: "proxy_protocol", fix })];
}

/** `stream`: bytes are passed on, and the address only in a PROXY protocol header. */
function readStream(stream: Statement, found: Found): void {
  const outer = scopeIn(OUTERMOST, stream);
  const servers = serversIn(stream);
  const preambles = preamblesIn(servers);
  for (const server of servers) {
    const { block = [] } = server;
    const pass = block.find(({ name }) => name === "proxy_pass");
    if (pass === undefined) continue;
    const scope = scopeIn(outer, server);
    for (const entrance of entrancesOf(block, preambles))
      if (!readBytes(pass, { scope, entrance, name: `stream ${nameOf(block, entrance)}` }, found)) return;
  }
}

type BytesAt = { readonly scope: Scope; readonly entrance: Entrance; readonly name: string };

/** One way of bytes through a server. `false` when there are more ways than are followed. */
function readBytes(pass: Statement, { scope, entrance: { preambleIn }, name }: BytesAt, found: Found): boolean {
  const trust = trustOf(scope.trusted, found);
  const place = scope.trusted[0]?.place;
  const passage: ProxyPassage = {
    kind: "proxy",
    product: "nginx",
    place: pass.place,
    name,
    carries: "tcp",
    ...(preambleIn && { preambleIn }),
    client: place === undefined || preambleIn === undefined ? { kind: "peer" } : { kind: "preamble", trust, place },
    consumesHops: false,
    headers: [],
    dropsUnderscores: false,
    preambleOut: scope.single.get("proxy_protocol")?.words[0]?.text === "on" ? "v1" : "none",
    keepsSource: isTransparent(scope),
    passesUpgrade: true,
    target: toldText(pass.words[0]?.text ?? ""),
  };
  if (!addPassage(found, passage)) return false;
  if (passage.client.kind === "peer" && preambleIn !== undefined) {
    const fix = "set_real_ip_from LOAD_BALANCER_NETWORK;";
    once(found, findingAt(preambleIn.place, { code: "FINDING_PREAMBLE_UNUSED", severity: "error", what: "proxy_protocol", fix }));
  }
  return true;
}

/** Blocks whose lines are directives. */
const BLOCKS: ReadonlySet<string> = new Set(["http", "stream", "server", "location", "if", "limit_except"]);

const READ: ReadonlySet<string> = new Set([
  ...BLOCKS,
  ...SINGLE,
  ..."listen server_name proxy_pass grpc_pass proxy_set_header grpc_set_header set_real_ip_from map geo set".split(" "),
]);

function countOthers(block: readonly Statement[], notes: Notes): void {
  for (const line of block) {
    const { name, words, place, block: inner = [] } = line;
    const expected = expectedFor(line);
    if (expected !== undefined)
      note(notes, place, { code: "CONFIG_NOT_UNDERSTOOD", expected, given: `${name} ${toldTexts(textsOf(words))}`.trim() });
    else if (!READ.has(name)) countOther(notes, name);
    if (BLOCKS.has(name)) countOthers(inner, notes);
  }
}
