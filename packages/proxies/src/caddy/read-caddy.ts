import { addPassage } from "../add-passage.ts";
import { isAboutAddress, XFF } from "../address-headers.ts";
import type { HeaderEffect, Passage, ProxyPassage, Trust } from "../description.ts";
import { CONFIG_LIMITS } from "../limits.ts";
import type { Reader } from "../reading.ts";
import { countOther, countStatement, type Notes, note, type Statement, textsOf, type Word } from "../statement.ts";
import { targetsText } from "../targets-text.ts";
import { toldText, toldTexts } from "../told-text.ts";
import { EVERYBODY, NOBODY } from "../trust.ts";
import { type HeaderOp, headerOpOf, matched } from "./header-ops.ts";
import { expandImports } from "./imports.ts";
import { isMatcher, type Matchers, matchersIn, NO_MATCHERS } from "./matchers.ts";
import { parseCaddyfile } from "./parse.ts";
import { type Site, sitesIn } from "./sites.ts";
import { type Server, serversIn, trustOf } from "./trusted.ts";
import { expectedFor } from "./unread.ts";

/**
 * Reads a Caddyfile: each `reverse_proxy` of its sites.
 *
 * Not read: Caddy's JSON, FastCGI, directives that do not belong to Caddy itself.
 *
 * Source: Caddy, "Caddyfile Directives". Debian's 2.6 confirms what it has; `servers` with trusted proxies and PROXY protocol, which came with 2.7, are as documented.
 */
export const readCaddy: Reader = (source, { include, notes }) => {
  const statements = expandImports(parseCaddyfile(source, notes), { include, notes });
  const { options, routes, sites } = sitesIn(statements);
  const passages: Passage[] = [];
  const serverFor = serversIn(options);
  for (const site of sites) {
    if (notes.isFull) break;
    const server = serverFor(site.addresses);
    const found: Found = { site, server, routes, notes, passages };
    const before = passages.length;
    const name = toldTexts(textsOf(site.addresses));
    walk(site.block, { name, matchers: NO_MATCHERS, headers: [], isInOrder: false, depth: 0 }, found);
    const { client, preambleIn } = server;
    if (passages.length === before && client.kind !== "peer")
      addPassage(found, { kind: "service", product: "caddy", place: site.place, name, client, ...(preambleIn && { preambleIn }) });
  }
  for (const option of options) if (option.name !== "servers" && !tellUnread(option, notes)) countOther(notes, option.name);
  return { passages, findings: [] };
};

type Found = {
  readonly site: Site;
  readonly server: Server;
  /** Routes that are invoked by name. */
  readonly routes: ReadonlyMap<string, readonly Statement[]>;
  readonly notes: Notes;
  readonly passages: Passage[];
};

type At = {
  readonly name: string;
  readonly matchers: Matchers;
  /** What was done to headers on the way here. */
  readonly headers: readonly HeaderEffect[];
  /** Whether directives are followed as they stand, and not in Caddy's own order. */
  readonly isInOrder: boolean;
  /** Routes that invoked each other. */
  readonly depth: number;
};

/** Follows the directives of a block. In Caddy's own order, `request_header` comes before all that passes requests on, and one for some requests before one for all. */
function walk(block: readonly Statement[], at: At, found: Found): void {
  const matchers = matchersIn(at.matchers, block);
  let { headers } = at;
  let own: HeaderEffect[] | undefined;
  for (const statement of at.isInOrder ? block : inOwnOrder(block)) {
    const { name, words, place, block: inner = [] } = statement;
    const here = { ...at, matchers, headers, name: named(at.name, words) };
    if (at.depth > 0 && !countStatement(found.notes, place)) return;
    if (found.notes.isFull) return;
    if (name === "request_header") {
      // the list of the block around it stays as it is
      own ??= [...headers];
      headers = own;
      addRequestHeader(statement, { ...here, headers: own }, found);
    } else if (name === "reverse_proxy" || name === "intercept") {
      if (name === "reverse_proxy") for (const passage of passageOf(statement, here, found)) addPassage(found, passage);
      answered(inner, here, found);
    } else if (CONTAINERS.has(name)) walk(inner, { ...here, isInOrder: name === "route" }, found);
    else if (name === "invoke") invoke(statement, here, found);
    else if (!name.startsWith("@")) readOther(statement, found);
  }
}

/** What is done with a request once there is an answer to it: it may go on to another service, as it was before. Source: Caddy, `reverse_proxy` and `intercept`, `handle_response`. */
function answered(block: readonly Statement[], at: At, found: Found): void {
  for (const { name, words, block: inner = [] } of block)
    if (name === "handle_response") walk(inner, { ...at, name: named(at.name, words), isInOrder: false }, found);
}

const CONTAINERS: ReadonlySet<string> = new Set(["handle", "handle_path", "handle_errors", "route"]);

/** A name with the matcher that stands first among words. */
function named(name: string, [first]: readonly Word[]): string {
  return first !== undefined && isMatcher(first.text) ? toldText(`${name} ${toldText(first.text)}`) : name;
}

function inOwnOrder(block: readonly Statement[]): readonly Statement[] {
  const rank = ({ name, words }: Statement): number => (name !== "request_header" ? 2 : isMatcher(words[0]?.text) ? 0 : 1);
  return block.toSorted((first, other) => rank(first) - rank(other));
}

function addRequestHeader(
  { words, place }: Statement,
  { headers, matchers }: At & { readonly headers: HeaderEffect[] },
  { server, notes }: Found,
): void {
  const { matcher, rest } = matched(words, matchers);
  const op = headerOpOf({ words: rest, place }, { remote: server.remote, matcher, changed: headers });
  const effects = op.effects.filter(isAboutAddress);
  if (headers.length + effects.length <= CONFIG_LIMITS.maxRules) headers.push(...effects);
  else note(notes, place, MANY_RULES);
}

