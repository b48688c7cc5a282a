import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { askWell } from "../../../test/client/http.ts";
import { freePort } from "../../../test/process/free-port.ts";
import { ask } from "../../gateway/test/rig/wire.ts";
import { type RunningCommand, runCommand, startCommand } from "./command.ts";
import { patientGateway } from "./patient-gateway.ts";

const running: RunningCommand[] = [];
afterEach(async () => {
  for (const command of running.splice(0)) {
    command.child.kill("SIGKILL");
    await command.finished;
  }
});

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningCommand {
  const command = startCommand(args, { env });
  running.push(command);
  return command;
}

const newFolder = (): string => mkdtempSync(join(tmpdir(), "wherefrom-cli-"));

type Ready = { readonly gateway: string; readonly api: string; readonly admin: string };

async function ready(command: RunningCommand): Promise<Ready> {
  const [line] = await command.says(/^\{.*\}$/m);
  return JSON.parse(line);
}

test("up, in several processes, and gateway answer for their health where they are asked to", async () => {
  const up = start(["up", "--data", newFolder(), "--no-demo"], {
    WHEREFROM_GATEWAY_PORT: "0",
    WHEREFROM_API_PORT: "0",
    WHEREFROM_ADMIN_PORT: "0",
    WHEREFROM_JSON: "1",
    WHEREFROM_WORKERS: "2",
    WHEREFROM_AUTH: "off",
  });
  const { api, admin } = await ready(up);
  const gateway = start(["gateway", "--control", api, ...patientGateway(newFolder()), "--admin-port", "0", "--json"]);
  const other = await ready(gateway);
  for (const url of [admin, other.admin]) {
    expect(await (await fetch(`${url}/readyz`)).json(), url).toMatchObject({ ready: true, revision: expect.any(Number) });
    expect(await (await fetch(`${url}/metrics`)).text(), url).toContain("\nwherefrom_control_connected 1\n");
  }
  expect(await (await fetch(`${admin}/metrics`)).text()).toContain("\nwherefrom_workers_serving 2\n");
  up.child.kill("SIGKILL");
  await gateway.says(/CONTROL_LOST/);
  expect(await (await fetch(`${other.admin}/readyz`)).json()).toMatchObject({ ready: true, degraded: [{ code: "control-away" }] });
});

test("a gateway that waits for its first snapshot lives and is not ready", async () => {
  const port = await freePort();
  start(["gateway", "--control", "http://127.0.0.1:1", "--port", "0", "--admin-port", `${port}`]);
  await expect
    .poll(() =>
      fetch(`http://127.0.0.1:${port}/readyz`).then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .toBe(503);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
});

test("a gateway that was killed comes back without control, by the snapshot that it had", async () => {
  const cache = join(newFolder(), "deep");
  const control = start(["up", "--data", newFolder(), "--auth", "off"], {
    WHEREFROM_GATEWAY_PORT: "0",
    WHEREFROM_API_PORT: "0",
    WHEREFROM_JSON: "1",
  });
  const { api } = await ready(control);
  const args = [
    "gateway",
    "--control",
    api,
    ...patientGateway(newFolder()),
    "--id",
    "g2",
    "--snapshot-cache",
    cache,
    "--admin-port",
    "0",
    "--json",
  ];
  const first = start(args);
  expect(await askWell((await ready(first)).gateway)).toMatchObject({ ip: "127.0.0.1" });
  await expect.poll(() => existsSync(join(cache, "g2.current"))).toBe(true);
  for (const { child, finished } of [control, first]) {
    child.kill("SIGKILL");
    await finished;
  }
  const second = start(args);
  const { gateway, admin } = await ready(second);
  expect(second.written().stderr).toMatch(/^warning: Snapshot \d+ is served from disk.* \[SNAPSHOT_KEPT_SERVED\]$/m);
  const degraded = [{ code: "control-away" }, { code: "last-good-snapshot" }];
  expect(await (await fetch(`${admin}/readyz`)).json()).toMatchObject({ ready: true, degraded });
  // The target has gone with its system, so the route is there and the target is not.
  expect((await fetch(gateway)).status).toBe(502);
  second.child.kill("SIGTERM");
  expect((await second.finished).code).toBe(0);
});

test("a gateway file says where health is answered, a flag goes before it, and names without a port are a fault", async () => {
  const folder = newFolder();
  const [file, snapshot] = [join(folder, "gateway.json"), join(folder, "snapshot.json")];
  writeFileSync(snapshot, JSON.stringify({ organization: "a", environment: "b", revision: 1, clientIpResolutionConfig: {}, routes: [] }));
  const listeners = [{ port: 0 }];
  writeFileSync(file, JSON.stringify({ listeners, admin: { port: 0, names: ["one.example"] } }));
  const { admin } = await ready(start(["gateway", "--snapshot", snapshot, "--config", file, "--json"]));
  const statusFor = async (host: string) => (await ask(Number(new URL(admin).port), "GET /healthz HTTP/1.1", `Host: ${host}`)).status;
  expect([await statusFor("one.example"), await statusFor("two.example")]).toEqual([200, 421]);
  writeFileSync(file, JSON.stringify({ listeners, admin: { port: 70_000 }, snapshotCache: "" }));
  const refused = await runCommand(["gateway", "--snapshot", snapshot, "--config", file]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/\/admin\/port: Expected a port .*\n.*\/snapshotCache: Expected the path of a folder/);
  const portless = await runCommand(["gateway", "--snapshot", snapshot, "--port", "0", "--admin-name", "one.example"]);
  expect(portless).toMatchObject({ code: 2, stderr: expect.stringContaining("Give --admin-port PORT") });
});
