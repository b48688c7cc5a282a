import type { TrafficEvent } from "@wherefrom/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ControlUnderTest, type Json, openTestControl, verdictOf } from "./control-under-test.ts";
import { openControlWithEvents } from "./control-with-events.ts";
import { eventOf } from "./event-store-contract.ts";

const NOON = Date.UTC(2026, 10, 25, 12);
const MINUTE_MS = 60_000;
const DAY = "timeRange=11/25/2026 00:00~11/26/2026 00:00";

/** A books service that is asked by two clients, and fails at times; and a request that no route took. */
const EVENTS: readonly TrafficEvent[] = [
  eventOf({ time: NOON, api: "books", status: 200, durationMs: 10, targetMs: 8, resolvedIp: "203.0.113.7", userAgent: "it's" }),
  eventOf({ time: NOON + MINUTE_MS, api: "books", status: 200, durationMs: 20, targetMs: 15, resolvedIp: "2001:db8::1" }),
  eventOf({ time: NOON + MINUTE_MS + 1, api: "books", status: 503, durationMs: 30, targetMs: 25.5, resolvedIp: "203.0.113.7" }),
  eventOf({ time: NOON + 2 * MINUTE_MS, status: 404, durationMs: 1, fault: "ROUTE_NOT_FOUND", resolvedIp: "203.0.113.7" }),
  eventOf({ time: NOON + 3 * MINUTE_MS, api: "music", status: 200, durationMs: 5, targetMs: 4, sampleRate: 0.25 }),
  eventOf({ time: NOON + 24 * 60 * MINUTE_MS, api: "tomorrow", status: 200 }),
];

let control: Awaited<ReturnType<typeof openControlWithEvents>>;
let stats: (path: string) => ReturnType<ControlUnderTest["ask"]>;
beforeAll(async () => {
  control = await openControlWithEvents({ events: { demo: EVENTS }, receivedAt: NOON, limits: { maxStatsPoints: 2_000 } });
  await control.ask("POST ", { body: { name: "demo" } });
  await control.ask("POST ", { body: { name: "quiet" } });
  stats = (query) => control.ask(`GET /demo/stats/${encodeSpaces(query)}`);
});
afterAll(() => control.close());

const encodeSpaces = (text: string): string => text.replaceAll(" ", "%20");

/** The rows of an answer: the values of the dimensions, and then those of the metrics. */
function rowsOf(body: Json): string[] {
  const [{ dimensions = [] }] = body.environments;
  return dimensions.map((dimension: Json) =>
    [...dimension.individualNames, ...dimension.metrics.map(({ values }: Json) => values.join(" "))].join(" | "),
  );
}

test("an answer is Apigee's", async () => {
  const { body } = await stats(`apiproxy,response_status_code?select=sum(message_count),avg(total_response_time)&${DAY}&limit=1`);
  expect(body).toEqual({
    environments: [
      {
        name: "demo",
        dimensions: [
          {
            name: "music,200",
            individualNames: ["music", "200"],
            metrics: [
              { name: "sum(message_count)", values: ["4.0"] },
              { name: "avg(total_response_time)", values: ["5.0"] },
            ],
          },
        ],
      },
    ],
    metaData: { errors: [], notices: ["Source:events of this environment", "Of the dimensions the first 1 are here: there are more"] },
  });
});

test("an answer over time is Apigee's, the latest first", async () => {
  const { body } = await stats(`apiproxy?select=sum(message_count),tps&${DAY}&timeUnit=minute&filter=(apiproxy eq 'books')`);
  expect(body.environments[0].dimensions[0].metrics).toEqual([
    {
      name: "sum(message_count)",
      values: [
        { timestamp: NOON + MINUTE_MS, value: "2.0" },
        { timestamp: NOON, value: "1.0" },
      ],
    },
    {
      name: "tps",
      values: [
        { timestamp: NOON + MINUTE_MS, value: "0.0333333333333" },
        { timestamp: NOON, value: "0.0166666666667" },
      ],
    },
  ]);
});

test("without dimensions there are metrics alone, and without events not even those", async () => {
  const { body } = await stats(`-?select=sum(message_count)&${DAY}`);
  expect(body.environments).toEqual([{ name: "demo", metrics: [{ name: "sum(message_count)", values: ["8.0"] }] }]);
  const quiet = await control.ask(`GET /quiet/stats/-?select=sum(message_count)&${encodeSpaces(DAY)}`);
  expect(quiet.body.environments).toEqual([{ name: "quiet" }]);
});

