import type { SecurityAction } from "@wherefrom/model";
import { refuseFaults } from "../http/api-error.ts";
import { shownValue } from "../http/violations.ts";

type Wanted = (action: SecurityAction) => boolean;

const CLAUSE = /^(state|apiProxies|api_proxies)\s*(=|:)\s*"?([A-Za-z0-9][A-Za-z0-9._-]*)"?$/;

/** Apigee's own example says ACTIVE for what its enumeration calls ENABLED. */
const STATES: Readonly<Record<string, SecurityAction["state"]>> = { ENABLED: "ENABLED", ACTIVE: "ENABLED", DISABLED: "DISABLED" };

/**
 * Reads a filter of security actions: clauses about `state` and `apiProxies`, joined by AND. Not the whole of AIP-160: neither OR, NOT nor parentheses.
 *
 * Errors: `ApiError` QUERY_INVALID with every clause at fault.
 */
export function readActionFilter(filter: string): Wanted {
  if (filter.trim() === "") return () => true;
  const clauses = filter.split(/\s+AND\s+/).map((text) => ({ text, wanted: readClause(text.trim()) }));
  const faults = clauses.filter(({ wanted }) => wanted === undefined);
  const expected = "Expected clauses such as state = ENABLED or apiProxies:orders, joined by AND";
  refuseFaults(
    faults.map(({ text }) => ({ field: "filter", description: `${expected}, received ${shownValue(text)}` })),
    "QUERY_INVALID",
  );
  return (action) => clauses.every(({ wanted }) => wanted?.(action));
}

function readClause(text: string): Wanted | undefined {
  const [, field, operator, value = ""] = CLAUSE.exec(text) ?? [];
  if (field === undefined) return undefined;
  if (field !== "state") return operator === ":" ? ({ apiProxies }) => apiProxies?.includes(value) === true : undefined;
  const state = STATES[value];
  return state && ((action) => action.state === state);
}
