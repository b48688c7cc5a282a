import { ADDRESS_HEADERS } from "../address-headers.ts";
import type { ValuePart } from "../description.ts";
import { CONFIG_LIMITS } from "../limits.ts";
import { type Statement, textsOf } from "../statement.ts";
import { defined, NO_VARIABLES, readMap, readValue, type Variables } from "./values.ts";

/** What holds at one level of a configuration: what it says itself, and what it takes over from the levels around it. */
export type Scope = {
  /** `proxy_set_header`, or `grpc_set_header`: a level that has one of its own takes none over. */
  readonly setHeaders: readonly Statement[];
  /** Those of the levels around it that a level's own have put aside, by the header of the address that they set. As many of each are kept as are told. */
  readonly putAside: PutAside;
  readonly trusted: readonly Statement[];
  readonly single: ReadonlyMap<string, Statement>;
  readonly variables: Variables;
  /** Variables as a location in this level has them before its own lines. */
  readonly handedOn: Variables;
  /** Whether `$remote_addr` is read while a location is looked for: from then on it stays what it was. */
  readonly isReadEarly: boolean;
};

/** Directives of which the innermost one holds. */
export const SINGLE: readonly string[] = [
  "real_ip_header",
  "real_ip_recursive",
  "underscores_in_headers",
  "ignore_invalid_headers",
  "proxy_pass_request_headers",
  "proxy_bind",
  "proxy_protocol",
];

export type PutAside = ReadonlyMap<string, readonly Statement[]>;

export const OUTERMOST: Scope = {
  setHeaders: [],
  putAside: new Map(),
  trusted: [],
  single: new Map(),
  variables: NO_VARIABLES,
  handedOn: NO_VARIABLES,
  isReadEarly: false,
};

/**
 * The scope inside of a block.
 *
 * Source: nginx, ngx_http_proxy_module: `proxy_set_header` directives are inherited if and only if none are defined on the current level; `set_real_ip_from` likewise. ngx_http_rewrite_module: what a server sets is set in
 * each of its locations; what a location sets is not set in those inside of it, where such a variable is empty.
 */
export function scopeIn(outer: Scope, { name, block = [] }: Pick<Statement, "name" | "block">): Scope {
  const own = (...names: readonly string[]): readonly Statement[] => block.filter(({ name }) => names.includes(name));
  const setHeaders = own("proxy_set_header", "grpc_set_header");
  const trusted = own("set_real_ip_from");
  const sets = block.flatMap(setsOf);
  const isLocation = name === "location";
  const variables = variablesIn(isLocation ? outer.handedOn : outer.variables, { maps: own("map", "geo"), sets });
  return {
    setHeaders: setHeaders.length > 0 ? setHeaders : outer.setHeaders,
    putAside: setHeaders.length > 0 ? withPutAside(outer) : outer.putAside,
    trusted: trusted.length > 0 ? trusted : outer.trusted,
    single: new Map([...outer.single, ...own(...SINGLE).map((statement) => [statement.name, statement] as const)]),
    variables,
    handedOn: isLocation ? withEmpty(outer.handedOn, sets) : variables,
    isReadEarly: outer.isReadEarly || block.some(isReadingAddress),
  };
}

/** A variable that is set, and what to. `undefined` where a condition decides whether it is. */
type VariableSet = { readonly name: string; readonly value: string | undefined };

/**
 * What a statement sets, in the order in which it is run.
 *
 * Source: nginx, ngx_http_rewrite_module: directives of a level are run one after the other, those of an `if` among them where its condition holds.
 */
function setsOf({ name, words, block = [] }: Statement): readonly VariableSet[] {
  if (name === "set") return [{ name: words[0]?.text.replace(/^\$/, "") ?? "", value: words[1]?.text ?? "" }];
  return name === "if" ? block.flatMap(setsOf).map((set) => ({ name: set.name, value: undefined })) : [];
}

/** Source: nginx, ngx_http_rewrite_module, whose directives are run before those of the realip module in a location; and a variable's value is kept for the request. */
function isReadingAddress({ name, words, block = [] }: Statement): boolean {
  const isRun = ["set", "if", "rewrite", "return"].includes(name);
  return isRun && (words.some(({ text }) => /\$(?:remote_addr\b|\{remote_addr\})/.test(text)) || block.some(isReadingAddress));
}

/** The variables of a level; those around it where it defines none, so that levels share them. */
function variablesIn(
  outer: Variables,
  { maps, sets }: { readonly maps: readonly Statement[]; readonly sets: readonly VariableSet[] },
): Variables {
  if (maps.length === 0 && sets.length === 0) return outer;
  const own = new Map<string, readonly ValuePart[]>();
  const variables: Variables = { own, outer };
  for (const map of maps) {
    const [name, value] = readMap(map, variables) ?? [];
    if (name !== undefined && value !== undefined) own.set(name, value);
  }
  for (const { name, value } of sets)
    own.set(name, value === undefined ? [{ kind: "unknown", text: `$${name}` }] : readValue(value, variables));
  return variables;
}

/** Variables with those empty that are set elsewhere and nowhere here. */
function withEmpty(variables: Variables, sets: readonly VariableSet[]): Variables {
  const unset = sets.filter(({ name }) => defined(name, variables) === undefined);
  return unset.length === 0 ? variables : { own: new Map(unset.map(({ name }) => [name, []])), outer: variables };
}

/** What levels put aside that have lines of their own, by the level around them. */
const known = new WeakMap<Scope, PutAside>();

function withPutAside(outer: Scope): PutAside {
  const before = known.get(outer);
  if (before !== undefined) return before;
  const aside = new Map<string, Statement[]>();
  const add = (header: string, statement: Statement): void => {
    const group = aside.get(header) ?? [];
    aside.set(header, group);
    if (group.length <= CONFIG_LIMITS.maxPlaces) group.push(statement);
  };
  for (const statement of outer.setHeaders) {
    const header = statement.words[0]?.text.toLowerCase() ?? "";
    if (ADDRESS_HEADERS.includes(header)) add(header, statement);
  }
  for (const [header, statements] of outer.putAside) for (const statement of statements) add(header, statement);
  known.set(outer, aside);
  return aside;
}

/** Whether connections to a service come from the client's own address. */
export function isTransparent({ single }: Scope): boolean {
  const bind = textsOf(single.get("proxy_bind")?.words ?? []);
  return bind[0] === "$remote_addr" && bind.includes("transparent");
}