const answers = [
  { asks: "apiproxy?select=sum(message_count)", says: ["music | 4.0", "books | 3.0", "(not set) | 1.0"] },
  { asks: "apiproxy?select=sum(message_count)&sort=ASC", says: ["(not set) | 1.0", "books | 3.0", "music | 4.0"] },
  { asks: "apiproxy?select=sum(message_count)&topk=2&offset=1", says: ["books | 3.0", "(not set) | 1.0"] },
  {
    asks: "apiproxy?select=sum(message_count),max(total_response_time)&sortby=max(total_response_time)",
    says: ["books | 3.0 | 30.0", "music | 4.0 | 5.0", "(not set) | 1.0 | 1.0"],
  },
  // nothing was sent to a target where no route was found
  { asks: "apiproxy?select=avg(target_response_time)&sort=ASC", says: ["music | 4.0", "books | 16.1666666667", "(not set) | "] },
  {
    asks: "apiproxy?select=sum(is_error),sum(target_error),sum(policy_error)",
    says: ["books | 1.0 | 1.0 | 0.0", "(not set) | 1.0 | 0.0 | 1.0", "music | 0.0 | 0.0 | 0.0"],
  },
  {
    asks: "ax_resolved_client_ip?select=sum(message_count)&filter=(apiproxy isnot null and response_status_code lt 500)",
    says: ["(not set) | 4.0", "203.0.113.7 | 1.0", "2001:db8::1 | 1.0"],
  },
  {
    asks: "ax_resolved_client_ip?select=sum(message_count)&filter=(ax_resolved_client_ip in '2001:DB8:0::1','192.0.2.1')",
    says: ["2001:db8::1 | 1.0"],
  }, // by address, not by spelling
  { asks: "apiproxy?select=sum(message_count)&filter=(apiproxy ne 'books')", says: ["music | 4.0", "(not set) | 1.0"] }, // (not set) is not books
  { asks: "apiproxy?select=sum(message_count)&filter=(apiproxy eq '(not set)')", says: ["(not set) | 1.0"] },
  { asks: "apiproxy?select=sum(message_count)&filter=(apiproxy notin ('books','(not set)'))", says: ["music | 4.0"] },
  {
    asks: "apiproxy?select=sum(message_count)&filter=(apiproxy like '_ooks' or apiproxy similar to '(mus|x)i[a-c]')",
    says: ["music | 4.0", "books | 3.0"],
  },
  { asks: "apiproxy?select=sum(message_count)&filter=(apiproxy not like 'b%25' and apiproxy is not null)", says: ["music | 4.0"] },
  { asks: "useragent?select=sum(message_count)&filter=(useragent eq 'it''s')", says: ["it's | 1.0"] },
  {
    asks: "ax_hour_of_day,ax_day_of_week,ax_month_of_year?select=sum(message_count)&filter=(ax_day_of_week eq 'Wed')",
    says: ["12 | Wed | 11 | 8.0"],
  },
  { asks: "organization,environment?select=sum(message_count)", says: ["local | demo | 8.0"] },
  // a wrong order of operators would count the 404
  {
    asks: "response_status_code?select=sum(message_count)&filter=response_status_code eq 503 or response_status_code eq 404 and apiproxy is not null",
    says: ["503 | 1.0"],
  },
];
test.each(answers)("$asks", async ({ asks, says }) => {
  const answer = await stats(`${asks}&${DAY}`);
  expect({ status: answer.status, rows: answer.status === 200 ? rowsOf(answer.body) : answer.body }).toEqual({ status: 200, rows: says });
});

test.each([
  { range: "11/25/2026 12:00~11/25/2026 12:01", count: "1.0" },
  { range: "11/25/2026 12:00~11/25/2026 12:02", count: "3.0" }, // the end is left out
  { range: "11/25/2026 12:01:00~11/25/2026 12:01:01", count: "2.0" },
  { range: "11/26/2026 00:00~11/27/2026 00:00", count: "1.0" },
])("$range has $count", async ({ range, count }) => {
  const { body } = await stats(`-?select=sum(message_count)&timeRange=${range}`);
  expect(body.environments[0].metrics[0].values).toEqual([count]);
});

test.each([
  { unit: "day", tzo: "720", starts: [Date.UTC(2026, 10, 25, 12)] },
  { unit: "day", tzo: "-420", starts: [Date.UTC(2026, 10, 25, 7)] },
  { unit: "week", tzo: "0", starts: [Date.UTC(2026, 10, 23)] },
  { unit: "month", tzo: "60", starts: [Date.UTC(2026, 9, 31, 23)] },
])("a $unit begins where it does, $tzo minutes ahead", async ({ unit, tzo, starts }) => {
  const { body } = await stats(`-?select=sum(message_count)&${DAY}&timeUnit=${unit}&tzo=${tzo}`);
  expect(body.environments[0].metrics[0].values.map(({ timestamp }: Json) => timestamp)).toEqual(starts);
});

