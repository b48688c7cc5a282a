import { mkdtempSync, rmSync } from "node:fs";
import { Agent, createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Control, openControl } from "@wherefrom/control";
import { controlSource, type Gateway, openGateway } from "@wherefrom/gateway";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { unhurried } from "../packages/gateway/test/rig/gateway.ts";
import { PATIENT } from "../tools/patience.ts";

const FLOODER = "192.0.2.9";
const NAT = "198.51.100.1";
/** Each does less than others do, and together they ask for as much as the flood. */
const NAT_USERS = 500;
const PEOPLE = 30;
const CONNECTIONS = 16;

// biome-ignore lint/suspicious/noExplicitAny: a test names the fields it expects, and a missing one fails it
type Json = any;
type Asked = { readonly client: string; readonly path: string; readonly userAgent: string };

/** The proxy before the gateways is this machine, and vouches for the address that it writes. */
const POLICY = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8"] } };

const folder = mkdtempSync(join(tmpdir(), "wherefrom-flood-"));
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
let target: Server;
let control: Control;
let gateways: Gateway[] = [];

beforeAll(async () => {
  target = createServer((_request, response) => response.end("ok"));
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
  control = await openControl({
    listen: { host: "127.0.0.1", port: 0 },
    organization: "local",
    database: `sqlite:${join(folder, "control.db")}`,
    analytics: `duckdb:${join(folder, "events.duckdb")}`,
    limits: { abuseLookMs: 100 },
  });
  const routes = [{ name: "all", target: `http://127.0.0.1:${(target.address() as AddressInfo).port}` }];
  await control.seedEnvironment({ organization: "local", name: "prod", clientIpResolutionConfig: POLICY, routes });
  const abuseDetection = { flooder: { minAmount: 300 } };
  expect((await api("PATCH", "organizations/local/environments/prod", { abuseDetection })).status).toBe(200);
  gateways = await Promise.all(["edge-1", "edge-2"].map(openNode));
});

afterAll(async () => {
  agent.destroy();
  await Promise.all(gateways.map((gateway) => gateway.close()));
  await control?.close();
  target.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A gateway with a key of its own that follows control and sends it events. */
function openNode(id: string): Promise<Gateway> {
  const key = control.issueKey({ name: id, role: "gateway", organization: "local", environments: ["prod"] });
  return openGateway({
    listeners: [{ port: 0 }],
    id,
    source: controlSource({ url: control.url, organization: "local", environment: "prod", gatewayId: id, token: () => key }),
    events: { folder: join(folder, id) },
    // one process is both gateways, control and all clients: a busy machine would have it turn requests away
    limits: { ...unhurried, eventIntervalMs: 20 },
  });
}

function ask(gateway: Gateway, { client, path, userAgent }: Asked): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { "X-Forwarded-For": client, "User-Agent": userAgent };
    request(`${gateway.url}${path}`, { agent, headers }, (answer) => {
      answer.resume().on("end", () => resolve(answer.statusCode ?? 0));
    })
      .on("error", reject)
      .end();
  });
}

async function api(method: string, path: string, body?: object): Promise<Json> {
  const token = control.issueKey({ name: "alice", role: "operator", organization: "local" });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${control.url}/v1/${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return { status: answer.status, ...((await answer.json()) as object) };
}

/** What one person does: a page, its style sheet, another page. */
function personOf(client: string, userAgent: string): Asked[] {
  return ["/orders", "/assets/site.css", "/orders/1"].map((path) => ({ client, path, userAgent }));
}

/** Some people, five hundred more behind one address, and a flood, all mixed. */
function traffic(): Asked[] {
  const people = Array.from({ length: PEOPLE }, (_, index) => personOf(`203.0.113.${index}`, `browser ${index}`)).flat();
  const crowd = Array.from({ length: NAT_USERS }, (_, index) => personOf(NAT, `browser ${index % 40}`)[index % 3] as Asked);
  const flood = Array.from({ length: 600 }, (_, index) => ({ client: FLOODER, path: `/search/${index % 7}`, userAgent: "curl/8.0" }));
  const all = [...people, ...crowd, ...flood];
  // any number without a common factor visits each place once
  return all.map((_, index) => all[(index * 1_009) % all.length] as Asked);
}

const incidents = async (): Promise<Json[]> =>
  (await api("GET", "organizations/local/environments/prod/securityIncidents")).securityIncidents;

test("a flood through two gateways is detected, denied on both by one call, and five hundred people behind one address are not", async () => {
  const [first, second] = gateways as [Gateway, Gateway];
  const asked = traffic();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, lane) => {
      for (let at = lane; at < asked.length; at += CONNECTIONS) {
        expect(await ask(at % 2 === 0 ? first : second, asked[at] as Asked)).toBe(200);
      }
    }),
  );
  const found = await vi.waitFor(async () => {
    const seen = await incidents();
    expect(seen.map(({ client }) => client).toSorted()).toEqual([`${FLOODER}/32`, `${NAT}/32`].toSorted());
    return seen;
  }, PATIENT);
  const [flood, crowd] = [FLOODER, NAT].map((client) => found.find((incident) => incident.client === `${client}/32`));
  expect(flood).toMatchObject({ detectionTypes: ["Flooder"], sharedAddress: false, state: "OPEN" });
  expect(crowd).toMatchObject({ detectionTypes: ["Flooder"], sharedAddress: true, displayName: `Shared address: ${NAT}/32` });

  const crowdBan = await api("POST", `${crowd.name}:createSecurityAction`, {});
  expect([crowdBan.status, crowdBan.error.details[0].reason]).toEqual([400, "SECURITY_INCIDENT_SHARED"]);

  const flooder: Asked = { client: FLOODER, path: "/search", userAgent: "curl/8.0" };
  const startMs = performance.now();
  const ban = await api("POST", `${flood.name}:createSecurityAction`, { ttl: "600s" });
  const answeredMs = performance.now();
  expect(ban).toMatchObject({ status: 200, conditionConfig: { ipAddressRanges: [`${FLOODER}/32`] } });
  await Promise.all(gateways.map((gateway) => vi.waitFor(async () => expect(await ask(gateway, flooder)).toBe(403), PATIENT)));
  const [call, after] = [answeredMs - startMs, performance.now() - answeredMs].map((ms) => ms.toFixed(0));
  process.stdout.write(
    `A flood is denied on two gateways: the call took ${call} ms, and after its answer both denied within ${after} ms\n`,
  );

  for (const gateway of gateways) {
    for (const one of [...personOf(NAT, "browser 1"), ...personOf("203.0.113.1", "browser 1")]) expect(await ask(gateway, one)).toBe(200);
  }
  const [converted] = (await incidents()).filter(({ client }) => client === `${FLOODER}/32`);
  expect(converted).toMatchObject({ state: "CONVERTED", securityAction: ban.name });
});
