import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { freePort } from "../../../test/process/free-port.ts";
import { type RunningCommand, startCommand } from "./command.ts";

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

test("up and gateway answer for their health where they are asked to", async () => {
  const up = start(["up", "--data", newFolder(), "--no-demo"], {
    WHEREFROM_GATEWAY_PORT: "0",
    WHEREFROM_API_PORT: "0",
    WHEREFROM_ADMIN_PORT: "0",
    WHEREFROM_JSON: "1",
  });
  const { api, admin } = await ready(up);
  const gateway = start(["gateway", "--control", api, "--port", "0", "--id", "g2", "--admin-port", "0", "--json"]);
  const other = await ready(gateway);
  for (const url of [admin, other.admin]) {
    expect(await (await fetch(`${url}/readyz`)).json(), url).toMatchObject({ ready: true, revision: expect.any(Number) });
    expect(await (await fetch(`${url}/metrics`)).text(), url).toContain("\nwherefrom_control_connected 1\n");
  }
  up.child.kill("SIGKILL");
  await gateway.says(/CONTROL_LOST/);
  expect(await (await fetch(`${other.admin}/readyz`)).json()).toMatchObject({ ready: true, degraded: [{ code: "control-away" }] });
});

test("a gateway that waits for its first snapshot lives and is not ready", async () => {
  const port = await freePort();
  start(["gateway", "--control", "http://127.0.0.1:1", "--port", "0", "--admin-port", `${port}`]);
  await expect
    .poll(
      () =>
        fetch(`http://127.0.0.1:${port}/readyz`).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 15_000 },
    )
    .toBe(503);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
});
