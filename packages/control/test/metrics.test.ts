import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type ControlUnderTest, headerIndex, openTestControl, verdictOf } from "./control-under-test.ts";
import { change, FIRST, openFleet, report } from "./fleet-under-test.ts";

type Series = ReadonlyMap<string, number>;

/** What a scrape gives, by series as Prometheus writes them. */
async function scrape({ get }: ControlUnderTest): Promise<{ readonly text: string; readonly series: Series }> {
  const response = await get("//metrics");
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
  const text = await response.text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return {
    text,
    series: new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))])),
  };
}

const ENVIRONMENT = "/v1/organizations/{org}/environments/{env}";
const DEMO = 'organization="local",environment="demo"';

test("requests are counted by the template of their route, whatever stands in their paths", async () => {
  const under = await openTestControl();
  await under.ask("POST ", { body: { name: "demo" } });
  for (const name of ["demo", "none-1", "none-2"]) await under.ask(`GET /${name}`);
  await under.ask("GET //secret-path/<script>");
  await under.get("/demo:explain", { method: "GET" });
  await under.get("", { headers: { authorization: "Bearer no" } });
  const { text, series } = await scrape(under);
  const requests = (labels: string) => series.get(`wherefrom_control_requests_total{${labels}}`);
  expect(requests(`method="GET",route="${ENVIRONMENT}",status="200"`)).toBe(1);
  expect(requests(`method="GET",route="${ENVIRONMENT}",status="404"`)).toBe(2);
  expect(requests('method="none",route="none",status="404"')).toBe(1);
  expect(requests(`method="none",route="${ENVIRONMENT}:explain",status="405"`)).toBe(1);
  const refusals = (reason: string) => series.get(`wherefrom_control_refusals_total{reason="${reason}"}`);
  const reasons = ["ENVIRONMENT_NOT_FOUND", "PATH_NOT_FOUND", "METHOD_NOT_ALLOWED", "CREDENTIALS_INVALID"];
  expect(reasons.map(refusals)).toEqual([2, 1, 1, 1]);
  expect(series.get(`wherefrom_control_request_duration_seconds_count{method="GET",route="${ENVIRONMENT}"}`)).toBe(3);
  expect(text).not.toMatch(/secret-path|<script>|none-1/);
});

test("a scrape tells of each environment what its gateways run, and of this control how many it serves", async () => {
  const under = await openFleet();
  await change(under, 3);
  await report(under, FIRST, 2);
  const { series } = await scrape(under);
  const gateways = (state: string) => series.get(`wherefrom_control_gateways{${DEMO},state="${state}"}`);
  expect(["CURRENT", "BEHIND", "AHEAD", "REFUSED", "STALE"].map(gateways)).toEqual([2, 0, 0, 0, 0]);
  expect(series.get(`wherefrom_control_environment_revision{${DEMO}}`)).toBe(2);
  expect(series.get(`wherefrom_control_rollout_staged{${DEMO}}`)).toBe(1);
  expect(series.get("wherefrom_control_streams")).toBe(2);
  // the change was not waited for: its gateways had not answered within 1 ms
  expect(series.get('wherefrom_control_notices_total{kind="gateways-late"}')).toBe(1);
  expect(series.get("wherefrom_control_publication_seconds_count")).toBe(2);
  expect(series.get("process_cpu_seconds_total")).toBeGreaterThan(0);
});

test("of more environments than are measured the first have figures, and all are counted", async () => {
  const under = await openTestControl({ limits: { maxMeasuredEnvironments: 1 } });
  for (const name of ["b", "a"])
    await under.control.seedEnvironment({ organization: "local", name, clientIpResolutionConfig: headerIndex(1) });
  const { series } = await scrape(under);
  expect(series.get("wherefrom_control_environments")).toBe(2);
  expect([...series.keys()].filter((name) => name.startsWith("wherefrom_control_environment_revision"))).toEqual([
    'wherefrom_control_environment_revision{organization="local",environment="a"}',
  ]);
});

test("only a role in all organizations may read them", async () => {
  const { control, ask } = await openTestControl();
  const keyOf = (role: "viewer" | "admin" | "gateway", organization: string): string =>
    control.issueKey({ name: "prometheus", role, organization });
  const asking = async (key: string) => {
    const answer = await ask("GET //metrics", { headers: { authorization: key === "" ? "" : `Bearer ${key}` }, isText: true });
    return verdictOf(answer);
  };
  const verdicts = await Promise.all([keyOf("viewer", "-"), keyOf("admin", "local"), keyOf("gateway", "-"), ""].map(asking));
  expect(verdicts).toEqual([
    "200",
    "403 PERMISSION_DENIED ACCESS_DENIED",
    "403 PERMISSION_DENIED ACCESS_DENIED",
    "401 UNAUTHENTICATED CREDENTIALS_MISSING",
  ]);
});

test("the page for operators names each of them, and no other", async () => {
  const { text } = await scrape(await openFleet());
  const page = readFileSync(new URL("../../../docs/guides/operate.md", import.meta.url), "utf8").split("## Metrics of control")[1] ?? "";
  const named = [...page.matchAll(/`(wherefrom_control_\w+)`/g)].map(([, name]) => name);
  const told = [...text.matchAll(/^# TYPE (wherefrom_\w+) /gm)].map(([, name]) => name);
  expect(named.toSorted()).toEqual(told.toSorted());
});
