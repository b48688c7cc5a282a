import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TrafficEvent } from "@wherefrom/model";
import { Discovery } from "googleapis-common";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSqliteStore } from "../src/config-store/sqlite.ts";
import { optionsOf } from "./config-store-contract.ts";
import { faultsOf, type Json, openControlForFile, verdictOf } from "./control-under-test.ts";
import { openControlWithEvents } from "./control-with-events.ts";
import { eventOf } from "./event-store-contract.ts";

const NOON = Date.UTC(2026, 10, 25, 12);
const DAY = { start: "2026-11-25T00:00:00Z", end: "2026-11-26T00:00:00Z" };
const COUNT = { metrics: [{ name: "message_count" }], timeRange: DAY };

const EVENTS: readonly TrafficEvent[] = [
  eventOf({ time: NOON, api: "books", status: 200, durationMs: 10, userAgent: '=1+"2",3' }),
  eventOf({ time: NOON + 3_600_000, api: "books", status: 500, durationMs: 20, userAgent: "curl/8" }),
  eventOf({ time: NOON + 3_600_001, status: 404, durationMs: 1, userAgent: "-5" }),
];

let clock = NOON + 10_000_000;
let control: Awaited<ReturnType<typeof openControlWithEvents>>;
beforeAll(async () => {
  control = await openControlWithEvents({
    events: { demo: EVENTS },
    receivedAt: NOON,
    now: () => clock,
    limits: { maxQueryRows: 100, maxOpenQueries: 2, queryLookMs: 3_600_000 },
  });
  await control.ask("POST ", { body: { name: "demo" } });
  await control.ask("POST ", { body: { name: "quiet" } });
});
afterAll(() => control.close());

