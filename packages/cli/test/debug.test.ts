import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Control, openControl } from "@wherefrom/control";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCommand, startCommand } from "./command.ts";

const STEERING = "/a?b=\u001b[31m\\u001b";
const property = [
  { name: "client_ip_resolution.resolved.ip", value: "203.0.113.7" },
  { name: "client_ip_resolution.trust", value: "verified" },
];
const TRANSACTION = {
  completed: true,
  point: [
    {
      id: "StateChange",
      results: [
        { ActionResult: "RequestMessage", timestamp: "x", verb: "GET", uRI: STEERING, headers: [{ name: "Host", value: "example" }] },
      ],
    },
    { id: "FlowInfo", results: [{ ActionResult: "DebugInfo", timestamp: "x", properties: { property } }] },
    { id: "StateChange", results: [{ ActionResult: "ResponseMessage", timestamp: "x", statusCode: "404" }] },
  ],
};

let control: Control;
let folder: string;
let env: Readonly<Record<string, string>>;
let deliver: (session: string, id: string) => Promise<Response>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "wherefrom-cli-debug-"));
  const database = `sqlite:${join(folder, "control.db")}`;
  control = await openControl({ listen: { host: "127.0.0.1", port: 0 }, organization: "local", database });
  await control.seedEnvironment({ organization: "local", name: "prod", routes: [{ name: "all", target: "http://127.0.0.1:9000" }] });
  const token = control.issueKey({ name: "alice", role: "admin", organization: "-" });
  env = { WHEREFROM_API_URL: control.url, WHEREFROM_TOKEN: token, WHEREFROM_ENVIRONMENT: "prod", XDG_CONFIG_HOME: folder };
  const url = `${control.url}/v1/organizations/local/environments/prod/gateways/gw-a:deliverTransactions`;
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  deliver = (session, id) =>
    fetch(url, { method: "POST", headers, body: JSON.stringify({ transactions: [{ session, id, transaction: TRANSACTION }] }) });
});

afterAll(async () => {
  await control.close();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: readonly string[]) => runCommand(["debug", ...args], { env });
const started = async (): Promise<string> => JSON.parse((await run("start", "all", "--json")).stdout).session.name;

test("a session is started, what it records is shown, and it is stopped and forgotten", async () => {
  const made = await run("start", "all", "--count", "3", "--timeout", "2m", "--filter", 'request.verb = "GET"', "--reason", "It is odd");
  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect(made.stdout).toMatch(/^count +3\nfilter +request\.verb = "GET"\ntimeout +120\n/m);
  const session = /^session +(\S+)$/m.exec(made.stdout)?.[1] ?? "";
  expect((await run("list", "all")).stdout).toMatch(new RegExp(`^session +began\n${session} +20[\\d :-]+ UTC\n$`));
  await deliver(session, "t-1");
  expect((await run("show", "all", session)).stdout).toMatch(
    /^request +gateway +asked for +status +client +trust +why\nt-1 +gw-a +GET \/a\?b=\\x1b\[31m\\\\u001b +404 +203\.0\.113\.7 +verified +-\n$/,
  );
  expect((await run("show", "all", session, "--transaction", "t-1")).stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["StateChange", "RequestMessage", "GET /a?b=\\x1b[31m\\\\u001b"],
    ["StateChange", "header Host", "example"],
    ["FlowInfo", "client_ip_resolution.resolved.ip", "203.0.113.7"],
    ["FlowInfo", "client_ip_resolution.trust", "verified"],
    ["StateChange", "ResponseMessage", "404"],
    [""],
  ]);
  expect(await run("stop", "all", session)).toMatchObject({ code: 0, stdout: `Stopped ${session}\n` });
  expect(JSON.parse((await run("list", "all", "--json")).stdout)).toEqual({ version: 1, sessions: [] });
  await run("forget", "all", session);
  expect(JSON.parse((await run("show", "all", session, "--json")).stdout)).toEqual({ version: 1, transactions: [] });
  expect((await runCommand(["audit", "list"], { env })).stdout).toContain("It is odd");
});

test.each([{ json: true }, { json: false }])("what a session records is followed, with json $json", async ({ json }) => {
  const session = await started();
  await deliver(session, "t-1");
  const following = startCommand(["debug", "show", "all", session, "--follow", ...(json ? ["--json"] : [])], { env });
  await following.says(/t-1/);
  await deliver(session, "t-2");
  await following.says(/t-2/);
  await run("stop", "all", session);
  const { code, stdout } = await following.finished;
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  if (json) expect(lines.map((line) => JSON.parse(line).id)).toEqual(["t-1", "t-2"]);
  else expect(lines.map((line) => line.split(" ")[0])).toEqual(["request", "t-1", "t-2"]);
});

test.each([
  { args: ["start", "none"], says: "(ROUTE_NOT_FOUND)" },
  { args: ["start", "all", "--count", "99"], says: "count: Expected 1 to 15" },
  { args: ["show", "all", "none"], says: "(DEBUG_SESSION_NOT_FOUND)" },
  { args: ["show", "all", "none", "--follow"], says: "(DEBUG_SESSION_NOT_FOUND)" },
  { args: ["show", "all", "none", "--follow", "--transaction", "x"], says: "Give either --follow or --transaction" },
])("wherefrom debug $args says «$says»", async ({ args, says }) => {
  expect(await run(...args)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(says) });
});

test("the mask is shown, added to, and taken from", async () => {
  expect(await run("mask", "show")).toMatchObject({ code: 0, stdout: "Nothing is hidden but secrets\n" });
  const added = await run("mask", "add", "request.header.x-customer", "client.ip", "--reason", "It names customers");
  expect(added).toMatchObject({ code: 0, stdout: "request.header.x-customer\nclient.ip\n", stderr: "" });
  expect((await run("mask", "remove", "client.ip", "request.uri")).stderr).toContain(
    "Expected variables that are hidden, received request.uri: hidden is request.header.x-customer, client.ip",
  );
  expect((await run("mask", "remove", "client.ip")).stdout).toBe("request.header.x-customer\n");
  expect(JSON.parse((await run("mask", "show", "--json")).stdout)).toMatchObject({ variables: ["request.header.x-customer"] });
  expect(await run("mask", "add", "request.heder.x")).toMatchObject({ code: 2, stderr: expect.stringContaining("variables/0") });
});