function invoke({ words, place }: Statement, at: At, found: Found): void {
  const name = words.find(({ text }) => !isMatcher(text))?.text ?? "";
  const route = found.routes.get(name);
  if (route !== undefined && at.depth < CONFIG_LIMITS.maxIncludeDepth) walk(route, { ...at, depth: at.depth + 1, isInOrder: false }, found);
  else note(found.notes, place, { code: "CONFIG_UNEXPECTED", expected: "a route of that name", given: name });
}

/** A place that passes requests on makes a passage. */
function passageOf(
  { words, place, block = [] }: Statement,
  { name, matchers, headers }: At,
  { server, notes }: Found,
): readonly ProxyPassage[] {
  const transport = block.findLast((line) => line.name === "transport");
  if (transport?.words[0]?.text === "fastcgi") {
    tellUnread(transport, notes);
    return [];
  }
  const { rest } = matched(words, matchers);
  const trusted = block.filter((line) => line.name === "trusted_proxies").flatMap((line) => textsOf(line.words));
  const keeps = bothOf(server.trust, trusted.length === 0 ? NOBODY : trustOf(trusted));
  const { client, preambleIn, remote } = server;
  const isBehindPreamble = preambleIn !== undefined && keeps.kind !== "nobody";
  const forwarded: HeaderEffect = {
    header: XFF,
    // the networks are compared with the address of the PROXY protocol
    keeps: isBehindPreamble ? { kind: "unknown", why: "trusted_proxies behind proxy_protocol" } : keeps,
    writes: remote,
    joins: "list",
    onlyIfAbsent: false,
    except: [],
    place,
  };
  const targets = [
    ...textsOf(rest),
    ...block.filter((line) => line.name === "to" || line.name === "dynamic").flatMap((line) => textsOf(line.words)),
  ];
  const version = transport?.block?.findLast((line) => line.name === "proxy_protocol")?.words[0]?.text;
  return [
    {
      kind: "proxy",
      product: "caddy",
      place,
      name,
      carries: "http",
      ...(preambleIn && { preambleIn }),
      client,
      consumesHops: false,
      headers: [...headers, forwarded, ...headersUp(block, { server, changed: headers, notes })],
      dropsListedAt: headers.length,
      dropsUnderscores: false,
      preambleOut: version === "v1" || version === "v2" ? version : "none",
      keepsSource: false,
      passesUpgrade: true,
      ...(targets.length > 0 && { target: targetsText(targets) }),
    },
  ];
}

function bothOf(first: Trust, other: Trust): Trust {
  if (other.kind === "nobody") return first;
  if (first.kind === "nobody") return other;
  const found = [first, other];
  const unknown = found.find(({ kind }) => kind === "unknown");
  if (unknown !== undefined) return unknown;
  if (found.some(({ kind }) => kind === "everybody")) return EVERYBODY;
  const entries = found.flatMap((trust) => (trust.kind === "list" ? trust.entries : []));
  return entries.length === 0 ? NOBODY : { kind: "list", entries };
}

/**
 * What `header_up` does, behind what Caddy does by itself. Its kinds are followed in an order of their own, whichever stands first.
 *
 * Source: Caddy, `headers.HeaderOps`: add, set, delete, replace. A placeholder gives what the request had before.
 */
function headersUp(
  block: readonly Statement[],
  { server, changed, notes }: { readonly server: Server; readonly changed: readonly HeaderEffect[]; readonly notes: Notes },
): readonly HeaderEffect[] {
  const lines = block.filter(({ name }) => name === "header_up");
  const more = lines[CONFIG_LIMITS.maxRules];
  if (more !== undefined) note(notes, more.place, MANY_RULES);
  const ops = lines
    .slice(0, CONFIG_LIMITS.maxRules)
    .map((statement) => headerOpOf(statement, { remote: server.remote, matcher: { kind: "all" }, changed, isLate: true }));
  const order: readonly HeaderOp["kind"][] = ["add", "set", "delete", "replace"];
  return order.flatMap((kind) => ops.filter((op) => op.kind === kind).flatMap(({ effects }) => effects.filter(isAboutAddress)));
}

const MANY_RULES = { code: "CONFIG_LIMIT_REACHED", expected: `at most ${CONFIG_LIMITS.maxRules} rules on headers`, given: "more" } as const;

function readOther(statement: Statement, { notes }: Found): void {
  const { name } = statement;
  if (tellUnread(statement, notes)) return;
  countOther(notes, name);
  if (!STANDARD.has(name)) noteStatement(statement, { expected: "a directive of Caddy itself", notes });
}

/** Notes a directive that may change the address and is not followed, and says whether it is one. */
function tellUnread(statement: Statement, notes: Notes): boolean {
  const expected = expectedFor(statement);
  if (expected !== undefined) noteStatement(statement, { expected, notes });
  return expected !== undefined;
}

function noteStatement({ name, words, place }: Statement, { expected, notes }: { readonly expected: string; readonly notes: Notes }): void {
  note(notes, place, { code: "CONFIG_NOT_UNDERSTOOD", expected, given: [name, ...textsOf(words)].join(" ") });
}

/** Directives of Caddy itself that do nothing to the address. */
const STANDARD: ReadonlySet<string> = new Set(
  "abort acme_server basicauth basic_auth bind copy_response copy_response_headers encode error file_server forward_auth fs header log log_append log_name log_skip map method metrics php_fastcgi push redir request_body respond rewrite root skip_log templates tls tracing try_files uri vars".split(
    " ",
  ),
);