async function untilOver(id: string, { ask }: Pick<typeof control, "ask"> = control): Promise<Json> {
  for (;;) {
    const { body } = await ask(`GET /demo/queries/${id}`);
    if (body.state !== "enqueued" && body.state !== "running") return body;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const idOf = ({ self }: Json): string => self.slice(self.lastIndexOf("/") + 1);

async function answerTo(body: Json): Promise<{ readonly query: Json; readonly text: string }> {
  const created = await control.ask("POST /demo/queries", { body });
  expect(created.status).toBe(200);
  const id = idOf(created.body);
  const query = await untilOver(id);
  return { query, text: await (await control.get(`/demo/queries/${id}/result`)).text() };
}

test("a query is enqueued at once, is completed, and says what it was and where its result is", async () => {
  const body = { ...COUNT, name: "today", dimensions: ["apiproxy"], groupByTimeUnit: "hour" };
  const { body: created } = await control.ask("POST /demo/queries", { body });
  const self = `/organizations/local/environments/demo/queries/${idOf(created)}`;
  expect(created).toMatchObject({ self, name: "today", state: "enqueued" });
  const over = await untilOver(idOf(created));
  expect(over).toEqual({
    ...created,
    state: "completed",
    updated: over.updated,
    executionTime: "0 sec",
    resultFileSize: String(over.resultFileSize),
    resultRows: "3",
    result: { self: `${self}/result`, expires: new Date(clock + 86_400_000).toISOString() },
  });
  expect(over.queryParams).toMatchObject({
    dimensions: ["apiproxy"],
    metrics: ["name:message_count,func:sum,alias:sum(message_count)"],
    timeUnit: "hour",
    outputFormat: "json",
  });
  const { body: urls } = await control.ask(`GET /demo/queries/${idOf(created)}/resulturl`);
  expect(urls.urls).toEqual([{ uri: `${control.control.url}/v1${self}/result`, md5: expect.any(String), sizeBytes: over.resultFileSize }]);
});

const results = [
  {
    says: "lines of JSON",
    body: { ...COUNT, dimensions: ["apiproxy"], groupByTimeUnit: "hour" },
    text: [
      '{"apiproxy":"books","hour":"2026-11-25T12:00:00.000Z","sum(message_count)":"1.0"}',
      '{"apiproxy":"books","hour":"2026-11-25T13:00:00.000Z","sum(message_count)":"1.0"}',
      '{"apiproxy":"(not set)","hour":"2026-11-25T13:00:00.000Z","sum(message_count)":"1.0"}',
    ],
  },
  {
    says: "without dimensions one line",
    body: { ...COUNT, metrics: [{ name: "total_response_time", function: "avg", alias: "mean" }, { name: "tps" }] },
    text: ['{"mean":"10.3333333333","tps":"0.0000347222222222"}'],
  },
  {
    // a spreadsheet would run the first, and the last is a number
    says: "CSV whose texts are no formulas",
    body: { ...COUNT, dimensions: ["useragent"], outputFormat: "csv" },
    text: ["useragent,sum(message_count)", "-5,1.0", `"'=1+""2"",3",1.0`, "curl/8,1.0"],
  },
  {
    says: "CSV by another delimiter, filtered and limited",
    body: {
      ...COUNT,
      dimensions: ["response_status_code"],
      outputFormat: "csv",
      csvDelimiter: "|",
      filter: "(response_status_code ge 400)",
      limit: 1,
    },
    text: ["response_status_code|sum(message_count)", "404|1.0"],
  },
  { says: "nothing where there is nothing", body: { ...COUNT, dimensions: ["apiproxy"], filter: "(apiproxy eq 'x')" }, text: [] },
];
test.each(results)("a result is $says", async ({ body, text: expected }) => {
  const { query, text } = await answerTo(body);
  expect(query).toMatchObject({ state: "completed" });
  expect(text.split("\n").slice(0, -1)).toEqual(expected);
});

const encodings = [
  { accepts: "br, gzip;q=0.5", encoding: "gzip" },
  { accepts: "*", encoding: "gzip" },
  { accepts: "gzip;q=0, br", encoding: null },
  { accepts: "identity", encoding: null },
];
test("a result is zipped for whoever accepts that", async () => {
  const { query, text } = await answerTo(COUNT);
  for (const { accepts, encoding } of encodings) {
    const response = await control.get(`/demo/queries/${idOf(query)}/result`, { headers: { "accept-encoding": accepts } });
    expect([accepts, response.headers.get("content-encoding")]).toEqual([accepts, encoding]);
    expect(await response.text()).toBe(text);
  }
});

test("a query with more rows than a result may have fails, and says the way out", async () => {
  const many = Array.from({ length: 4 }, (_, index) => eventOf({ time: NOON, path: `/${index}` }));
  const other = await openControlWithEvents({ events: { demo: many }, receivedAt: NOON, limits: { maxQueryRows: 3 } });
  try {
    await other.ask("POST ", { body: { name: "demo" } });
    const { body: created } = await other.ask("POST /demo/queries", { body: { ...COUNT, dimensions: ["request_path"] } });
    const failed = await untilOver(idOf(created), other);
    expect(failed).toMatchObject({ state: "failed", error: "The result has more than 3 rows: set a limit or filter" });
    const answer = await other.ask(`GET /demo/queries/${idOf(created)}/result`);
    expect(verdictOf(answer)).toBe("400 FAILED_PRECONDITION QUERY_NOT_COMPLETED");
  } finally {
    await other.close();
  }
});

test("a query that two controls began and did not end fails at the third, and says so", async () => {
  const folder = await mkdtemp(join(tmpdir(), "wherefrom-queries-"));
  const path = join(folder, "control.db");
  const asked = { name: undefined, dimensions: "apiproxy", parameters: "", columns: [], outputFormat: "json", delimiter: "," } as const;
  let id = "";
  for (const attempt of [1, 2]) {
    const store = await openSqliteStore(path, optionsOf());
    const key = { organization: "local", environment: "demo" };
    const keeping = { maxOpenQueries: 1, maxQueries: 1 };
    if (attempt === 1) id = (await store.queries.add(key, { asked, submittedBy: "alice", at: 1, keeping }))?.id ?? "";
    // each has an hour for it and goes with that, as one does that is killed
    expect(await store.queries.take({ now: Date.now(), until: Date.now() + 3_600_000 })).toMatchObject({ id, attempts: attempt });
    await store.close();
  }
  const third = await openControlForFile({ database: `sqlite:${path}` });
  try {
    await third.ask("POST ", { body: { name: "demo" } });
    expect(await untilOver(id, third)).toMatchObject({ state: "failed", error: "Control ended each time while it was run" });
  } finally {
    await third.close();
    await rm(folder, { recursive: true, force: true });
  }
});

const refused = [
  { says: "nothing", body: {}, faults: ["timeRange", "metrics"] },
  { says: "no metrics", body: { timeRange: DAY }, faults: ["metrics"] },
  {
    says: "an unknown metric and dimension",
    body: { ...COUNT, metrics: [{ name: "x" }], dimensions: ["y"] },
    faults: ["dimensions", "metrics"],
  },
  { says: "no time range", body: { metrics: [{ name: "message_count" }] }, faults: ["timeRange"] },
  { says: "a range that ends before it begins", body: { ...COUNT, timeRange: { start: DAY.end, end: DAY.start } }, faults: ["timeRange"] },
  { says: "a word for a range that there is not", body: { ...COUNT, timeRange: "constructor" }, faults: ["timeRange"] },
  {
    says: "a unit, a filter and a format of nobody's",
    body: { ...COUNT, groupByTimeUnit: "x", filter: "(" },
    faults: ["groupByTimeUnit", "filter"],
  },
  {
    says: "two columns of one name",
    body: { ...COUNT, metrics: [{ name: "message_count" }, { name: "message_count" }] },
    faults: ["metrics/1/alias"],
  },
  {
    // lines of JSON would have one of the two
    says: "a column by the name of the time",
    body: { ...COUNT, groupByTimeUnit: "hour", metrics: [{ name: "message_count", alias: "hour" }] },
    faults: ["metrics/0/alias"],
  },
  { says: "a dimension twice", body: { ...COUNT, dimensions: ["apiproxy", "apiproxy"] }, faults: ["dimensions"] },
  {
    says: "two dimensions in one text",
    body: { ...COUNT, dimensions: ["apiproxy,target", "-", ""] },
    faults: [0, 1, 2].map((at) => `dimensions/${at}`),
  },
  { says: "a mean of tps", body: { ...COUNT, metrics: [{ name: "tps", function: "avg" }] }, faults: ["metrics"] },
  {
    says: "what no field may be, beside names that there are not",
    body: { metrics: [{ name: "x" }], dimensions: ["y"], groupByTimeUnit: "z", filter: "(", limit: 0, outputFormat: "xml" },
    faults: ["timeRange", "dimensions", "metrics", "groupByTimeUnit", "filter", "limit", "outputFormat"],
  },
  {
    says: "a list of metrics that is none, beside a dimension that there is not",
    body: { metrics: "message_count", dimensions: ["y"], timeRange: DAY },
    faults: ["dimensions", "metrics"],
  },
  {
    says: "arithmetic",
    body: { ...COUNT, metrics: [{ name: "message_count", operator: "/", value: "2" }] },
    faults: ["metrics/0/operator"],
  },
  { says: "a field that there is not", body: { ...COUNT, limits: 1 }, faults: ["limits"] },
];
test.each(refused)("$says is refused, all faults at once", async ({ body, faults }) => {
  const answer = await control.ask("POST /demo/queries", { body });
  expect(verdictOf(answer)).toMatch(/^400 INVALID_ARGUMENT/);
  expect(faultsOf(answer).map((fault) => fault.split(" ")[0]?.replace(/:$/, ""))).toEqual(faults);
});

test("the list is of one environment, the newest first, by state and author", async () => {
  await answerTo({ ...COUNT, name: "newest" });
  const { body } = await control.ask("GET /demo/queries?status=completed&dataset=api");
  expect(body.queries[0]).toMatchObject({ name: "newest", state: "completed" });
  expect((await control.ask("GET /demo/queries?status=failed")).body.queries).toEqual([]);
  expect((await control.ask("GET /demo/queries?submittedBy=nobody")).body.queries).toEqual([]);
  expect((await control.ask("GET /quiet/queries")).body.queries).toEqual([]);
  expect(verdictOf(await control.ask("GET /demo/queries?status=done&from=x"))).toBe("400 INVALID_ARGUMENT QUERY_INVALID");
  expect(verdictOf(await control.ask(`GET /quiet/queries/${idOf(body.queries[0])}`))).toBe("404 NOT_FOUND QUERY_NOT_FOUND");
});

test("a query is forgotten when somebody says so, and no other", async () => {
  const [first, second] = [(await answerTo(COUNT)).query, (await answerTo(COUNT)).query].map(idOf);
  expect(verdictOf(await control.ask(`DELETE /quiet/queries/${first}`))).toBe("404 NOT_FOUND QUERY_NOT_FOUND");
  expect(await control.ask(`DELETE /demo/queries/${first}`)).toMatchObject({ status: 200, body: {} });
  for (const what of [`GET /demo/queries/${first}`, `GET /demo/queries/${first}/result`, `DELETE /demo/queries/${first}`])
    expect(verdictOf(await control.ask(what))).toBe("404 NOT_FOUND QUERY_NOT_FOUND");
  expect((await control.ask(`GET /demo/queries/${second}`)).body.state).toBe("completed");
});

test("results are forgotten when their time is over, and when events are deleted by an address", async () => {
  const { query } = await answerTo(COUNT);
  clock += 86_400_001;
  expect(verdictOf(await control.ask(`GET /demo/queries/${idOf(query)}`))).toBe("404 NOT_FOUND QUERY_NOT_FOUND");
  const { query: next } = await answerTo(COUNT);
  expect((await control.ask("GET /demo/queries")).body.queries).toHaveLength(1);
  await control.ask("POST /demo:deleteEvents", { body: { address: "203.0.113.7" } });
  expect(verdictOf(await control.ask(`GET /demo/queries/${idOf(next)}`))).toBe("404 NOT_FOUND QUERY_NOT_FOUND");
});

test("Google's client for Node, made from the discovery document, asks and reads the result", async () => {
  const createService: Json = await new Discovery({}).discoverAPI(`${control.control.url}/$discovery/rest?version=v1`);
  const { queries } = createService({ headers: { authorization: `Bearer ${control.token}` } }).organizations.environments;
  const parent = "organizations/local/environments/demo";
  const { data: created } = await queries.create({ parent, requestBody: COUNT });
  await untilOver(idOf(created));
  const name = `${parent}/queries/${idOf(created)}`;
  expect((await queries.get({ name })).data).toMatchObject({ state: "completed", resultRows: "1" });
  expect((await queries.list({ parent })).data.queries).toHaveLength(1);
  expect((await queries.getResulturl({ name: `${name}/resulturl` })).data.urls).toHaveLength(1);
  const { data } = await queries.getResult({ name: `${name}/result` });
  expect(JSON.parse(await data.text())).toEqual({ "sum(message_count)": "3.0" });
});
