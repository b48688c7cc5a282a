import { addPassage } from "../add-passage.ts";
import { isAboutAddress, XFF } from "../address-headers.ts";
import type { ClientRule, HeaderEffect, Passage, ProxyPassage } from "../description.ts";
import { expandIncludes } from "../expand-includes.ts";
import { CONFIG_LIMITS } from "../limits.ts";
import type { Reader } from "../reading.ts";
import { countOther, type Notes, note, type Statement, textsOf } from "../statement.ts";
import { toldText, toldTexts } from "../told-text.ts";
import { EVERYBODY } from "../trust.ts";
import type { Level } from "./level.ts";
import { parseApache } from "./parse.ts";
import { PathTree } from "./path-tree.ts";
import type { Place } from "./places.ts";
import { type Client, clientOfServer, listLines, type Proxies } from "./remote-ip.ts";
import { requestHeaderOf } from "./request-header.ts";
import type { Route } from "./routes.ts";
import { inForce, type Server, serversIn } from "./sections.ts";
import { routesOf } from "./server-routes.ts";
import { expectedFor, schemeOf } from "./unread.ts";

/**
 * Reads Apache: what its main server and its virtual hosts pass on over HTTP and WebSocket, with mod_remoteip, mod_headers and mod_proxy.
 *
 * Not read: AJP, FastCGI and the like, which carry the address otherwise; `.htaccess`; macros; what Lua does.
 *
 * Source: Apache 2.4, which a real one of Debian confirms.
 */
export const readApache: Reader = (source, { include, notes }) => {
  const all = expandIncludes(parseApache(source, notes), {
    directives: { include: { isOptional: false }, includeoptional: { isOptional: true } },
    parse: parseApache,
    include,
    notes,
  });
  const statements = inForce(all, notes);
  const passages: Passage[] = [];
  const order = orderOf(all);
  const known = new Map<Level, Proxies>();
  for (const server of serversIn(statements, notes)) {
    if (notes.isFull || !countTaken(server, notes)) break;
    readServer(server, { passages, notes, order, client: clientOfServer(server, { include, known }) });
  }
  countOthers(statements, { notes });
  return { passages, findings: [] };
};

/** Counts what a host takes over from the main server as if it stood there once more. */
function countTaken({ host, main, own }: Server, notes: Notes): boolean {
  if (host === undefined || own === undefined) return true;
  const lists = listLines(own).length === 0 ? [] : listLines(main);
  const words = lists.reduce((sum, line) => sum + line.words.length, 0);
  notes.statements += main.locationRoutes.length + main.lineRoutes.length + main.paths.length + words;
  if (notes.statements <= CONFIG_LIMITS.maxStatements) return true;
  const expected = `at most ${CONFIG_LIMITS.maxStatements} statements, with those that virtual hosts take over`;
  note(notes, host.place, { code: "CONFIG_LIMIT_REACHED", expected, given: "more" });
  return false;
}

type Found = { readonly passages: Passage[]; readonly notes: Notes; readonly client: Client; readonly order: ModuleOrder };

/** Which of two modules looks at a request first: the one that is loaded first. */
type ModuleOrder = "headers-first" | "remoteip-first" | "unknown";

function orderOf(statements: readonly Statement[]): ModuleOrder {
  const loaded = (name: string): number => statements.findIndex((line) => line.name === "loadmodule" && line.words[0]?.text === name);
  const [headers, remoteip] = [loaded("headers_module"), loaded("remoteip_module")];
  if (headers === -1 || remoteip === -1) return "unknown";
  return headers < remoteip ? "headers-first" : "remoteip-first";
}

function readServer(server: Server, found: Found): void {
  const { passages, client } = found;
  const before = passages.length;
  const places = tellingOf(server);
  for (const route of routesOf(server)) {
    if (found.notes.isFull) return;
    if (schemeOf(route.target) === "http") addPassage(found, passageOf(route, { server, places, found }));
  }
  if (passages.length === before && client.client.kind !== "peer" && server.host !== undefined)
    addPassage(found, { kind: "service", product: "apache", place: server.host.place, name: nameOf(server), ...client });
}

function nameOf({ host, own, main }: Server): string {
  const named = (host === undefined ? main : own)?.byName.get("servername")?.[0]?.words[0]?.text;
  return [
    host === undefined ? "main server" : `VirtualHost ${toldTexts(textsOf(host.words))}`,
    ...(named === undefined ? [] : [toldText(named)]),
  ].join(" ");
}

/** The places of a server that say something of headers, by path, and those that hold at any; each with its turn. */
type Telling = { readonly byPath: PathTree<Turn>; readonly anywhere: readonly Turn[] };
type Turn = { readonly place: Place; readonly turn: number };

function tellingOf({ main, own }: Server): Telling {
  const places = [...main.telling, ...(own?.telling ?? [])].toSorted((first, other) => first.phase - other.phase);
  const turns = places.map((place, turn) => ({ place, turn }));
  const byPath = new PathTree<Turn>();
  for (const turn of turns) if (turn.place.path !== undefined) byPath.add(turn.place.path, turn);
  return { byPath, anywhere: turns.filter(({ place }) => place.path === undefined) };
}

