import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { askWell } from "../../../test/client/http.ts";
import { type RunningCommand, runCommand, startCommand, withoutLoad } from "./command.ts";
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

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "wherefrom-cli-"));
}

/** Settings of an identity provider that does not answer. */
function awayProvider(folder: string): string {
  const file = join(folder, "oidc.json");
  const roles = [{ claim: "sub", value: "u", role: "viewer", organization: "-" }];
  writeFileSync(file, JSON.stringify({ issuer: "https://login.example/", audience: "w", jwksUri: "http://127.0.0.1:1/", roles }));
  return file;
}

type Ready = {
  readonly gateway: string;
  readonly api: string;
  readonly organization: string;
  readonly environment: string;
  readonly demo: string | null;
  /** At the first start on a folder. */
  readonly adminToken?: string;
};

async function ready(command: RunningCommand): Promise<Ready> {
  const [line] = await command.says(/^\{.*\}$/m);
  return JSON.parse(line);
}

const freePorts = { WHEREFROM_GATEWAY_PORT: "0", WHEREFROM_API_PORT: "0", WHEREFROM_JSON: "1" };
const chain = { "X-Forwarded-For": "203.0.113.7, 198.51.100.9" };

/** Sets the policy of an environment to the last hop of X-Forwarded-For. */
async function readLastHop(api: string, { environment, token }: { environment: string; token: string | undefined }): Promise<void> {
  const patched = await fetch(`${api}/v1/organizations/local/environments/${environment}?updateMask=client_ip_resolution_config`, {
    method: "PATCH",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: '{"clientIpResolutionConfig":{"headerIndexAlgorithm":{"ipHeaderName":"X-Forwarded-For","ipHeaderIndex":-1}}}',
  });
  expect(patched.status).toBe(200);
}

test("up resolves a request, a PATCH changes the next one, and SIGINT ends it with 0", async () => {
  const folder = newFolder();
  const command = start(["up", "--data", folder, "--environment", "trial", "--oidc", awayProvider(folder)], freePorts);
  const { gateway, api, organization, environment, demo, adminToken } = await ready(command);
  expect({ organization, environment, demo }).toEqual({
    organization: "local",
    environment: "trial",
    demo: expect.stringContaining("http://127.0.0.1:"),
  });
  // tokens of the identity provider are taken: that this one cannot be judged is the provider's fault
  const jwt = [{ alg: "ES256", kid: "k" }, { sub: "u" }, {}]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  expect((await fetch(`${api}/v1/organizations`, { headers: { authorization: `Bearer ${jwt}` } })).status).toBe(503);
  expect(await askWell(gateway, { headers: chain })).toMatchObject({ ip: "203.0.113.7", algorithm: "default" });
  await readLastHop(api, { environment: "trial", token: adminToken });
  expect(await askWell(gateway, { headers: chain })).toMatchObject({ ip: "198.51.100.9", explanation: { unlistedHops: 0 } });
  command.child.kill("SIGINT");
  const { code, stderr } = await command.finished;
  expect({ code, told: withoutLoad(stderr) }).toEqual({
    code: 0,
    told: expect.stringMatching(/^warning: the keys of the identity provider[^\n]*\n$/),
  });
});