const refused = [
  {
    asks: "developer?select=sum(message_count)",
    says: /^dimensions: Expected - for none, or any of organization, .* received "developer"$/,
  },
  { asks: "apiproxy,apiproxy?select=sum(message_count)", says: /each dimension once/ },
  { asks: "apiproxy?", says: /^select: Expected functions of metrics, such as sum\(message_count\).* received nothing$/ },
  { asks: "apiproxy?select=avg(message_count)", says: /^select: Expected tps, sum\(message_count\), .* received "avg\(message_count\)"$/ },
  { asks: "apiproxy?select=sum(message_count);DROP TABLE events", says: /^select: .* received "sum\(message_count\);DROP TABLE events"$/ },
  { asks: "apiproxy?select=tps&sortby=sum(is_error)", says: /^sortby: Expected metrics of select/ },
  { asks: "apiproxy?select=tps&sort=UP", says: /^sort: Expected ASC or DESC, received "UP"$/ },
  {
    asks: "apiproxy?select=tps&limit=-1&topk=0&offset=x",
    says: /^topk: .*\nlimit: .*\noffset: Expected a whole number from 0 to 999999999, received "x"$/,
  },
  { asks: "apiproxy?select=tps&timeUnit=year&tzo=900", says: /^tzo: .*\ntimeUnit: Expected one of second, minute, hour, day, week, month/ },
  { asks: "apiproxy?select=tps&timeUnit=second", says: /^timeUnit: Expected at most 2000 of them in the range, received "second"$/ },
  { asks: "apiproxy?select=tps&filter=(apiproxy eq books)", says: /^filter: At 13: Expected a text in single quotes, received "books"$/ },
  {
    asks: "apiproxy?select=tps&filter=(apiproxy eq 'books'",
    says: /^filter: At 20: Expected and, or, or a closing parenthesis, received the end$/,
  },
  {
    asks: "apiproxy?select=tps&filter=(apiproxy eq 'books",
    says: /^filter: At 13: Expected a name, an operator or a text in single quotes, received "'books"$/,
  },
  {
    asks: "apiproxy?select=tps&filter=(path in ('a','b') or apiproxy gt 5 and (response_status_code eq 'x' or apiproxy eq 'a')) or ()",
    says: /^filter: At 1: Expected a dimension .*"path"\nfilter: At 34: Expected a text .*"5"\nfilter: At 65: Expected a number, received "x"\nfilter: At 94: Expected a dimension .*"\)"$/,
  },
  {
    asks: "apiproxy?select=tps&filter=client_ip like '1%25' and (apiproxy eq 'a'",
    says: /^filter: At 10: Expected eq, ne, in, .*"like"\nfilter: At 40: Expected and, or, or a closing parenthesis, received the end$/,
  },
  // whoever takes it for another language is told ten times and not a thousand
  { asks: `apiproxy?select=tps&filter=${"a and ".repeat(600)}`, says: /^(?:filter: At \d+: Expected a dimension [^\n]+\n?){10}$/ },
  { asks: "apiproxy?select=tps&filter=path eq '/'", says: /^filter: At 0: Expected a dimension \(organization, / },
  {
    asks: "apiproxy?select=tps&filter=response_status_code like '4%25'",
    says: /Expected eq, ne, gt, ge, lt, le, in, notin, is null or isnot null/,
  },
  { asks: "apiproxy?select=tps&filter=response_status_code gt '(not set)'", says: /Expected a number, received "\(not set\)"/ },
  { asks: "apiproxy?select=tps&filter=client_ip eq '10.0.0.0/8'", says: /Expected an address in single quotes/ },
  { asks: "apiproxy?select=tps&filter=client_ip gt '10.0.0.1'", says: /Expected eq, ne, in, notin, is null or isnot null/ },
  { asks: "apiproxy?select=tps&filter=apiproxy similar to '((a'", says: /Expected a pattern of SIMILAR TO/ },
  { asks: "apiproxy?select=tps&filter=apiproxy similar to 'a{5000}'", says: /Expected a pattern of SIMILAR TO/ },
  { asks: `apiproxy?select=tps&filter=${"(".repeat(40)}`, says: /at most 32 parentheses inside each other/ },
];
test.each(refused)("$asks is refused", async ({ asks, says }) => {
  const answer = await stats(`${asks}&${DAY}`);
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT QUERY_INVALID");
  expect(answer.body.error.message).toMatch(says);
});

test.each([
  "",
  "11/25/2026 00:00",
  "11/25/2026 00:00~11/25/2026 00:00",
  "02/30/2026 00:00~03/01/2026 00:00",
  "11/25/2026 24:00~11/27/2026 00:00",
  "a~b~c",
])("«%s» is no range", async (range) => {
  const answer = await stats(`apiproxy?select=tps&timeRange=${range}`);
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT QUERY_INVALID");
  expect(answer.body.error.message).toMatch(/^timeRange: Expected START~END, START before END/);
});

test("a pattern that is too large for the store is refused, and the store goes on", async () => {
  const answer = await stats(`apiproxy?select=tps&${DAY}&filter=apiproxy similar to '((a{100}){100}){100}'`);
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT STATS_TOO_LARGE");
  expect((await stats(`-?select=sum(message_count)&${DAY}`)).status).toBe(200);
});

test("a control without events says so", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo" } });
  expect(verdictOf(await ask(`GET /demo/stats/-?select=tps&${encodeSpaces(DAY)}`))).toBe("503 UNAVAILABLE EVENT_STORE_ABSENT");
});

test("what else begins like an option is without effect or unknown", async () => {
  expect((await stats(`-?select=sum(message_count)&${DAY}&realtime=true&accuracy=0&sonar=true`)).status).toBe(200);
  expect(verdictOf(await stats(`-?select=sum(message_count)&${DAY}&top=1`))).toBe("400 INVALID_ARGUMENT QUERY_INVALID");
});
