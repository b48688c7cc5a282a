import { addPassage } from "../add-passage.ts";
import { mentions } from "../address-headers.ts";
import type { ProxyPassage } from "../description.ts";
import { expandIncludes } from "../expand-includes.ts";
import { type Finding, findingAt } from "../finding.ts";
import type { Reader } from "../reading.ts";
import { type Statement, textsOf } from "../statement.ts";
import { toldText, toldTexts } from "../told-text.ts";
import { entrancesOf, nameOf, type Preambles, preamblesIn, serversIn } from "./entrances.ts";
import { type Found, once } from "./found.ts";
import { judgeNotInherited } from "./inheritance.ts";
import { parseNginx } from "./parse.ts";
import { clientRuleOf, placeRuleOf, type Server } from "./real-ip.ts";
import { isTransparent, OUTERMOST, type Scope, scopeIn } from "./scope.ts";
import { effectsIn, nothingKnown } from "./set-headers.ts";
import { readStream } from "./stream.ts";
import { tellOthers } from "./unread.ts";
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
  tellOthers(statements, notes);
  return reading;
};

function readHttp(http: Statement, found: Found): void {
  const scope = scopeIn(OUTERMOST, http);
  const servers = serversIn(http);
  const preambles = preamblesIn(servers);
  for (const server of servers) readServer(server, { outer: scope, preambles }, found);
}

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

/** A PROXY protocol header that is read and used for nothing: everybody is the load balancer still. */
function judgePreamble({ preambleIn, client, headers, preambleOut }: ProxyPassage): readonly Finding[] {
  if (preambleIn === undefined || client.kind === "preamble" || preambleOut !== "none") return [];
  if (headers.some(({ writes }) => mentions(writes, ["preamble"]))) return [];
  const fix = "real_ip_header proxy_protocol;\nset_real_ip_from LOAD_BALANCER_NETWORK;";
  return [findingAt(preambleIn.place, { code: "FINDING_PREAMBLE_UNUSED", severity: "error", what: "proxy_protocol", fix })];
}