test("up for a person prints the addresses, a line to try and what that line gives", async () => {
  const command = start(["up", "--data", newFolder(), "--gateway-port", "0", "--api-port", "0"]);
  await command.says(/Resolved: 203\.0\.113\.7 /);
  const { stdout } = command.written();
  expect(stdout).toMatch(/curl -s -H 'X-Forwarded-For: 203\.0\.113\.7, 198\.51\.100\.9' http:\/\/127\.0\.0\.1:\d+\//);
  expect(stdout).toMatch(/\/v1\/organizations\/local\/environments\/demo/);
  command.child.kill("SIGTERM");
  expect((await command.finished).code).toBe(0);
});

test("a second start on the same data keeps the policy and points the demo route at the new demo upstream", async () => {
  const data = newFolder();
  const rounds = [
    { round: "first", token: expect.stringMatching(/^wft_/), ip: "203.0.113.7" },
    { round: "second", token: undefined, ip: "198.51.100.9" },
  ];
  for (const { round, token, ip } of rounds) {
    const command = start(["up", "--data", data], freePorts);
    const { gateway, api, adminToken } = await ready(command);
    expect(adminToken, round).toEqual(token);
    expect(await askWell(gateway, { headers: chain }), round).toMatchObject({ ip });
    if (adminToken !== undefined) await readLastHop(api, { environment: "demo", token: adminToken });
    command.child.kill("SIGINT");
    expect((await command.finished).code).toBe(0);
  }
});

test("up says when it asks nobody for a token, and control's admin token can be made anew", async () => {
  const data = newFolder();
  const open = start(["up", "--data", data, "--gateway-port", "0", "--api-port", "0", "--auth", "off", "--no-demo"]);
  await open.says(/access control is off: every user of this machine may change everything/);
  open.child.kill("SIGINT");
  expect(await open.finished).toMatchObject({ stdout: expect.not.stringContaining("wft_") });
  const database = `sqlite:${join(data, "control.db")}`;
  const tokens = [];
  for (const round of [1, 2]) {
    const { code, stdout } = await runCommand(["control", "reset-token", "--database", database]);
    expect(code, `round ${round}`).toBe(0);
    tokens.push(/^ {2}(wft_\S+)$/m.exec(stdout)?.[1] ?? "");
  }
  const control = start(["control", "--port", "0", "--database", database, "--json"]);
  const { api, adminToken } = await ready(control);
  expect(adminToken).toBeUndefined();
  const listed = tokens.map((token) => runCommand(["env", "list"], { env: { WHEREFROM_API_URL: api, WHEREFROM_TOKEN: token } }));
  const [old, fresh] = await Promise.all(listed);
  expect(old).toMatchObject({ code: 3, stderr: expect.stringContaining("(CREDENTIALS_INVALID). Give one by --token-file") });
  expect(fresh).toMatchObject({ code: 0, stderr: "" });
});

test("up --no-demo has no demo upstream", async () => {
  const command = start(["up", "--data", newFolder(), "--no-demo"], freePorts);
  expect((await ready(command)).demo).toBeNull();
});

test("a port in use is one line that names the flag, and nothing is left running", async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
  const { port } = holder.address() as AddressInfo;
  const cases = [
    { args: ["up", "--data", newFolder(), "--gateway-port", `${port}`, "--api-port", "0"], flag: "--gateway-port" },
    { args: ["up", "--data", newFolder(), "--gateway-port", "0", "--api-port", `${port}`], flag: "--api-port" },
    { args: ["control", "--database", `sqlite:${join(newFolder(), "c.db")}`, "--port", `${port}`], flag: "--port" },
  ];
  for (const { args, flag } of cases) {
    const { code, stdout, stderr } = await runCommand(args);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(
      new RegExp(
        `^Cannot listen on 127\\.0\\.0\\.1:${port}: the port is in use\\. .* ${flag} \\d+ \\(WHEREFROM_[A-Z_]+\\) \\[LISTEN_PORT_IN_USE\\]\\n$`,
      ),
    );
  }
  holder.close();
});

test("a data folder that is a file, or lies below one, is one line that names the flag", async () => {
  const file = join(newFolder(), "file");
  writeFileSync(file, "");
  for (const path of [file, join(file, "data"), "/proc/wherefrom"]) {
    const { code, stderr } = await runCommand(["up", "--data", path], { env: freePorts });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^Cannot write to the data folder [^\n]+--data PATH \(WHEREFROM_DATA\) \[DATA_FOLDER_UNUSABLE\]\n$/);
  }
});

test("two systems on one data folder: the second says that the first is using it", async () => {
  const data = newFolder();
  await ready(start(["up", "--data", data], freePorts));
  const { code, stderr } = await runCommand(["up", "--data", data], { env: freePorts });
  expect(code).toBe(3);
  expect(stderr).toContain("another Wherefrom is using it");
});

