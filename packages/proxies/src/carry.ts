import { createResolver, evidenceOfFields, type HeaderField, parseAddress, parsePolicy, type Resolver } from "wherefrom";
import { ADDRESS_HEADERS } from "./address-headers.ts";
import type { ClientRule, HeaderEffect, ProxyPassage, ValuePart } from "./description.ts";
import { policyOf } from "./policy-of.ts";
import { coversAny, isTrusted } from "./trust.ts";
import { walkToPublic } from "./walk-to-public.ts";

/** A request as it comes in. */
export type ComingIn = {
  /** The peer's address. */
  readonly peer: string;
  /** The address in the PROXY protocol header that came before it. */
  readonly preamble?: string;
  readonly fields: readonly HeaderField[];
};

/** A request as it goes out. */
export type GoingOut = {
  /** Whom the proxy takes for the client; `undefined` where nobody can say. */
  readonly client: string | undefined;
  /** The header fields, in the order in which they are written. */
  readonly fields: readonly HeaderField[];
  /** Headers, in lower case, whose lines nobody can say beforehand. They are not in `fields`. */
  readonly unknown: readonly string[];
  /** The address in the PROXY protocol header that goes before it. */
  readonly preamble?: string;
};

/** Says what becomes of a request on its way through a proxy. Pure: it connects to nothing. The order of fields of different names is not the proxy's. */
export function carry(passage: ProxyPassage, request: ComingIn): GoingOut {
  const client = clientOf(passage.client, request);
  const preamble = passage.preambleOut === "none" ? {} : { preamble: client ?? request.peer };
  if (passage.carries === "tcp") return { client, fields: request.fields, unknown: [], ...preamble };
  const received = passage.dropsUnderscores ? request.fields.filter(([name]) => !name.includes("_")) : request.fields;
  const isConsumed = passage.consumesHops && client !== request.peer;
  const kept = isConsumed ? withoutConsumed(passage.client, { client, fields: received }) : received;
  const state: State = { fields: [...kept], unknown: new Set() };
  for (const [index, effect] of passage.headers.entries()) {
    if (index === passage.dropsListedAt) dropListed(state, received);
    apply(effect, { state, request: { ...request, fields: kept }, client });
  }
  if (passage.headers.length === passage.dropsListedAt) dropListed(state, received);
  return { client, fields: state.fields, unknown: [...state.unknown], ...preamble };
}

/** Says whom a rule takes for the client of a request. `undefined` where nobody can say. */
export function clientOf(rule: ClientRule, request: ComingIn): string | undefined {
  switch (rule.kind) {
    case "unknown":
      return undefined;
    case "peer":
      return request.peer;
    case "preamble": {
      const trusted = isTrusted(rule.trust, request.peer);
      return trusted === undefined ? undefined : trusted ? (request.preamble ?? request.peer) : request.peer;
    }
    case "header":
      return clientByHeader(rule, request);
  }
}

type HeaderRule = Extract<ClientRule, { kind: "header" }>;

function clientByHeader(rule: HeaderRule, { peer, fields }: ComingIn): string | undefined {
  if (rule.selection.kind === "first-untrusted" && rule.selection.publicBehind !== undefined)
    return walkToPublic(elementsOf(fields, rule.headers[0]), { peer, trust: rule.trust, publicBehind: rule.selection.publicBehind });
  const header = rule.headers.find((name) => fields.some(([field]) => field.toLowerCase() === name)) ?? rule.headers[0];
  // a header that is known to nobody is looked at under one name, so that ways share resolvers
  const name = ADDRESS_HEADERS.includes(header) ? header : "x-client-ip";
  const own = fields.filter(([field]) => field.toLowerCase() === header).map(([, value]): HeaderField => [name, value]);
  const ask = (selection: HeaderRule["selection"]): ReturnType<Resolver["resolve"]> | undefined =>
    resolverFor({ ...rule, headers: [name], selection })?.resolve(evidenceOfFields(peer, own));
  const answer = ask(rule.selection);
  if (answer === undefined) return undefined;
  const isShort = answer.reason === "index-out-of-range" && rule.selection.kind === "index" && rule.selection.orLeftmost;
  return (isShort ? ask({ kind: "leftmost" })?.ip : answer.ip) ?? peer;
}

/** Resolvers by the list of peers that they believe, which ways share. */
const resolvers = new WeakMap<object, Map<string, Resolver>>();

function resolverFor(rule: HeaderRule): Resolver | undefined {
  const policy = policyOf(rule);
  if (policy === undefined) return undefined;
  const list = rule.trust.kind === "list" ? rule.trust.entries : resolvers;
  const known = resolvers.get(list) ?? new Map<string, Resolver>();
  resolvers.set(list, known);
  const key = JSON.stringify([rule.trust.kind, rule.headers, rule.selection]);
  const resolver = known.get(key) ?? createResolver(parsePolicy(policy));
  known.set(key, resolver);
  return resolver;
}

