import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { requires } from "../../../test/requirement.ts";
import { faketimeLibrary } from "../../../tools/capabilities.mjs";
import { openTarget, type Target } from "../../gateway/test/rig/target.ts";
import { ask } from "../../gateway/test/rig/wire.ts";
import { type RunningCommand, startCommand } from "./command.ts";
import { patientGateway } from "./patient-gateway.ts";

// A gateway in a process of its own that is shown another time of day than the machine has; its steady clock is left alone.

const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), "wherefrom-clock-"));
const snapshotFile = join(folder, "snapshot.json");
const clockFile = join(folder, "clock");
const machine = requires("faketime");

let target: Target;
let command: RunningCommand;
let port = 0;
let revision = 0;

beforeEach(machine.check);
beforeAll(async () => {
  if (!machine.isMet) return;
  target = await openTarget();
  write({});
  turnClock(0);
  command = startCommand(["gateway", "--snapshot", snapshotFile, ...patientGateway(folder), "--json"], {
    env: {
      LD_PRELOAD: faketimeLibrary,
      FAKETIME_TIMESTAMP_FILE: clockFile,
      FAKETIME_NO_CACHE: "1",
      DONT_FAKE_MONOTONIC: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
  });
  const [line] = await command.says(/^\{.*\}$/m);
  port = Number(new URL(JSON.parse(line).gateway).port);
});
afterAll(async () => {
  command?.child.kill("SIGKILL");
  await command?.finished;
  await target?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Of each client when a deny of him ends, in milliseconds since 1970. */
type Denied = Readonly<Record<string, number>>;

function write(denied: Denied): void {
  revision += 1;
  const securityActions = Object.entries(denied).map(([ip, endsAtMs]) => ({
    name: `deny-${ip.replaceAll(".", "-")}`,
    state: "ENABLED",
    conditionConfig: { ipAddressRanges: [ip] },
    deny: {},
    expireTime: new Date(endsAtMs).toISOString(),
  }));
  const clientIpResolutionConfig = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.1"] } };
  const routes = [{ name: "all", target: target.origin }];
  replace(
    snapshotFile,
    JSON.stringify({ organization: "local", environment: "demo", revision, clientIpResolutionConfig, routes, securityActions }),
  );
}

/** As the gateway takes it up. */
async function offer(denied: Denied): Promise<void> {
  write(denied);
  command.child.kill("SIGHUP");
  await command.says(new RegExp(`[Rr]evision ${revision}\\b|[Ss]napshot ${revision}\\b`));
}

/** Puts the clock of the gateway, and of nobody else, so far from the machine's. */
function turnClock(byMs: number): void {
  replace(clockFile, `${byMs < 0 ? "-" : "+"}${Math.abs(byMs) / 1_000}s\n`);
}

function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

const statusOf = async (ip: string): Promise<number> => (await ask(port, "GET / HTTP/1.1", "Host: a", `X-Forwarded-For: ${ip}`)).status;

/** How far the clock of the gateway is from the machine's, by the Date of an answer of its own. Node makes that text once a second. */
async function clockAheadMs(): Promise<number> {
  const { head } = await ask(port, "GET / HTTP/1.1", "Host: a", "Host: b");
  return Date.parse(/^date: (.*)$/im.exec(head)?.[1] ?? "") - Date.now();
}

test("the gateway is shown another time of day", async () => {
  turnClock(-DAY_MS);
  await expect.poll(clockAheadMs).toBeLessThan(-DAY_MS / 2);
  turnClock(0);
  await expect.poll(clockAheadMs).toBeGreaterThan(-DAY_MS / 2);
});

test("a deny that is over when the clock is put forward stays over when it is put back, also in the next snapshot", async () => {
  const soon = { "203.0.113.1": Date.now() + DAY_MS / 2 };
  await offer(soon);
  expect(await statusOf("203.0.113.1")).toBe(403);
  turnClock(DAY_MS);
  expect(await statusOf("203.0.113.1")).toBe(200);
  turnClock(0);
  expect(await statusOf("203.0.113.1")).toBe(200);
  await offer({ ...soon, "203.0.113.2": Date.now() + DAY_MS / 2 });
  expect([await statusOf("203.0.113.1"), await statusOf("203.0.113.2")]).toEqual([200, 403]);
});

test("a deny ends in its time though the clock is put back by a day, and nobody is denied for ever", async () => {
  // a busy machine may take longer than a short deny lasts to look at it even once
  let status = 0;
  for (let seconds = 2; status !== 403; seconds *= 2) {
    await offer({ "203.0.113.3": Date.now() + seconds * 1_000 });
    status = await statusOf("203.0.113.3");
  }
  turnClock(-DAY_MS);
  await expect.poll(() => statusOf("203.0.113.3"), { interval: 50 }).toBe(200);
  turnClock(0);
});