test("control and gateway run apart, the gateway by control's key and with one of its own, and both stop with 0", async () => {
  const folder = join(newFolder(), "deep");
  const [admin, gatewayKey] = [join(folder, "..", "admin.token"), join(folder, "gateway.key")];
  const control = start([
    ...["control", "--port", "0", "--database", `sqlite:${join(folder, "c.db")}`, "--json"],
    ...["--bootstrap-token-file", admin],
  ]);
  const { api, adminToken } = await ready(control);
  expect(adminToken).toBeUndefined();
  expect(statSync(admin).mode & 0o777).toBe(0o600);
  const authorization = `Bearer ${readFileSync(admin, "utf8").trim()}`;
  const made = await runCommand(["token", "create", "edge", "--grant", "gateway:demo", "--output", gatewayKey], {
    env: { WHEREFROM_API_URL: api, WHEREFROM_TOKEN_FILE: admin },
  });
  expect(made).toMatchObject({ code: 0, stderr: "", stdout: expect.not.stringContaining("wfg_") });
  const key = (await runCommand(["snapshot-key", "--signing-key", join(folder, "snapshot-key.pem")])).stdout.trim();
  const created = await fetch(`${api}/v1/organizations/local/environments`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization },
    body: '{"name":"demo"}',
  });
  expect(created.ok).toBe(true);
  const args = ["gateway", "--control", api, ...patientGateway(newFolder()), "--id", "g1", "--snapshot-cache", newFolder(), "--json"];
  const outside = start([...args, "--snapshot-key", key]);
  await outside.says(/CONTROL_LOST/);
  expect(outside.written().stderr).toContain("Control does not let this gateway in (401)");
  outside.child.kill("SIGTERM");
  args.push("--control-token-file", gatewayKey);
  const other = start([...args, "--snapshot-key", `ed25519:${"A".repeat(43)}`]);
  await other.says(/A snapshot was refused: .*SNAPSHOT_KEY_UNKNOWN/);
  other.child.kill("SIGTERM");
  const gateway = start([...args, "--snapshot-key", key]);
  const { gateway: url } = await ready(gateway);
  expect(withoutLoad(gateway.written().stderr)).toBe("");
  expect((await fetch(url)).status).toBe(404);
  const listed = (await (
    await fetch(`${api}/v1/organizations/local/environments/demo/gateways`, { headers: { authorization } })
  ).json()) as { gateways: unknown[] };
  expect(listed.gateways).toMatchObject([{ name: "g1", connected: true }]);
  for (const command of [gateway, control]) {
    command.child.kill("SIGTERM");
    expect((await command.finished).code).toBe(0);
  }
});

test("a gateway on a snapshot file reads it again on SIGHUP, and a faulty file changes nothing", async () => {
  const path = join(newFolder(), "snapshot.json");
  const snapshot = { organization: "local", environment: "demo", revision: 1, clientIpResolutionConfig: {}, routes: [] };
  writeFileSync(path, JSON.stringify(snapshot));
  // A flag goes before a variable that says another place.
  const gateway = start(["gateway", "--snapshot", path, "--port", "0"], { WHEREFROM_GATEWAY_UNIX: join(newFolder(), "unused.sock") });
  await gateway.says(/Gateway at http:.*, running revision 1\. /);
  writeFileSync(path, JSON.stringify({ ...snapshot, revision: 2, clientIpResolutionConfig: { nope: 1 }, routes: [{ name: "" }] }));
  gateway.child.kill("SIGHUP");
  await gateway.says(/Snapshot refused, revision 1 goes on/);
  await gateway.says(/\/clientIpResolutionConfig\/nope/);
  writeFileSync(path, JSON.stringify({ ...snapshot, revision: 3 }));
  gateway.child.kill("SIGHUP");
  await gateway.says(/Snapshot read again: running revision 3/);
  gateway.child.kill("SIGINT");
  expect((await gateway.finished).code).toBe(0);
});

test("a gateway listens where its file says, and tells every fault of a faulty one", async () => {
  const folder = newFolder();
  const snapshot = join(folder, "snapshot.json");
  const config = join(folder, "gateway.json");
  const socket = join(folder, "gateway.sock");
  writeFileSync(
    snapshot,
    JSON.stringify({ organization: "local", environment: "demo", revision: 1, clientIpResolutionConfig: {}, routes: [] }),
  );
  writeFileSync(config, JSON.stringify({ listeners: [{ port: 0 }, { unix: socket }] }));
  const gateway = start(["gateway", "--snapshot", snapshot, "--config", config, "--json"]);
  expect(await ready(gateway)).toMatchObject({ listeners: [expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), `unix:${socket}`] });
  gateway.child.kill("SIGINT");
  expect((await gateway.finished).code).toBe(0);
  writeFileSync(config, JSON.stringify({ listeners: [{}], limits: { nope: 1 } }));
  const { code, stderr } = await runCommand(["gateway", "--snapshot", snapshot, "--config", config]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/is not valid \[GATEWAY_FILE_INVALID\]\n {2}\/listeners\/0: .*\n {2}\/limits\/nope: .*\n$/);
});

test("a gateway that still waits for its control stops at once, and at no signal that only means a reload", async () => {
  const gateway = start(["gateway", "--control", "http://127.0.0.1:1", "--port", "0"]);
  await gateway.says(/CONTROL_LOST/);
  for (const signal of ["SIGHUP", "SIGUSR1", "SIGUSR2"] as const) gateway.child.kill(signal);
  gateway.child.kill("SIGINT");
  expect(await gateway.finished).toMatchObject({ code: 0, stderr: expect.not.stringContaining("Debugger") });
});