/** Leaves in the header only what stands left of the hop that was taken. */
function withoutConsumed(
  rule: ClientRule,
  { client, fields }: { client: string | undefined; fields: readonly HeaderField[] },
): readonly HeaderField[] {
  if (rule.kind !== "header") return fields;
  const [header] = rule.headers;
  const elements = elementsOf(fields, header);
  const at = elements.findLastIndex((element) => (parseAddress(element)?.text ?? element) === client);
  if (at === -1) return fields;
  const others = fields.filter(([name]) => name.toLowerCase() !== header);
  return at === 0 ? others : [...others, [header, elements.slice(0, at).join(", ")]];
}

function elementsOf(fields: readonly HeaderField[], header: string): readonly string[] {
  return fields
    .filter(([name]) => name.toLowerCase() === header)
    .flatMap(([, value]) => value.split(","))
    .map((element) => element.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((element) => element !== "");
}

type State = { fields: HeaderField[]; readonly unknown: Set<string> };
type Asked = { readonly state: State; readonly request: ComingIn; readonly client: string | undefined };

function apply(effect: HeaderEffect, { state, request, client }: Asked): void {
  const { header, keeps, writes, joins, onlyIfAbsent, except, condition } = effect;
  if (coversAny(except, request.peer)) return;
  const isOwn = ([name]: HeaderField): boolean => name.toLowerCase() === header;
  if (onlyIfAbsent && state.fields.some(isOwn)) return;
  const kept = isTrusted(keeps, request.peer);
  const value = textOfParts(writes, { request, client });
  if (condition !== undefined || kept === undefined || value === undefined) {
    state.fields = state.fields.filter((field) => !isOwn(field));
    state.unknown.add(header);
    return;
  }
  const lines = kept ? state.fields.filter(isOwn) : [];
  if (!kept) state.unknown.delete(header);
  if (state.unknown.has(header)) return;
  const others = state.fields.filter((field) => !isOwn(field));
  const own: HeaderField[] =
    joins === "line"
      ? [...lines, ...lineOf(header, value)]
      : lineOf(header, [...lines.map(([, line]) => line), ...(value === "" ? [] : [value])].join(", "));
  state.fields = [...others, ...own];
}

/** RFC 9110 §7.6.1: a field that `Connection` names is for the next hop alone. */
function dropListed(state: State, received: readonly HeaderField[]): void {
  const listed = elementsOf(received, "connection").map((name) => name.toLowerCase());
  state.fields = state.fields.filter(([name]) => !listed.includes(name.toLowerCase()));
}

/** A line with a value. A proxy sends no header without one. */
function lineOf(header: string, value: string): HeaderField[] {
  return value === "" ? [] : [[header, value]];
}

type Known = { readonly request: ComingIn; readonly client: string | undefined };

/** The text that parts come to; `undefined` where nobody can say. */
function textOfParts(parts: readonly ValuePart[], known: Known): string | undefined {
  const texts = parts.map((part) => textOf(part, known));
  return texts.some((text) => text === undefined) ? undefined : texts.join("");
}

function textOf(part: ValuePart, known: Known): string | undefined {
  const { request, client } = known;
  switch (part.kind) {
    case "text":
      return part.text;
    case "client":
      return client;
    case "peer":
      return request.peer;
    case "preamble":
      return request.preamble ?? "";
    case "received":
      return request.fields.flatMap(([name, value]) => (name.toLowerCase() === part.header ? [value] : [])).join(", ");
    case "picked":
      return pickedText(part, request.fields);
    case "by-value":
      return textByValue(part, known);
    case "unknown":
      return undefined;
  }
}

function pickedText({ header, unit, index }: Extract<ValuePart, { kind: "picked" }>, fields: readonly HeaderField[]): string {
  if (unit === "line") return fields.filter(([name]) => name.toLowerCase() === header).at(index)?.[1] ?? "";
  const element = elementsOf(fields, header).at(index) ?? "";
  return unit === "element" ? element : (parseAddress(element)?.text ?? "");
}

function textByValue({ of, cases }: Extract<ValuePart, { kind: "by-value" }>, known: Known): string | undefined {
  const value = textOfParts(of, known)?.toLowerCase();
  if (value === undefined) return undefined;
  const exact = cases.find(({ equals, isPattern }) => !isPattern && equals?.toLowerCase() === value);
  // a pattern comes before what holds for any other value
  if (exact === undefined && cases.some(({ isPattern }) => isPattern)) return undefined;
  const chosen = exact ?? cases.find(({ equals }) => equals === undefined);
  return chosen === undefined ? "" : textOfParts(chosen.value, known);
}
