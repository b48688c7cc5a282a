import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeMmdb } from "../../gateway/test/rig/mmdb.ts";
import { type RunningCommand, startCommand } from "./command.ts";

// biome-ignore lint/suspicious/noExplicitAny: a test names the fields it expects, and a missing one fails it
type Json = any;

const folder = mkdtempSync(join(tmpdir(), "wherefrom-traffic-"));
let command: RunningCommand;
let gateway: string;
let environment: string;
let authorization: string;

/** One system for all tests here: control, and a gateway of two processes. */
beforeAll(async () => {
  const env = { WHEREFROM_GATEWAY_PORT: "0", WHEREFROM_API_PORT: "0", WHEREFROM_JSON: "1" };
  const countries = join(folder, "countries.mmdb");
  writeFileSync(countries, writeMmdb({ "198.51.100.0/24": { country: { iso_code: "NL" } } }));
  command = startCommand(["up", "--data", join(folder, "data"), "--workers", "2", "--geo-database", countries], { env });
  const [line] = await command.says(/^\{.*\}$/m);
  const ready = JSON.parse(line);
  gateway = ready.gateway;
  authorization = `Bearer ${ready.adminToken}`;
  environment = `${ready.api}/v1/organizations/local/environments/demo`;
});
afterAll(async () => {
  command.child.kill("SIGKILL");
  await command.finished;
  rmSync(folder, { recursive: true, force: true });
});

async function call(method: string, path: string, body?: object): Promise<Json> {
  const headers = { "content-type": "application/json", authorization };
  const response = await fetch(`${environment}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  expect(response.status).toBe(200);
  return response.json();
}

/** Asks again where it has too much to do, because other tests have all of the machine. */
async function get(): Promise<Response> {
  for (;;) {
    const answer = await fetch(gateway, { headers: { "X-Forwarded-For": "203.0.113.7", Cookie: "secret=1" } });
    if (answer.status !== 503) return answer;
    await answer.text();
  }
}

test("a debug session records what the gateway's processes resolve, with the seed's FlowInfo", async () => {
  const [route] = (await call("GET", "/routes")).routes;
  const sessions = `/apis/${route.name}/revisions/1/debugsessions`;
  const { name } = await call("POST", sessions, { count: 15 });
  for (let sent = 0; sent < 6; sent++) await (await get()).text();
  let transactions: Json[] = [];
  while (transactions.length < 6) ({ transactions } = await call("GET", `${sessions}/${name}/data`));
  const { properties } = transactions[0].transaction.point
    .flatMap(({ results }: Json) => results)
    .find((result: Json) => JSON.stringify(result).includes("client_ip_resolution.resolved.ip"));
  expect(properties.property).toEqual(
    expect.arrayContaining([
      { name: "client_ip_resolution.resolved.ip", value: "203.0.113.7" },
      { name: "client_ip_resolution.used.fallback", value: "false" },
      { name: "client_ip_resolution.algorithm", value: "default" },
    ]),
  );
  expect(JSON.stringify(transactions)).not.toContain("secret=1");
});

test("when a security action is answered, every process of the gateway has it", async () => {
  const action = {
    state: "ENABLED",
    conditionConfig: { ipAddressRanges: ["203.0.113.0/24"] },
    deny: { responseCode: 451 },
    matchUnverified: true,
  };
  await call("POST", "/securityActions?securityActionId=ban", action);
  for (let sent = 0; sent < 6; sent++) expect((await get()).status).toBe(451);
  await call("POST", "/securityActions/ban:disable", {});
  for (let sent = 0; sent < 6; sent++) expect((await get()).status).toBe(200);
});

test("countries are looked up in the database that up was given", async () => {
  const conditionConfig = { regionCodes: ["NL"] };
  await call("POST", "/securityActions?securityActionId=no-nl", { state: "ENABLED", conditionConfig, deny: {}, matchUnverified: true });
  const statusOf = async (client: string) => (await fetch(gateway, { headers: { "X-Forwarded-For": client } })).status;
  expect([await statusOf("198.51.100.9"), await statusOf("203.0.113.9")]).toEqual([403, 200]);
});
