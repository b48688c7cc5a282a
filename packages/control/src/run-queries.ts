import { writeQueryResult } from "./api/query-result.ts";
import { askWithinMeans } from "./api/stats.ts";
import { readStatsQuery } from "./api/stats-query.ts";
import type { QueryOutcome, QueryRecord } from "./config-store/query-port.ts";
import { ApiError } from "./http/api-error.ts";
import { lookRegularly, type RegularLook } from "./look-regularly.ts";
import type { ControlParts } from "./parts.ts";

/** One that is begun for the third time has ended controls, or been left by them, too often. */
const MAX_ATTEMPTS = 2;
/** Of the longest that a question may take: to wait for others, for its statements, and to store the result. */
const RUN_TIMES = 6;

/**
 * Runs queries one after another, oldest first, as soon as one comes, and every `queryLookMs` those that another control left: with what was enqueued or
 * running when it ended. Forgets those that have been over for `queryMaxAgeMs`.
 */
export function runQueries(parts: ControlParts): RegularLook {
  return lookRegularly({
    look: () => runAll(parts),
    onFault: (error) => parts.onNotice({ kind: "queries-not-run", error }),
    everyMs: parts.limits.queryLookMs,
  });
}

async function runAll(parts: ControlParts): Promise<void> {
  const { store, limits, now } = parts;
  await store.queries.forgetBefore(now() - limits.queryMaxAgeMs);
  for (;;) {
    const startedAt = now();
    const run = await store.queries.take({ now: startedAt, until: startedAt + RUN_TIMES * limits.eventQuestionTimeoutMs });
    if (run === undefined) return;
    const outcome = await outcomeOf(parts, { run, startedAt });
    await store.queries.finish(run, { outcome, at: now() });
  }
}

type Running = { readonly run: QueryRecord; readonly startedAt: number };

async function outcomeOf({ eventStore, limits, now }: ControlParts, { run, startedAt }: Running): Promise<QueryOutcome> {
  const failed = (error: string): QueryOutcome => ({ kind: "failed", error });
  if (run.attempts > MAX_ATTEMPTS) return failed("Control ended each time while it was run");
  if (eventStore === undefined) return failed("This control keeps no events");
  const { maxQueryRows, maxQueryBytes } = limits;
  try {
    const { asked, key } = run;
    const wanted = readStatsQuery(asked.dimensions, new URLSearchParams(asked.parameters), {
      maxStatsGroups: maxQueryRows,
      maxStatsPoints: maxQueryRows,
    });
    const groups = await askWithinMeans(eventStore, { key, wanted, maxPoints: maxQueryRows });
    const isLimited = new URLSearchParams(asked.parameters).has("limit");
    if (groups.length > wanted.limit && !isLimited) return failed(`The result has more than ${maxQueryRows} rows: set a limit or filter`);
    const { text, rows } = writeQueryResult(asked, { wanted, groups: groups.slice(0, wanted.limit) });
    if (Buffer.byteLength(text) > maxQueryBytes) return failed(`The result has more than ${maxQueryBytes} bytes: set a limit or filter`);
    return { kind: "completed", result: text, rows, executionMs: now() - startedAt };
  } catch (error) {
    return failed(error instanceof ApiError ? error.message : "The event database could not be asked");
  }
}
