import type { HeaderField } from "wherefrom";
import { z } from "zod";
import type { EnvironmentKey } from "./config-store/port.ts";
import type { Dimension } from "./event-store/dimensions.ts";
import type { EventStore, Group, Question } from "./event-store/port.ts";
import type { PreviewRequest } from "./preview.ts";

/** Requests that were recorded, those that no policy and no security action can tell apart together. */
export type RecordedTraffic = {
  readonly requests: readonly PreviewRequest[];
  /** Requests of which is not known who claimed to be their client. */
  readonly withoutEvidence: number;
};

type Wanted = {
  /** Of the time at which exchanges began, in milliseconds since 1970: from `from` up to, but without, `until`. */
  readonly from: number;
  readonly until: number;
  /** Requests that can be told apart. */
  readonly maxGroups: number;
  /** Of who waits for it. */
  readonly signal?: AbortSignal | undefined;
};

/** The traffic has more requests that can be told apart than were allowed. */
export class TooManyGroups extends Error {
  override readonly name = "TooManyGroups";
}

const DIMENSIONS: readonly Dimension[] = ["evidence", "method", "user_agent", "api"];

/** What the store keeps of an event's evidence. */
const keptEvidenceSchema = z.object({ peer: z.string().optional(), fields: z.array(z.tuple([z.string(), z.string()])) });

/**
 * Reads what a policy would have to judge. An event that stands for others that were not sampled counts for all of them. Where an environment keeps
 * addresses truncated or hashed there is no evidence, and so no request.
 *
 * Errors: `TooManyGroups`; `QuestionTooCostly`, `StoreUnavailable`; the reason of the signal.
 */
export async function readRecordedTraffic(
  store: EventStore,
  key: EnvironmentKey,
  { from, until, maxGroups, signal }: Wanted,
): Promise<RecordedTraffic> {
  const question: Question = {
    from,
    until,
    dimensions: DIMENSIONS,
    measures: [{ metric: "messages", aggregate: "sum" }],
    order: [{ measure: 0, isDescending: true }],
    offset: 0,
    limit: maxGroups + 1,
    maxPoints: maxGroups + 1,
  };
  const groups = await store.ask(key, question, { signal });
  if (groups.length > maxGroups) throw new TooManyGroups(`More than ${maxGroups} requests that can be told apart`);
  const [known, unknown] = [groups.filter(hasEvidence), groups.filter((group) => !hasEvidence(group))];
  return { requests: known.map(requestOf), withoutEvidence: unknown.reduce((sum, group) => sum + timesOf(group), 0) };
}

function hasEvidence({ values: [evidence] }: Group): boolean {
  return evidence !== undefined;
}

function requestOf(group: Group): PreviewRequest {
  const [evidence = "", method = "", userAgent, api] = group.values;
  const { peer, fields } = keptEvidenceSchema.parse(JSON.parse(evidence));
  return { peer, headers: fields as readonly HeaderField[], times: timesOf(group), method, userAgent, api };
}

function timesOf({ points }: Group): number {
  return Math.round(points[0]?.measures[0] ?? 0);
}
