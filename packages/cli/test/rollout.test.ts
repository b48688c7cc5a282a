import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Control, openControl } from "@wherefrom/control";
import { controlSource, type Gateway, keptSource, openGateway } from "@wherefrom/gateway";
import { expect, onTestFinished, test } from "vitest";
import { unhurried } from "../../gateway/test/rig/gateway.ts";

const NAMES = ["gw-a", "gw-b", "gw-c"];
const CHAIN = "192.0.2.1, 192.0.2.2, 192.0.2.3";

const policyOf = (ipHeaderIndex: number) => ({
  headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex },
  fallback: "PEER",
});

// biome-ignore lint/suspicious/noExplicitAny: a test names the fields it expects, and a missing one fails it
type Json = any;

type FleetUnderTest = {
  readonly gateways: readonly Gateway[];
  ask(line: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<Json>;
  rolloutWhen(holds: (rollout: Json) => boolean): Promise<Json>;
  /** What each gateway says itself of a request with that header: three hops unless told otherwise. */
  answers(forwardedFor?: string): Promise<readonly (string | null)[]>;
};

/** A control and three gateways that take only what it has signed, over real connections. */
async function openFleet(): Promise<FleetUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), "wherefrom-fleet-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const control: Control = await openControl({
    listen: { host: "127.0.0.1", port: 0 },
    database: `sqlite:${join(folder, "control.db")}`,
    organization: "local",
    access: "off",
    // So long that a change is answered by what gateways do, however busy the machine is.
    limits: { stageLookMs: 10, maxPublishWaitMs: 60_000 },
  });
  onTestFinished(() => control.close());
  await control.seedEnvironment({ organization: "local", name: "demo", clientIpResolutionConfig: policyOf(-1) });
  const place = { organization: "local", environment: "demo" };
  const gateways: Gateway[] = [];
  for (const gatewayId of NAMES) {
    const followed = controlSource({ url: control.url, ...place, gatewayId, timing: { reportIntervalMs: 20 } });
    const source = keptSource(followed, { keys: [control.snapshotKey], ...place });
    const gateway = await openGateway({
      listeners: [{ port: 0, decide: { trustedPeers: ["127.0.0.0/8"] } }],
      source,
      // one process is all gateways and control: a busy machine would have it close connections behind their answers
      limits: unhurried,
    });
    onTestFinished(() => gateway.close());
    gateways.push(gateway);
  }
  const environment = `${control.url}/v1/organizations/local/environments/demo`;
  const ask: FleetUnderTest["ask"] = async (line, body, headers) => {
    const [method = "", path = ""] = line.split(" ");
    const init = { method, headers: { "content-type": "application/json", ...headers }, ...(body && { body: JSON.stringify(body) }) };
    const response = await fetch(`${environment}${path}`, init);
    expect(response.status, line).toBe(200);
    return response.json();
  };
  return {
    gateways,
    ask,
    async rolloutWhen(holds) {
      for (;;) {
        const rollout = await ask("GET /rollout");
        if (holds(rollout)) return rollout;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    answers: (forwardedFor = CHAIN) =>
      Promise.all(
        gateways.map(async ({ url }) => {
          const original = { method: "GET", host: "example.com", uri: "/", peer: "10.0.0.1" };
          const fields = Object.entries(original).map(([name, value]) => [`x-original-${name}`, value] as const);
          const answer = await fetch(`${url}/auth-request`, {
            headers: [...fields, ["x-forwarded-for", forwardedFor]].map(([a, b]) => [a ?? "", b ?? ""]),
          });
          return answer.headers.get("x-wherefrom-client-ip");
        }),
      ),
  };
}

test("a policy that makes requests fall back is tried by one gateway of three, and taken back on it before the others ever have it", async () => {
  const fleet = await openFleet();
  await fleet.rolloutWhen(({ gateways }) => gateways.length === NAMES.length);
  await fleet.ask("PATCH ", { rollout: { share: 30, minRequests: 5 } });
  for (let round = 0; round < 5; round += 1) expect(await fleet.answers()).toEqual(["192.0.2.3", "192.0.2.3", "192.0.2.3"]);
  await fleet.ask("PATCH ", { clientIpResolutionConfig: policyOf(-4) });
  const { stage } = await fleet.ask("GET /rollout");
  const first = NAMES.indexOf(stage.firstGateways[0]);
  expect(stage.firstGateways).toHaveLength(1);
  const tried = NAMES.map((_, at) => (at === first ? "10.0.0.1" : "192.0.2.3"));
  for (let round = 0; round < 5; round += 1) expect(await fleet.answers()).toEqual(tried);
  await fleet.rolloutWhen(({ done }) => done);
  expect(await fleet.answers()).toEqual(["192.0.2.3", "192.0.2.3", "192.0.2.3"]);
  const { revisions } = await fleet.ask("GET /revisions?pageSize=1");
  expect(revisions[0].reason).toContain("100 % of 5 requests fell back on the first gateways, 0 % are usual");
});

test("one that does not is given to all, and a rollback reaches all by the time that it is answered", async () => {
  const fleet = await openFleet();
  await fleet.rolloutWhen(({ gateways }) => gateways.length === NAMES.length);
  await fleet.ask("PATCH ", { rollout: { share: 30, watch: "0s", minRequests: 2 } });
  await fleet.ask("PATCH ", { clientIpResolutionConfig: policyOf(-2) });
  expect([...(await fleet.answers())].sort()).toEqual(["192.0.2.2", "192.0.2.3", "192.0.2.3"]);
  await fleet.answers();
  await fleet.rolloutWhen(({ done }) => done);
  expect(await fleet.answers()).toEqual(["192.0.2.2", "192.0.2.2", "192.0.2.2"]);
  await fleet.ask("POST :rollback", {});
  expect(await fleet.answers()).toEqual(["192.0.2.3", "192.0.2.3", "192.0.2.3"]);
});
