import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Control, openControl } from "@wherefrom/control";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { requires } from "../../../test/requirement.ts";
import { NEVER_MS, PATIENT } from "../../../tools/patience.ts";
import { patient } from "../../gateway/test/rig/gateway.ts";
import { openTarget, type Target } from "../../gateway/test/rig/target.ts";
import { ask } from "../../gateway/test/rig/wire.ts";
import { type RunningCommand, startCommand } from "./command.ts";

// wrk asks all the time and counts what goes wrong, while the gateway is changed under it.

const CHANGES = 100;
const folder = mkdtempSync(join(tmpdir(), "wherefrom-load-"));
const needs = requires("wrk");

const config = join(folder, "gateway.json");
writeFileSync(config, JSON.stringify({ listeners: [{ port: 0 }], limits: { ...patient, drainTimeoutMs: NEVER_MS } }));

let target: Target;
const webSockets = new WebSocketServer({ noServer: true });
let control: Control;
let command: RunningCommand | undefined;

beforeAll(async () => {
  target = await openTarget(
    (_, response) => response.end("here"),
    (request, socket, head) => webSockets.handleUpgrade(request, socket, head, () => undefined),
  );
  control = await openControl({
    listen: { host: "127.0.0.1", port: 0 },
    organization: "local",
    database: `sqlite:${join(folder, "a.db")}`,
    access: "off",
  });
  await control.seedEnvironment({ organization: "local", name: "demo", routes: [{ name: "all", target: target.origin }] });
});
beforeEach((context) => needs.check(context));
afterEach(async () => {
  command?.child.kill("SIGKILL");
  await command?.finished;
});
afterAll(async () => {
  await control.close();
  await target.close();
  rmSync(folder, { recursive: true });
});

type Load = { stop(): Promise<{ readonly requests: number; readonly trouble: readonly string[] }> };

/** Starts wrk, which runs until it is stopped and then says what it has seen. */
async function startLoad(url: string): Promise<Load> {
  const wrk = spawn("wrk", ["--threads", "1", "--connections", "16", "--duration", "1h", "--timeout", "60s", url]);
  let said = "";
  wrk.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ended = once(wrk, "close");
  await once(wrk, "spawn");
  return {
    async stop() {
      wrk.kill("SIGINT");
      await ended;
      const requests = Number(/(\d+) requests in/.exec(said)?.[1]);
      return { requests, trouble: said.split("\n").filter((line) => /errors|Non-2xx/.test(line)) };
    },
  };
}

/** Changes the policy and gives the revision that this makes. Control answers when the gateway says that it runs it. */
async function change(index: number): Promise<number> {
  const clientIpResolutionConfig = { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -1 - (index % 5) } };
  const response = await fetch(`${control.url}/v1/organizations/local/environments/demo?updateMask=client_ip_resolution_config`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ clientIpResolutionConfig }),
  });
  expect(response.status).toBe(200);
  return index;
}

const kinds = [
  { what: "one process", flags: [] },
  { what: "two workers that are replaced meanwhile", flags: ["--workers", "2"] },
];

test.each(kinds)("$what: no request fails during a hundred changes", async ({ flags }) => {
  command = startCommand(["gateway", "--control", control.url, "--config", config, "--admin-port", "0", ...flags]);
  const [, gateway = "", admin = ""] = await command.says(/Gateway at (\S+), .*health at (\S+)\. Ctrl-C/);
  const before = await revisionOf(admin);
  const load = await startLoad(gateway);
  for (let index = 0; index < CHANGES; index += 1) {
    await change(index);
    if (index === 20 && flags.length > 0) command.child.kill("SIGUSR2");
    if (index === 50) command.child.kill("SIGHUP");
  }
  if (flags.length > 0) await expect.poll(() => command?.written().stderr).toContain("WORKERS_REPLACED");
  const { requests, trouble } = await load.stop();
  expect(trouble).toEqual([]);
  expect(requests).toBeGreaterThan(CHANGES);
  await expect.poll(() => revisionOf(admin)).toBe(before + CHANGES);
  await expectGoodEnd(command, gateway);
});

/** Asks as twenty clients do that keep no connection, each some times a second, until they are stopped. */
function startClients(port: number): { stop(): Promise<{ readonly requests: number; readonly trouble: readonly unknown[] }> } {
  let isOver = false;
  let requests = 0;
  const trouble: unknown[] = [];
  const clients = Array.from({ length: 20 }, async () => {
    while (!isOver) {
      const { status } = await ask(port, "GET / HTTP/1.1", "Host: a").catch((error: unknown) => ({ status: error }));
      requests += 1;
      if (status !== 200) trouble.push(status);
      await sleep(200);
    }
  });
  return {
    async stop() {
      isOver = true;
      await Promise.all(clients);
      return { requests, trouble };
    },
  };
}

test("workers are replaced, and of twenty clients with a connection for each request none is refused", async () => {
  command = startCommand(["gateway", "--control", control.url, "--config", config, "--workers", "2"]);
  const [, gateway = ""] = await command.says(/Gateway at (\S+),/);
  const clients = startClients(Number(new URL(gateway).port));
  command.child.kill("SIGUSR2");
  await expect.poll(() => command?.written().stderr).toContain("WORKERS_REPLACED");
  const { requests, trouble } = await clients.stop();
  expect(trouble).toEqual([]);
  expect(requests).toBeGreaterThan(20);
});

/** It is told to end while it has much to do and WebSockets are open: they end within the window, and it says that all went well. */
async function expectGoodEnd({ child, finished }: RunningCommand, gateway: string): Promise<void> {
  const load = await startLoad(gateway);
  const clients = await Promise.all(Array.from({ length: 4 }, () => openWebSocket(gateway)));
  child.kill("SIGTERM");
  await Promise.all(clients.map((client) => once(client, "close")));
  expect(await finished).toMatchObject({ code: 0 });
  const { trouble } = await load.stop();
  // Nobody listens any more, which wrk counts. An answer that is none of the target's would be one that it got while the gateway drained.
  expect(trouble.filter((line) => line.includes("Non-2xx"))).toEqual([]);
}

async function openWebSocket(gateway: string): Promise<WebSocket> {
  const client = new WebSocket(gateway.replace("http", "ws"));
  client.on("error", () => undefined);
  await once(client, "open");
  return client;
}

/** Once it is ready. */
async function revisionOf(admin: string): Promise<number> {
  return vi.waitFor(async () => {
    const { ready, revision } = (await (await fetch(`${admin}/readyz`)).json()) as { ready: boolean; revision: number };
    expect(ready).toBe(true);
    return revision;
  }, PATIENT);
}
