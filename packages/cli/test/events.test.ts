import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDuckdbEvents } from "../../control/src/event-store/duckdb.ts";
import { DEFAULT_CONTROL_LIMITS } from "../../control/src/limits.ts";
import { type RunningCommand, runCommand, startCommand, withoutLoad } from "./command.ts";

let folder: string;
let command: RunningCommand | undefined;
let gateway: string;
let admin: string;
let api: Readonly<Record<string, string>>;

/** One system for all tests here: control, and a gateway of two processes. It is begun anew when it turned a request away, because other tests had all of the machine. */
beforeAll(async () => {
  do {
    await end();
    await begin();
  } while (!(await askAll()).every((status) => status === 200));
});
afterAll(() => end());

async function begin(): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), "wherefrom-up-events-"));
  const env = { WHEREFROM_GATEWAY_PORT: "0", WHEREFROM_API_PORT: "0", WHEREFROM_JSON: "1" };
  command = startCommand(["up", "--data", folder, "--workers", "2", "--admin-port", "0"], { env });
  const [line] = await command.says(/^\{.*\}$/m);
  const ready = JSON.parse(line);
  ({ gateway, admin } = ready);
  api = { WHEREFROM_API_URL: ready.api, WHEREFROM_TOKEN: ready.adminToken };
}

async function end(): Promise<void> {
  if (command === undefined) return;
  command.child.kill("SIGKILL");
  await command.finished;
  rmSync(folder, { recursive: true, force: true });
}

const REQUESTS = 120;

/** Asks once for each client, and gives the statuses. */
function askAll(): Promise<readonly number[]> {
  const asked = Array.from({ length: REQUESTS }, async (_, index) => {
    const answer = await fetch(`${gateway}/item/${index}`, { headers: { "X-Forwarded-For": `203.0.113.${index}` } });
    await answer.text();
    return answer.status;
  });
  return Promise.all(asked);
}

/** Sums of the series of one metric, by the value of one label. */
async function metric(name: string, label: string): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`${admin}/metrics`)).text();
  const sums: Record<string, number> = {};
  for (const [, value = "", count] of text.matchAll(new RegExp(`^${name}\\{[^}]*${label}="([^"]*)"[^}]*\\} (\\d+)$`, "gm"))) {
    sums[value] = (sums[value] ?? 0) + Number(count);
  }
  return sums;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}

test("every request through up is an event that control has, with nothing set up for it", async () => {
  await until(async () => (await metric("wherefrom_events_sent_total", "result"))["accepted"] === REQUESTS);
  expect(await metric("wherefrom_events_total", "result")).toEqual({ recorded: REQUESTS, sampled: 0, dropped: 0 });
  expect(await metric("wherefrom_events_sent_total", "result")).toEqual({ accepted: REQUESTS, refused: 0 });
  expect((await metric("wherefrom_requests_total", "status"))["2xx"]).toBe(REQUESTS);
});

/** Of the last hour, by dimensions: the values of one sum, by the values of the dimensions. */
async function stats(select: string, by: string): Promise<Readonly<Record<string, number>>> {
  const { code, stdout, stderr } = await runCommand(["env", "stats", "demo", "--select", select, "--by", by, "--json"], { env: api });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const [{ dimensions }] = JSON.parse(stdout).stats.environments;
  type Group = { readonly individualNames: readonly string[]; readonly metrics: readonly { readonly values: readonly string[] }[] };
  return Object.fromEntries(
    dimensions.map(({ individualNames, metrics }: Group) => [individualNames.join(" "), Number(metrics[0]?.values[0])]),
  );
}

test("the stats of control count every one of them, under the address that the gateway resolved", async () => {
  const clients = Array.from({ length: REQUESTS }, (_, index) => [`203.0.113.${index} 203.0.113.${index} 127.0.0.1`, 1]);
  expect(await stats("sum(message_count)", "ax_resolved_client_ip,proxy_client_ip,client_ip")).toEqual(Object.fromEntries(clients));
  expect(await stats("sum(message_count)", "apiproxy,response_status_code,gateway,request_verb")).toEqual({
    "demo 200 local GET": REQUESTS,
  });
});

test("a policy is previewed on what was recorded of them", async () => {
  const policy = '{"peerAddressAlgorithm":{}}';
  const words = ["env", "preview", "demo", "--policy", policy, "--recorded", "1h"];
  const { code, stdout } = await runCommand([...words, "--json"], { env: api });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ requests: REQUESTS, withoutEvidence: 0, otherAddress: REQUESTS, actionChanges: [] });
  const text = await runCommand(words, { env: api });
  expect(text.stdout).toMatch(/^ +peer 127\.0\.0\.1 +203\.0\.113\.\d+ -> 127\.0\.0\.1$/m);
});

test("what happened just before the end is sent before it, and every request is in the store once", async () => {
  let turnedAway = 0;
  while ((await fetch(gateway)).status !== 200) turnedAway += 1;
  command?.child.kill("SIGTERM");
  expect(await command?.finished.then(({ code, stderr }) => ({ code, faults: withoutLoad(stderr) }))).toEqual({ code: 0, faults: "" });
  const spool = join(folder, "spool", "local", "demo");
  expect(["1", "2"].flatMap((worker) => readdirSync(join(spool, worker)))).toEqual([]);
  const store = await openDuckdbEvents(join(folder, "events.duckdb"), { limits: DEFAULT_CONTROL_LIMITS, now: Date.now });
  try {
    const place = { organization: "local", environment: "demo" };
    expect(await store.environments()).toEqual([place]);
    expect(await store.deleteAddress(place, { address: "203.0.113.7" })).toBe(1);
    // and one for each time that the last one was turned away
    expect(await store.deleteBefore(place, { before: Date.now() + 1 })).toBe(REQUESTS + turnedAway);
  } finally {
    await store.close();
  }
});
