import { describe, expect, test } from "vitest";
import { readFields, selectFields } from "../src/http/field-selection.ts";
import { faultsOf, headerIndex, openTestControl, verdictOf } from "./control-under-test.ts";

const VALUE = { a: 1, b: { c: 2, d: { e: 3, f: 4 } }, list: [{ a: 1, b: { c: 2, d: 3 } }, { b: { c: 4 } }, 5], none: null };

describe("fields", () => {
  test.each([
    { fields: "a", selected: { a: 1 } },
    { fields: "a,none", selected: { a: 1, none: null } },
    { fields: "b/c", selected: { b: { c: 2 } } },
    { fields: "b(c)", selected: { b: { c: 2 } } },
    { fields: "b(c,d/e)", selected: { b: { c: 2, d: { e: 3 } } } },
    { fields: "b/d/e,b/d/f", selected: { b: { d: { e: 3, f: 4 } } } },
    { fields: "b/d/e,b(d(f))", selected: { b: { d: { e: 3, f: 4 } } } },
    { fields: "b/c,b", selected: { b: VALUE.b } }, // the whole wins over a part
    { fields: "b,b/c", selected: { b: VALUE.b } },
    { fields: "list/a", selected: { list: [{ a: 1 }, {}, 5] } },
    { fields: "list(a,b/c)", selected: { list: [{ a: 1, b: { c: 2 } }, { b: { c: 4 } }, 5] } },
    { fields: "*", selected: VALUE },
    { fields: "*/c", selected: { a: 1, b: { c: 2 }, list: [{}, {}, 5], none: null } },
    { fields: "nowhere", selected: {} },
  ])("«$fields» selects $selected", ({ fields, selected }) => {
    const read = readFields(fields);
    expect(read.kind === "selection" && selectFields(VALUE, read.selection)).toEqual(selected);
  });

  test.each(["", ",", "a,", "a//b", "a/", "a(", "a()", "a(b", "a)b", "a b", "a(b)c", "ä", "a".repeat(2_001)])(
    "«%s» is refused",
    (fields) => {
      expect(readFields(fields).kind).toBe("fault");
    },
  );
});

test("an answer is written as it is asked for", async () => {
  const { ask, get } = await openTestControl();
  await ask("POST ", { body: { name: "demo", clientIpResolutionConfig: headerIndex(-1) } });
  const textOf = async (query: string) => (await get(`/demo${query}`)).text();
  const compact = '{"name":"demo","clientIpResolutionConfig":{"headerIndexAlgorithm":{"ipHeaderIndex":-1}}}';
  const fields = "fields=name,clientIpResolutionConfig/headerIndexAlgorithm(ipHeaderIndex)";
  expect(await textOf(`?prettyPrint=false&${fields}`)).toBe(compact);
  expect(await textOf(`?${fields}`)).toBe(`${JSON.stringify(JSON.parse(compact), undefined, 2)}\n`);
});

test("an error is whole whatever fields are asked for, and in Google's first format it has the list of errors", async () => {
  const { ask } = await openTestControl();
  const { body } = await ask("GET /none?$.xgafv=1&fields=name");
  const { message } = body.error;
  expect(body.error).toMatchObject({
    code: 404,
    status: "NOT_FOUND",
    errors: [{ message, domain: "wherefrom", reason: "ENVIRONMENT_NOT_FOUND" }],
    details: [{ reason: "ENVIRONMENT_NOT_FOUND" }, {}],
  });
  expect((await ask("GET /none?$.xgafv=2")).body.error).not.toHaveProperty("errors");
});

const many = [
  {
    line: "PATCH /demo?updatmask=description&pretty=1",
    body: { displayName: 7, colour: "red" },
    says: ["updatmask", "pretty", "displayName", "colour"],
  },
  { line: "GET /demo/revisions?includeContent=yes&pageSize=-1&pageSize=2&pageToken=x", says: ["pageSize", "includeContent", "pageToken"] },
  { line: "GET /demo/stats/apiproxy,nope?select=median(x)&form=1", says: ["form", "dimensions", "select", "timeRange"] },
  {
    line: "POST /demo/securityActions?securityActionId=A+B&x=1",
    body: { state: "ON", deny: {} },
    says: ["x", "state", "conditionConfig", "securityActionId"],
  },
  { line: "POST /demo/apis/all/revisions/1/debugsessions?timout=5", body: { count: 0 }, says: ["timout", "count"] },
  { line: "POST /demo:preview?x=1", body: { evidence: 7 }, says: ["x", "clientIpResolutionConfig", "evidence"] },
  {
    line: "POST /demo:rollback?dryRun=true",
    body: { revision: 1 },
    headers: { "x-wherefrom-rollout-share": "50" },
    says: ["dryRun", "x-wherefrom-rollout-share", "revision"],
  },
  {
    line: "POST /demo:promote?now=1",
    body: { x: 1 },
    headers: { "x-wherefrom-rollout-share": "50" },
    says: ["now", "x-wherefrom-rollout-share"],
  },
  { line: "POST /demo/routes?x=1", rawBody: "{", headers: { "content-type": "application/json" }, says: ["x", ""] },
  { line: "DELETE /demo?x=1", says: ["x"] },
  {
    line: "PUT /demo?x=1",
    body: { clientIpResolutionConfig: { nope: {} } },
    says: ["x", "clientIpResolutionConfig/nope"],
  },
];

test.each(many)("$line is refused with all its faults, and nothing is done", async ({ line, says, ...ask }) => {
  const under = await openTestControl();
  await under.ask("POST ", { body: { name: "demo" } });
  const answer = await under.ask(line, ask);
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT QUERY_INVALID");
  expect([...new Set(faultsOf(answer))].toSorted()).toEqual(says.toSorted());
  expect((await under.ask("GET /demo")).headers.get("etag")).toBe('"r1"');
});

test("what is wrong with header fields and body is told at once too", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo" } });
  const answer = await ask("POST /demo:preview", { body: { nothing: 1 }, headers: { "if-match": '"r1"' } });
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT HEADERS_INVALID");
  expect(faultsOf(answer).toSorted()).toEqual(["clientIpResolutionConfig", "evidence", "if-match", "nothing"]);
});

test("what is wrong with the standard parameters is told at once, and nothing is done", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo" } });
  // JSONP would let a page on any site read the answer
  const answer = await ask("DELETE /demo?alt=proto&$.xgafv=3&callback=f&prettyPrint=maybe&fields=a(&colour=red");
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT QUERY_INVALID");
  expect([...faultsOf(answer)].sort()).toEqual(["$.xgafv", "alt", "callback", "colour", "fields", "prettyPrint"]);
  expect((await ask("GET /demo")).status).toBe(200);
});
