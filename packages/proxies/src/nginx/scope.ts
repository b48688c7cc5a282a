import type { Statement } from "../statement.ts";
import { readMap, readValue, type Variables } from "./values.ts";

/** What holds at one level of a configuration: what it says itself, and what it takes over from the levels around it. */
export type Scope = {
  /** `proxy_set_header`, or `grpc_set_header`: a level that has one of its own takes none over. */
  readonly setHeaders: readonly Statement[];
  /** Those of the levels around it that a level's own have put aside. */
  readonly putAside: readonly Statement[];
  readonly trusted: readonly Statement[];
  readonly single: ReadonlyMap<string, Statement>;
  readonly variables: Variables;
};

/** Directives of which the innermost one holds. */
const SINGLE = [
  "real_ip_header",
  "real_ip_recursive",
  "underscores_in_headers",
  "proxy_pass_request_headers",
  "proxy_bind",
  "proxy_protocol",
];

export const OUTERMOST: Scope = { setHeaders: [], putAside: [], trusted: [], single: new Map(), variables: new Map() };

/**
 * The scope inside of a block.
 *
 * Source: nginx, ngx_http_proxy_module: `proxy_set_header` directives are inherited if and only if none are defined on the current level; `set_real_ip_from` likewise.
 */
export function scopeIn(outer: Scope, block: readonly Statement[]): Scope {
  const own = (...names: readonly string[]): readonly Statement[] => block.filter(({ name }) => names.includes(name));
  const setHeaders = own("proxy_set_header", "grpc_set_header");
  const trusted = own("set_real_ip_from");
  let variables = outer.variables;
  for (const map of own("map", "geo")) variables = readMap(map, variables);
  for (const { words } of own("set")) {
    const name = words[0]?.text.replace(/^\$/, "") ?? "";
    variables = new Map([...variables, [name, readValue(words[1]?.text ?? "", variables)]]);
  }
  return {
    setHeaders: setHeaders.length > 0 ? setHeaders : outer.setHeaders,
    putAside: setHeaders.length > 0 ? [...outer.setHeaders, ...outer.putAside] : outer.putAside,
    trusted: trusted.length > 0 ? trusted : outer.trusted,
    single: new Map([...outer.single, ...own(...SINGLE).map((statement) => [statement.name, statement] as const)]),
    variables,
  };
}
