import {
  completeEvent,
  eventBatchIdSchema,
  type FieldViolation,
  maxEventBatchBytes,
  type TrafficEvent,
  trafficEventSchema,
} from "@wherefrom/model";
import { privacyOf } from "../event-privacy.ts";
import { ApiError, refuseFaults } from "../http/api-error.ts";
import type { FieldReason } from "../http/api-reason.ts";
import { EMPTY } from "../http/empty.ts";
import { type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { shownValue, violationsOf } from "../http/violations.ts";
import { requireEnvironment } from "./environments.ts";
import { type EventCheck, eventCheck } from "./event-check.ts";
import { gatewayNameOf } from "./gateways.ts";
import { requireEventStore } from "./require-event-store.ts";

/** Faults of one batch that are told; a gateway makes the same one in each line. */
const MAX_TOLD_FAULTS = 20;

/** A batch is kept whole or not at all, and one that came before changes nothing. */
export const deliverEvents: Endpoint = {
  summary: "For gateways: hands over events, as lines of JSON",
  takes: trafficEventSchema,
  takesLines: true,
  query: { batchId: { type: "string", description: "Names the batch, whenever it is sent again; ends with the number of its events" } },
  answers: EMPTY,
  async handle(call) {
    const gateway = gatewayNameOf(call.param("gateway"));
    const id = batchIdOf(call);
    const eventStore = requireEventStore(call);
    const record = await requireEnvironment(call.store, call.param("env"));
    const place = { organization: call.organization, environment: record.name };
    const lines = await call.lines({ maxBytes: maxEventBatchBytes });
    const isEvent = await eventCheck();
    await call.parts.batchTurns.next();
    const events = eventsOf(lines.values(), { id, isEvent, ...place });
    await eventStore.append(place, { gateway, id, events, privacy: privacyOf(call.parts, record) });
    call.parts.freshEvents.note(place);
    return jsonAnswer({});
  },
};

function batchIdOf({ query }: Call): string {
  const given = query.get("batchId") ?? undefined;
  const parsed = eventBatchIdSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const description = `Expected the id of a batch of events, received ${shownValue(given)}`;
  throw new ApiError("QUERY_INVALID", `batchId: ${description}`, [
    { field: "batchId", description, reason: "FIELD_INVALID" satisfies FieldReason },
  ]);
}

type Place = { readonly organization: string; readonly environment: string };
type Judging = Place & { readonly id: string; readonly isEvent: EventCheck };

/**
 * The events of lines, one by one, each complete. After a fault there are no more of them, and at the end all faults are told.
 *
 * Errors: `ApiError` FIELDS_INVALID, where any line is no event of that environment, or where lines are missing; whatever the lines throw.
 */
function* eventsOf(lines: Iterable<unknown>, { id, isEvent, ...place }: Judging): Iterable<TrafficEvent> {
  const faults: FieldViolation[] = [];
  let received = 0;
  for (const line of lines) {
    const index = received++;
    // whatever else is wrong, lines that are no JSON are told first
    if (faults.length >= MAX_TOLD_FAULTS) continue;
    const parsed = isEvent(line) ? ({ success: true, data: line } as const) : trafficEventSchema.safeParse(line);
    if (!parsed.success) faults.push(...inLine(index, violationsOf(parsed.error, line)));
    else if (isOf(place, parsed.data)) {
      if (faults.length === 0) yield completeEvent(parsed.data);
    } else faults.push(...strayFaults(parsed.data, { index, place }));
  }
  const count = Number(id.slice(id.lastIndexOf("-") + 1));
  if (received !== count) faults.unshift(faultAt("", `Expected ${count} lines, as the id of the batch says, received ${received}`));
  refuseFaults(faults.slice(0, MAX_TOLD_FAULTS));
}

function isOf({ organization, environment }: Place, event: TrafficEvent): boolean {
  return event.organization === organization && event.environment === environment;
}

/** An event that was recorded for another environment must not count here: a gateway may have changed its place, and what it had spooled did not. */
function strayFaults(event: TrafficEvent, { index, place }: { readonly index: number; readonly place: Place }): readonly FieldViolation[] {
  const names = ["organization", "environment"] as const;
  return names
    .filter((name) => event[name] !== place[name])
    .map((name) => faultAt(`${index}/${name}`, `Expected ${shownValue(place[name])}, received ${shownValue(event[name])}`));
}

function inLine(index: number, violations: readonly FieldViolation[]): readonly FieldViolation[] {
  return violations.map((violation) => ({ ...violation, field: violation.field === "" ? String(index) : `${index}/${violation.field}` }));
}

function faultAt(field: string, description: string): FieldViolation {
  return { field, description, reason: "FIELD_INVALID" satisfies FieldReason };
}
