import type { Question } from "@wherefrom/control";
import { FIRST_TIME, LAST_TIME } from "./make-events.ts";

const HOUR_MS = 3_600_000;
const MESSAGES = { metric: "messages", aggregate: "sum" } as const;

const ASKED = {
  from: FIRST_TIME,
  until: LAST_TIME,
  dimensions: [],
  measures: [MESSAGES],
  order: [],
  offset: 0,
  limit: 10_000,
  maxPoints: 100_000,
} as const satisfies Question;

/** How many events there are. */
export const COUNT: Question = ASKED;

const OF_DAY = `time >= ${FIRST_TIME} AND time < ${LAST_TIME}`;

/** What stats are asked for as a rule, and the same as somebody asks DuckDB who wrote the rows alone. */
export const QUESTIONS: readonly { readonly name: string; readonly question: Question; readonly bare: string }[] = [
  {
    name: "top-20-clients-of-an-hour",
    question: {
      ...ASKED,
      from: LAST_TIME - HOUR_MS,
      dimensions: ["resolved_ip"],
      order: [{ measure: 0, isDescending: true }],
      limit: 20,
    },
    bare: `SELECT resolved_ip, count(*) AS n FROM events WHERE time >= ${LAST_TIME - HOUR_MS} AND time < ${LAST_TIME} GROUP BY resolved_ip ORDER BY n DESC LIMIT 20`,
  },
  {
    name: "per-minute",
    question: { ...ASKED, per: { unit: "minute", offsetMinutes: 0 } },
    bare: `SELECT time - time % 60000 AS t, count(*) FROM events WHERE ${OF_DAY} GROUP BY t ORDER BY t`,
  },
  {
    name: "status-by-api",
    question: { ...ASKED, dimensions: ["api", "status"] },
    bare: `SELECT api, status, count(*) FROM events WHERE ${OF_DAY} GROUP BY api, status ORDER BY api, status`,
  },
  {
    name: "mean-time-by-api-per-hour",
    question: {
      ...ASKED,
      dimensions: ["api"],
      measures: [
        { metric: "durationMs", aggregate: "avg" },
        { metric: "targetMs", aggregate: "max" },
      ],
      per: { unit: "hour", offsetMinutes: 0 },
    },
    bare: `SELECT time - time % 3600000 AS t, api, avg(duration_ms), max(target_ms) FROM events WHERE ${OF_DAY} GROUP BY t, api ORDER BY t, api`,
  },
  {
    name: "top-10-failing-paths-of-curl",
    question: {
      ...ASKED,
      dimensions: ["path"],
      order: [{ measure: 0, isDescending: true }],
      limit: 10,
      filter: {
        kind: "and",
        of: [
          { kind: "compare", dimension: "status", operator: ">=", value: "400" },
          { kind: "matches", dimension: "user_agent", pattern: "curl/.*" },
        ],
      },
    },
    bare: `SELECT path, count(*) AS n FROM events WHERE ${OF_DAY} AND status >= 400 AND user_agent LIKE 'curl/%' GROUP BY path ORDER BY n DESC LIMIT 10`,
  },
];
