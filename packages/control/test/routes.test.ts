import { expect, test } from "vitest";
import { type Ask, faultsOf, openTestControl, verdictOf } from "./control-under-test.ts";

const TARGET = "http://127.0.0.1:9000";
const DEFAULTS = {
  host: "*",
  basePath: "/",
  balancing: "round-robin",
  retries: { max: 1, statuses: [], budgetPercent: 10 },
  forwardedHeaders: "replace",
  rejectStatus: 400,
  sendExplanation: false,
};
const SHOP = { name: "shop", host: "shop.example", basePath: "/a", target: TARGET };

test("a route is created, read, replaced and deleted, and each step is one revision", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo" } });
  expect((await ask("GET /demo/routes")).body).toEqual({ routes: [] });

  const created = await ask("POST /demo/routes", { body: { name: "all", target: TARGET, base_path: "/x", send_explanation: true } });
  expect(created.body).toEqual({ name: "all", ...DEFAULTS, target: TARGET, basePath: "/x", sendExplanation: true });
  expect(created.headers.get("etag")).toBe('"r2"');
  expect((await ask("GET /demo/routes/all")).body).toEqual(created.body);

  const replaced = await ask("PUT /demo/routes/all", { body: { target: "http://127.0.0.1:9001", name: null } });
  expect(replaced.body).toEqual({ name: "all", ...DEFAULTS, target: "http://127.0.0.1:9001" });
  expect((await ask("GET /demo/snapshot")).body.routes).toEqual([replaced.body]);

  expect((await ask("DELETE /demo/routes/all")).body).toEqual({});
  const list = await ask("GET /demo/routes");
  expect(list.body).toEqual({ routes: [] });
  expect(list.headers.get("etag")).toBe('"r4"');
});

test("several targets are named in either spelling and kept as they were named", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo" } });
  const targets = [
    { url: TARGET, timeouts: { connect_ms: 50 } },
    { url: "https://b", http2: true, tls: { server_name: "inner" } },
  ];
  const created = await ask("POST /demo/routes", {
    body: { name: "all", targets, balancing: "least-busy", timeouts: { total_ms: 9 }, retries: { budget_percent: 5 } },
  });
  expect(created.body).toEqual({
    name: "all",
    ...DEFAULTS,
    targets: [
      { url: TARGET, http2: false, timeouts: { connectMs: 50 } },
      { url: "https://b", http2: true, tls: { serverName: "inner", insecureAcceptAnyCertificate: false } },
    ],
    balancing: "least-busy",
    timeouts: { totalMs: 9 },
    retries: { max: 1, statuses: [], budgetPercent: 5 },
  });
});

const refusals: readonly (Ask & { line: string; says: string; verdict: string; faults?: readonly string[] })[] = [
  { says: "a name twice", line: "POST /demo/routes", body: { ...SHOP, basePath: "/b" }, verdict: "409 ALREADY_EXISTS ROUTE_EXISTS" },
  { says: "a place twice", line: "POST /demo/routes", body: { ...SHOP, name: "b" }, verdict: "409 ALREADY_EXISTS ROUTE_PLACE_TAKEN" },
  // the same host and the same segments
  {
    says: "a place twice in other words",
    line: "POST /demo/routes",
    body: { ...SHOP, name: "b", host: "SHOP.example", basePath: "/a/" },
    verdict: "409 ALREADY_EXISTS ROUTE_PLACE_TAKEN",
  },
  { says: "the place of another", line: "PUT /demo/routes/other", body: shopAs("other"), verdict: "409 ALREADY_EXISTS ROUTE_PLACE_TAKEN" },
  {
    says: "every fault at once",
    line: "POST /demo/routes",
    body: { name: "-", target: "ftp://x", base_path: "x", reject_status: 200, colour: 1 },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["basePath", "colour", "name", "rejectStatus", "target"],
  },
  {
    says: "one target and several, beside its other faults",
    line: "POST /demo/routes",
    body: { name: "-", target: TARGET, targets: [{ url: "x", timeouts: { connectMs: 0, totalMs: 1 } }] },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["name", "targets", "targets/0/timeouts/connectMs", "targets/0/timeouts/totalMs", "targets/0/url"],
  },
  {
    says: "no target, beside its other faults",
    line: "POST /demo/routes",
    body: { name: "-" },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["name", "target"],
  },
  {
    says: "an empty list of targets",
    line: "POST /demo/routes",
    body: { name: "b", targets: [] },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["targets"],
  },
  {
    says: "one target in two spellings",
    line: "POST /demo/routes",
    body: { name: "b", targets: [{ url: "http://a" }, { url: "http://A:80" }] },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["targets"],
  },
  {
    says: "another name than the path",
    line: "PUT /demo/routes/shop",
    body: shopAs("x"),
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["name"],
  },
  { says: "a route that is not there", line: "GET /demo/routes/none", verdict: "404 NOT_FOUND ROUTE_NOT_FOUND" },
  {
    says: "to replace one that is not there",
    line: "PUT /demo/routes/none",
    body: { target: TARGET },
    verdict: "404 NOT_FOUND ROUTE_NOT_FOUND",
  },
  { says: "to delete one that is not there", line: "DELETE /demo/routes/none", verdict: "404 NOT_FOUND ROUTE_NOT_FOUND" },
  { says: "an environment that is not there", line: "GET /none/routes", verdict: "404 NOT_FOUND ENVIRONMENT_NOT_FOUND" },
  {
    says: "one more than the limit",
    line: "POST /demo/routes",
    body: { name: "b", target: TARGET },
    verdict: "400 FAILED_PRECONDITION TOO_MANY_ROUTES",
  },
];

function shopAs(name: string): object {
  return { ...SHOP, name };
}

test.each(refusals)("$line refuses $says", async ({ line, verdict, faults = [], ...ask }) => {
  const control = await openTestControl({ limits: { maxRoutes: 2 } });
  await control.control.seedEnvironment({
    organization: "local",
    name: "demo",
    routes: [SHOP, { name: "other", host: "other.example", target: TARGET }],
  });
  const answer = await control.ask(line, ask);
  expect(verdictOf(answer)).toBe(verdict);
  expect([...faultsOf(answer)].sort()).toEqual(faults);
  expect((await control.ask("GET /demo")).headers.get("etag")).toBe('"r1"');
});
