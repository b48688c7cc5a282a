import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { patient } from "../../gateway/test/rig/gateway.ts";
import { openTarget, type Target } from "../../gateway/test/rig/target.ts";
import { ask, parseResponse, sendRaw, until, wire } from "../../gateway/test/rig/wire.ts";
import { type RunningCommand, startCommand } from "./command.ts";

const HELD = 6;

const folder = mkdtempSync(join(tmpdir(), "wherefrom-crashes-"));
const file = (name: string): string => join(folder, name);
const preloaded = fileURLToPath(new URL("crash-when-told.cjs", import.meta.url));

let target: Target;
let command: RunningCommand;
let port: number;
let admin: string;
/** Requests that the target has not answered, and how many of those broke off. */
const held = new Set<ServerResponse>();
let broken = 0;

beforeAll(async () => {
  target = await openTarget((request, response) => {
    if (request.url !== "/held") return void response.end("here");
    held.add(response);
    response.once("close", () => {
      if (!response.writableFinished) broken += 1;
      held.delete(response);
    });
  });
  const routes = [{ name: "all", target: target.origin }];
  const snapshot = {
    organization: "local",
    environment: "demo",
    revision: 1,
    clientIpResolutionConfig: { peerAddressAlgorithm: {} },
    routes,
  };
  writeFileSync(file("snapshot.json"), JSON.stringify(snapshot));
  writeFileSync(file("gateway.json"), JSON.stringify({ listeners: [{ port: 0 }], admin: { port: 0 }, limits: patient }));
  const files = ["--snapshot", file("snapshot.json"), "--config", file("gateway.json")];
  // with so little memory a worker is soon out of it
  const env = { NODE_OPTIONS: `--require ${preloaded} --max-old-space-size=128` };
  command = startCommand(["gateway", ...files, "--workers", "2", "--json"], { env });
  const [line] = await command.says(/^\{.*\}$/m);
  const ready = JSON.parse(line) as { readonly gateway: string; readonly admin: string };
  port = Number(new URL(ready.gateway).port);
  admin = ready.admin;
});
afterAll(async () => {
  command.child.kill("SIGKILL");
  await command.finished;
  await target.close();
  rmSync(folder, { recursive: true });
});

/** The processes that serve, by the system's word. */
function pids(): number[] {
  const { pid } = command.child;
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
}

const crashes = [
  { what: "throws what nobody catches", signal: "SIGWINCH", how: "exit code 1" },
  { what: "runs out of memory", signal: "SIGURG", how: "signal SIGABRT" },
  { what: "reads where it has no memory", signal: "SIGSEGV", how: "signal SIGSEGV" },
  { what: "is killed by the system", signal: "SIGKILL", how: "signal SIGKILL" },
] as const;

describe.skipIf(process.platform !== "linux")("a worker that", () => {
  test.each(crashes)("$what takes nothing with it but its own requests, and another takes its place", async ({ signal, how }) => {
    broken = 0;
    const [victim = 0] = pids();
    const asked = Array.from({ length: HELD }, () => sendRaw(port, wire("GET /held HTTP/1.1", "Host: a", "Connection: close")));
    await until(() => held.size === HELD);
    process.kill(victim, signal);
    await command.says(new RegExp(`process ${victim}, has died: ${how} \\[WORKER_DIED\\]`));
    const during = await Promise.all(Array.from({ length: HELD }, () => ask(port, "GET / HTTP/1.1", "Host: a")));
    expect(during.map(({ status }) => status)).toEqual(during.map(() => 200));
    await until(() => broken > 0);
    for (const response of held) response.end("whole");
    const answers = (await Promise.all(asked)).map((text) => parseResponse(text).body);
    // they were dealt out in turn, so that the other worker has some of them
    const lost = answers.filter((body) => body === "").length;
    expect(answers.filter((body) => body === "whole")).toHaveLength(HELD - lost);
    expect(lost).toBeLessThan(HELD);
    await until(() => broken === lost);
    await expect.poll(async () => (await fetch(`${admin}/readyz`)).status).toBe(200);
    expect(pids()).toHaveLength(2);
  });
});
