import { expect, test, vi } from "vitest";
import { PATIENT } from "../../../tools/patience.ts";
import { openControlForCli } from "./control-for-cli.ts";
import { deliverEvents } from "./deliver-events.ts";

test("metrics of an environment that had no traffic, and what cannot be asked", async () => {
  const { run, json } = await openControlForCli({ analytics: "events.duckdb" });
  expect(await run(["env", "stats", "prod", "--by", "apiproxy"])).toMatchObject({ stdout: "No events\n", code: 0 });
  expect(await json(["env", "stats", "prod", "--last", "30s"])).toMatchObject({
    stats: { environments: [{ name: "prod" }], metaData: { errors: [] } },
  });
  const wrong = await run(["env", "stats", "prod", "--by", "developer", "--filter", "apiproxy eq"]);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('received "developer"');
  expect(wrong.stderr).toContain("filter: At 11: Expected a text in single quotes, received the end");
  expect((await run(["env", "stats", "prod", "--last", "1y"])).stderr).toContain("Expected a number and s, m, h or d, such as 15m.");
});

test("metrics by dimension and time as a table, and none of a client whose events were deleted", async () => {
  const { run, json, control } = await openControlForCli({ analytics: "events.duckdb" });
  await run(["env", "set", "prod", "--event-settings", '{"retentionDays":7}']);
  const time = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;
  const events = [
    { time, api: "books", responseBytes: 100, durationMs: 10, resolvedIp: "203.0.113.7", userAgent: "\u001b[2J" },
    { time: time + 1, api: "books", responseBytes: 100, status: 500, durationMs: 21, resolvedIp: "203.0.113.7" },
    { time: time + 60_000, responseBytes: 100, status: 404, resolvedIp: "2001:db8::1" },
  ];
  await deliverEvents(control, events);
  const minute = new Date(time).toISOString().slice(0, 19).replace("T", " ");
  expect((await run(["env", "stats", "prod", "--by", "apiproxy", "--last", "2h"])).stdout.split("\n")).toEqual([
    "apiproxy   sum(message_count)  sum(is_error)  avg(total_response_time)",
    "books      2                   1              15.50",
    "(not set)  1                   1              1",
    "",
  ]);
  const byTime = await run([
    "env",
    "stats",
    "prod",
    "--by",
    "useragent",
    "--select",
    "tps",
    "--top",
    "1",
    "--last",
    "2h",
    "--time-unit",
    "minute",
    "--filter",
    "useragent isnot null",
  ]);
  expect(byTime.stdout).toBe(`useragent  time                 tps\n\\u001b[2J  ${minute}  0.02\n`);
  expect(await json(["env", "delete-events", "prod", "--address", "203.0.113.7"])).toMatchObject({ deletedEvents: 2 });
  expect((await run(["env", "stats", "prod", "--select", "sum(message_count)", "--last", "2h"])).stdout).toBe("sum(message_count)\n1\n");
});

test("whether a policy fits: too little to say, then a finding with what may be behind it, and since when", async () => {
  const { run, control } = await openControlForCli({ analytics: "events.duckdb", limits: { fitLookMs: 20 } });
  expect(await run(["env", "fit", "prod"])).toMatchObject({ code: 0, stdout: expect.stringContaining("too few requests to say") });
  const event = { organization: "local", environment: "prod", gateway: "edge-1", revision: 1, method: "GET", path: "/" };
  const seen = { isComplete: true, durationMs: 1, requestBytes: 0, responseBytes: 1, outcome: "fallback", reason: "header-absent" };
  const line = `${JSON.stringify({ ...event, ...seen, time: Date.now(), clientIp: "10.0.0.1", resolvedIp: "10.0.0.1" })}\n`;
  const environment = `${control.url}/v1/organizations/local/environments/prod`;
  const key = control.issueKey({ name: "edge-1", role: "gateway", organization: "local" });
  let batches = 0;
  const deliver = async (): Promise<void> => {
    batches += 1;
    const id = `001764000000000-0a1b2c3d-${String(batches).padStart(8, "0")}-20`;
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/x-ndjson" };
    const init = { method: "POST", headers, body: line.repeat(20) };
    expect(await (await fetch(`${environment}/gateways/edge-1:deliverEvents?batchId=${id}`, init)).json()).toEqual({});
  };
  await deliver();
  const { stdout, code } = await run(["env", "fit", "prod"]);
  expect(code).toBe(1);
  expect(stdout).toContain("does not fit its traffic");
  expect(stdout).toMatch(/^fallback: header-absent +20 +100\.0 %$/m);
  expect(stdout).toContain("private-results: 100.0 % of the requests");
  expect(stdout).toMatch(/^- [a-z0-9-]+: [A-Z]/m);
  expect((await run(["env", "fit", "prod", "--language", "zh"])).stdout).toContain("策略不符合其流量");

  const viewer = { authorization: `Bearer ${control.issueKey({ name: "viewer", role: "viewer", organization: "local" })}` };
  await vi.waitFor(async () => {
    await deliver();
    expect(await (await fetch(`${environment}/rollout`, { headers: viewer })).json()).toHaveProperty("misfitSince");
  }, PATIENT);
  expect((await run(["env", "fit", "prod"])).stdout).toMatch(/^Control sees it since [-0-9: ]+ UTC, last under revision 1\.$/m);
  expect((await run(["env", "rollout", "prod"])).stdout).toMatch(/^The policy does not fit .* UTC: wherefrom env fit prod$/m);
});

test("a control that keeps no events says how to start one that does", async () => {
  const { run } = await openControlForCli();
  const { code, stderr } = await run(["env", "stats", "prod"]);
  expect(code).toBe(3);
  expect(stderr).toContain("started with --analytics");
});
