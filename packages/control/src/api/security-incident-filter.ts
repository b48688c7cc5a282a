import { INCIDENT_STATES, type IncidentRecord } from "../config-store/incident-port.ts";
import { refuseFaults } from "../http/api-error.ts";
import { shownValue } from "../http/violations.ts";

type Wanted = (incident: IncidentRecord) => boolean;

const CLAUSE = /^(state|observability|detectionTypes|detection_types)\s*(=|:)\s*"?([A-Za-z]+(?: [A-Za-z]+)*)"?$/;

/**
 * Reads a filter of incidents: clauses about `state`, `observability` and `detectionTypes`, joined by AND. Not the whole of AIP-160: neither OR, NOT nor
 * parentheses.
 *
 * Errors: `ApiError` QUERY_INVALID with every clause at fault.
 */
export function readIncidentFilter(filter: string): Wanted {
  if (filter.trim() === "") return () => true;
  const clauses = filter.split(/\s+AND\s+/).map((text) => ({ text, wanted: readClause(text.trim()) }));
  const expected = 'Expected clauses such as state = OPEN, observability = ACTIVE or detectionTypes:"Flooder", joined by AND';
  refuseFaults(
    clauses
      .filter(({ wanted }) => wanted === undefined)
      .map(({ text }) => ({ field: "filter", description: `${expected}, received ${shownValue(text)}` })),
    "QUERY_INVALID",
  );
  return (incident) => clauses.every(({ wanted }) => wanted?.(incident));
}

function readClause(text: string): Wanted | undefined {
  const [, field, operator, value = ""] = CLAUSE.exec(text) ?? [];
  if (field === undefined) return undefined;
  if (field === "state") return INCIDENT_STATES.some((state) => state === value) ? ({ state }) => state === value : undefined;
  if (field !== "observability") return operator === ":" ? ({ rule }) => rule === value : undefined;
  if (value !== "ACTIVE" && value !== "ARCHIVED") return undefined;
  return ({ state }) => (state === "CLOSED") === (value === "ARCHIVED");
}
