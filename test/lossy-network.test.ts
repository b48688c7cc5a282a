import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Network, openNetwork } from "../packages/doctor/src/lab/network.ts";
import { startDelay } from "./lab/delay.ts";
import { repositoryPath } from "./process/repository.ts";
import { runWell } from "./process/run.ts";
import { openScratch, type Scratch } from "./process/scratch.ts";
import { type Started, start } from "./process/started.ts";
import { requires } from "./requirement.ts";

// client 203.0.113.10, and a proxy 203.0.113.11 -> a bad cable -> gateway 198.51.100.147

const GATEWAY = "198.51.100.147";
const CLIENT = "203.0.113.10";
const PROXY = "203.0.113.11";
/** There and back 200 ms, one frame in twenty lost each way, and each up to 40 ms later than the one before it. */
const bad = { delayMs: 100, moreMs: 40, lostPercent: 5 };

let network: Network;
let scratch: Scratch;
let cable: Started;
const started: Started[] = [];

const machine = requires("namespaces");
beforeEach(machine.check);
beforeAll(async () => {
  if (!machine.isMet) return;
  [network, scratch] = await Promise.all([openNetwork({ isSlow: true }), openScratch()]);
  const clientIpResolutionConfig = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: [PROXY] } };
  const routes = [{ name: "all", target: "http://127.0.0.1:9000" }];
  await writeFile(
    scratch.file("snapshot.json"),
    JSON.stringify({ organization: "lab", environment: "lab", revision: 1, clientIpResolutionConfig, routes }),
  );
  const listeners = [
    { host: GATEWAY, port: 8080, http2: true },
    { host: GATEWAY, port: 8081, proxyProtocol: { trustedPeers: [PROXY] } },
  ];
  // what is lost is sent again after a second and more: the times for beginning are not what is tried here
  const limits = { proxyHeaderTimeoutMs: 60_000, headersTimeoutMs: 60_000, maxLoopDelayMs: 600_000 };
  await writeFile(scratch.file("gateway.json"), JSON.stringify({ listeners, limits }));
  cable = await startDelay(network, bad);
  const place = network.at("cloud");
  const command = repositoryPath("packages/cli/bin/wherefrom.js");
  const files = ["--snapshot", scratch.file("snapshot.json"), "--config", scratch.file("gateway.json")];
  started.push(start([process.execPath, repositoryPath("test/lab/tell-client.mjs"), "127.0.0.1", "9000"], { place }));
  started.push(start([process.execPath, command, "gateway", ...files, "--json"], { place }));
  for (const each of started) await each.ready("listens", () => /ready|^\{/m.test(each.stdout()));
});
afterAll(async () => {
  for (const each of [...started, cable]) await each?.stop();
  await network?.close();
  await scratch?.remove();
});

const TIMES = 3;
const kinds = [
  { kind: "http", port: 8080 },
  { kind: "http2", port: 8080 },
  { kind: "websocket", port: 8080 },
  { kind: "proxy", port: 8081 },
] as const;

/** Each claims an address that nobody else claims, so that a mixed-up answer is seen. Only the proxy is believed. */
const clients = kinds.flatMap(({ kind, port }, number) =>
  Array.from({ length: 8 }, (_, index) => {
    const from = kind === "proxy" || index % 2 === 0 ? PROXY : CLIENT;
    return { kind, port, host: GATEWAY, from, claims: `192.0.2.${number * 8 + index + 1}`, times: TIMES };
  }),
);

test("over a cable that loses, delays and reorders packets every answer comes, and tells the right client", async () => {
  const command = [process.execPath, repositoryPath("test/lab/many-clients.mjs"), JSON.stringify(clients)];
  const said = JSON.parse(await runWell(command, { place: network.at("client") }));
  expect(said).toEqual(clients.map(({ from, claims }) => Array.from({ length: TIMES }, () => (from === PROXY ? claims : CLIENT))));
  await cable.stop("SIGTERM");
  const [, came = 0, lost = 0, overtaken = 0] = /came (\d+) lost (\d+) overtaken (\d+)/.exec(cable.stdout())?.map(Number) ?? [];
  expect(lost).toBeGreaterThan(came / 100);
  expect(overtaken).toBeGreaterThan(came / 100);
});