type PassageOptions = { readonly server: Server; readonly places: Telling; readonly found: Found };

function passageOf(route: Route, { server, places, found }: PassageOptions): ProxyPassage {
  const all = [...places.byPath.above(route.path), ...places.anywhere];
  const here = all.toSorted((first, other) => first.turn - other.turn).map(({ place }) => asMet(place, route));
  const { early, late } = headersIn(here, found);
  const rules = [...early, ...late];
  const rule = withEarly(found.client.client, { early, order: found.order });
  const { preambleIn } = found.client;
  return {
    kind: "proxy",
    product: "apache",
    place: route.statement.place,
    name: `${nameOf(server)} ${route.name}`,
    carries: "http",
    ...(preambleIn && { preambleIn }),
    client: rule,
    consumesHops: true,
    headers: [...rules, ...forwardedIn(here, { rules, route })],
    dropsListedAt: rules.length,
    dropsUnderscores: false,
    preambleOut: "none",
    keepsSource: false,
    passesUpgrade: route.passesUpgrade,
    target: toldText(route.target),
  };
}

/** A place as requests meet it that take a route: those of a route in it match its pattern. */
function asMet({ condition, ...place }: Place, { pattern }: Route): Place {
  const isMet = condition === undefined || (pattern !== undefined && pattern === place.pattern);
  return isMet ? place : { ...place, condition };
}

/** A header that is looked at for the client may be changed before. */
function withEarly(
  client: ClientRule,
  { early, order }: { readonly early: readonly HeaderEffect[]; readonly order: ModuleOrder },
): ClientRule {
  if (client.kind !== "header" || order === "remoteip-first") return client;
  const changes = early.filter(({ header }) => client.headers.includes(header));
  const [change] = changes;
  if (change === undefined) return client;
  const isGone = changes.every(({ keeps, writes, condition }) => keeps.kind === "nobody" && writes.length === 0 && condition === undefined);
  return isGone && order === "headers-first" ? { kind: "peer" } : { kind: "unknown", why: "RequestHeader … early", place: change.place };
}

/** What `RequestHeader` lines do, in the order in which they are followed. */
function headersIn(
  places: readonly Place[],
  { notes, client }: Found,
): { readonly early: readonly HeaderEffect[]; readonly late: readonly HeaderEffect[] } {
  const found: { early: HeaderEffect[]; late: HeaderEffect[] } = { early: [], late: [] };
  const changed = new Set<string>();
  const looked: readonly string[] = client.client.kind === "header" ? client.client.headers : [];
  let count = 0;
  for (const { rules, condition } of places) {
    for (const line of rules) {
      const read = requestHeaderOf(line, { condition, changed });
      if (read === undefined) continue;
      count += 1;
      if (count > CONFIG_LIMITS.maxRules) {
        note(notes, line.place, {
          code: "CONFIG_LIMIT_REACHED",
          expected: `at most ${CONFIG_LIMITS.maxRules} rules on headers`,
          given: "more",
        });
        return found;
      }
      if (isAboutAddress(read.effect) || (read.isEarly && looked.includes(read.effect.header)))
        found[read.isEarly ? "early" : "late"].push(read.effect);
      changed.add(read.effect.header);
    }
  }
  return found;
}

/** What mod_proxy adds by itself, unless it is told not to. Lines that were added are not joined with it. */
function forwardedIn(
  places: readonly Place[],
  { rules, route }: { readonly rules: readonly HeaderEffect[]; readonly route: Route },
): readonly HeaderEffect[] {
  const said = places.flatMap(({ addHeaders: line, condition }) => (line === undefined ? [] : [{ line, condition }])).at(-1);
  const isOff = said?.line.words[0]?.text.toLowerCase() === "off";
  if (isOff && said?.condition === undefined) return [];
  const isSplit = rules.some(({ header, joins, writes }) => header === XFF && joins === "line" && writes.length > 0);
  return [
    {
      header: XFF,
      keeps: isSplit ? { kind: "unknown", why: "RequestHeader add" } : EVERYBODY,
      writes: [{ kind: "client" }],
      joins: "list",
      onlyIfAbsent: false,
      except: [],
      ...(said?.condition !== undefined && { condition: said.condition }),
      place: said?.line.place ?? route.statement.place,
    },
  ];
}

const READ: ReadonlySet<string> = new Set(
  "requestheader proxypass proxypassmatch proxyaddheaders remoteipheader remoteipinternalproxy remoteiptrustedproxy remoteipinternalproxylist remoteiptrustedproxylist remoteipproxyprotocol remoteipproxyprotocolexceptions remoteipproxiesheader rewriteengine rewriteoptions rewriterule loadmodule servername define undefine".split(
    " ",
  ),
);

function countOthers(
  statements: readonly Statement[],
  { notes, section = "" }: { readonly notes: Notes; readonly section?: string },
): void {
  for (const statement of statements) {
    const { name, words, place, block } = statement;
    const expected = expectedFor(statement, section);
    if (expected !== undefined) note(notes, place, { code: "CONFIG_NOT_UNDERSTOOD", expected, given: [name, ...textsOf(words)].join(" ") });
    else if (block !== undefined) countOthers(block, { notes, section: name });
    else if (!READ.has(name)) countOther(notes, name);
  }
}
