import { existsSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { patient } from "../../gateway/test/rig/gateway.ts";
import { type RunningCommand, startCommand } from "./command.ts";
import { patientGateway } from "./patient-gateway.ts";

let target: Server;
let snapshot: string;
let command: RunningCommand | undefined;
const folder = mkdtempSync(join(tmpdir(), "wherefrom-cli-"));

beforeAll(async () => {
  target = createServer((_, response) => response.end("here"));
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
  snapshot = join(folder, "snapshot.json");
  const routes = [{ name: "shop", target: `http://127.0.0.1:${(target.address() as AddressInfo).port}` }];
  const policy = { peerAddressAlgorithm: {} };
  writeFileSync(
    snapshot,
    JSON.stringify({ organization: "local", environment: "demo", revision: 1, clientIpResolutionConfig: policy, routes }),
  );
});
afterAll(() => void target.close());
afterEach(async () => {
  command?.child.kill("SIGKILL");
  await command?.finished;
});

async function gatewayWith(...flags: string[]): Promise<{ url: string; command: RunningCommand }> {
  command = startCommand(["gateway", "--snapshot", snapshot, ...patientGateway(folder), "--id", "edge-1", ...flags]);
  const [, url = ""] = await command.says(/Gateway at (http:\S+),/);
  return { url, command };
}

test("--access-log - writes to standard output", async () => {
  const { url, command } = await gatewayWith("--access-log", "-");
  await fetch(`${url}/cart`);
  const [line] = await command.says(/^\{"event":.*\}$/m);
  expect(JSON.parse(line)).toMatchObject({ gateway: "edge-1", client: "127.0.0.1", trust: "verified", path: "/cart", route: "shop" });
});

test.each(["SIGUSR1", "SIGHUP"] as const)("%s opens the file anew, and no line is lost", async (signal) => {
  const file = join(folder, `${signal}.log`);
  const { url, command } = await gatewayWith("--access-log", file);
  await fetch(`${url}/before`);
  renameSync(file, `${file}.1`);
  command.child.kill(signal);
  await command.says(/ACCESS_LOG_REOPENED/);
  expect(existsSync(file)).toBe(true);
  await fetch(`${url}/after`);
  command.child.kill("SIGTERM");
  expect((await command.finished).code).toBe(0);
  const pathsIn = (name: string): string[] =>
    readFileSync(name, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).path);
  expect([pathsIn(`${file}.1`), pathsIn(file)]).toEqual([["/before"], ["/after"]]);
});

test.each([
  { flags: [], file: "config.log" },
  { flags: ["--access-log", join(folder, "flag.log")], file: "flag.log" },
])("the gateway file says how, and where unless $flags does", async ({ flags, file }) => {
  const config = join(folder, "gateway.json");
  writeFileSync(
    config,
    JSON.stringify({ listeners: [{ port: 0 }], limits: patient, accessLog: { file: join(folder, "config.log"), format: "combined" } }),
  );
  command = startCommand(["gateway", "--snapshot", snapshot, "--config", config, ...flags]);
  const [, url = ""] = await command.says(/Gateway at (http:\S+),/);
  await fetch(`${url}/cart`);
  command.child.kill("SIGTERM");
  await command.finished;
  expect(readFileSync(join(folder, file), "utf8")).toMatch(/^127\.0\.0\.1 - - \[.*\] "GET \/cart HTTP\/1\.1" 200 4 /);
});
