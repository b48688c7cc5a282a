import { join } from "node:path";
import { type Control, type ControlNotice, openControl } from "@wherefrom/control";
import { type LookUp, type Reach, type RunningEcho, serveEcho } from "@wherefrom/doctor";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parsePrefix } from "wherefrom";
import { createProber } from "../src/prober.ts";
import { runCommand } from "./command.ts";
import { folderOf } from "./folder.ts";

const PATH = "/.wherefrom-probed-by-control";
const notices: ControlNotice[] = [];
/** What names lead to, one look-up after the other. */
const answers = new Map<string, string[][]>();
const lookUp: LookUp = async (name) => answers.get(name)?.shift() ?? [];
let echo: RunningEcho;
let control: Control;
let off: Control;

beforeAll(async () => {
  const reading = parsePrefix("127.0.0.1/32");
  if (reading.kind !== "prefix") throw new Error("Expected a network");
  const reach: Reach = { isPublic: false, networks: [reading.prefix] };
  echo = await serveEcho({ listen: { host: "127.0.0.1", port: 0 }, path: PATH });
  const open = (name: string, more: object): Promise<Control> =>
    openControl({
      listen: { host: "127.0.0.1", port: 0 },
      organization: "local",
      database: `sqlite:${join(folderOf({}), `${name}.db`)}`,
      onNotice: (notice) => notices.push(notice),
      limits: { maxProbes: 1 },
      ...more,
    });
  control = await open("on", { prober: createProber(reach, lookUp) });
  off = await open("off", {});
  for (const each of [control, off]) await each.seedEnvironment({ organization: "local", name: "prod" });
});
afterAll(async () => {
  await Promise.all([control.close(), off.close(), echo.close()]);
});

async function ask(at: Control, url: string, { role = "operator", more = {} }: { role?: "operator" | "viewer"; more?: object } = {}) {
  const response = await fetch(`${at.url}/v1/organizations/local/environments/prod:probe`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${at.issueKey({ name: "alice", role, organization: "-" })}` },
    body: JSON.stringify({ url, ...more }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the test names the fields it expects
  const body = (await response.json()) as any;
  const [detail] = body.error?.details ?? [];
  const fault = body.error?.details.at(-1)?.fieldViolations?.[0];
  return { status: response.status, body, reason: detail?.reason, fault: fault?.reason };
}

const echoUrl = (host = "127.0.0.1"): string => `http://${host}:${echo.address.port}${PATH}`;

test("control probes an echo for an operator, and diagnoses by what it found", async () => {
  notices.length = 0;
  const { status, body } = await ask(control, echoUrl(), { more: { expected: "192.0.2.99" } });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    facts: { "probe.nonceSeen": true, "probe.canary": "onlyCanary", "peer.scope": "loopback", "probe.dialedAddress": "unexpected" },
    counts: { sent: 18, observed: 18, answered: 0, failed: 0 },
    proposal: { kind: expect.any(String) },
  });
  expect(notices).toEqual([
    {
      kind: "probe-asked",
      environment: "organizations/local/environments/prod",
      by: "process:alice",
      target: `127.0.0.1:${echo.address.port}`,
    },
  ]);
  // the path is the echo's secret
  expect(JSON.stringify([body, notices])).not.toContain(PATH);
});

const refused = [
  { says: "an address outside of its reach", url: () => echoUrl("127.0.0.2"), fault: "PROBE_OUT_OF_REACH" },
  { says: "an address that carries one", url: () => echoUrl("[::ffff:127.0.0.2]"), fault: "PROBE_OUT_OF_REACH" },
  { says: "a name that leads outside", url: () => echoUrl("inside.example"), found: [["10.0.0.1"]], fault: "PROBE_OUT_OF_REACH" },
  { says: "a name that nobody knows", url: () => echoUrl("none.example"), fault: "PROBE_OUT_OF_REACH" },
  { says: "a path that is no echo's", url: () => "http://127.0.0.1/admin", fault: "PROBE_URL_REFUSED" },
  { says: "another scheme", url: () => `ftp://127.0.0.1${PATH}`, fault: "PROBE_URL_REFUSED" },
  { says: "a port of something else", url: () => `http://127.0.0.1:22${PATH}`, fault: "PROBE_URL_REFUSED" },
];

test.each(refused)("$says is refused: $fault", async ({ url, found, fault }) => {
  if (found !== undefined) answers.set(new URL(url()).hostname, found);
  expect(await ask(control, url())).toMatchObject({ status: 400, reason: "FIELDS_INVALID", fault });
});

test("a name that leads elsewhere at the second look-up is probed where it led at first", async () => {
  answers.set("rebinding.example", [["127.0.0.1"], ["127.0.0.2"]]);
  const { body } = await ask(control, echoUrl("rebinding.example"));
  expect(body.counts).toMatchObject({ sent: 18, observed: 18 });
  expect(answers.get("rebinding.example")).toEqual([["127.0.0.2"]]);
});

test("where nobody answers, nothing is known", async () => {
  const { status, body } = await ask(control, `http://127.0.0.1:1024${PATH}`);
  expect({ status, ...body.counts }).toMatchObject({ status: 200, observed: 0, failed: 2 });
  expect(body.facts).toEqual({});
});

test("env diagnose joins what control's probe finds with what is given", async () => {
  const env = { WHEREFROM_API_URL: control.url, WHEREFROM_TOKEN: control.issueKey({ name: "alice", role: "operator", organization: "-" }) };
  const args = ["env", "diagnose", "prod", "--echo", echoUrl(), "--json"];
  const { code, stdout } = await runCommand([...args, "--facts", '{"cmp.otherServiceReal": true}'], { env });
  expect(code).toBe(0);
  expect(JSON.parse(stdout).facts).toMatchObject({ "probe.canary": "onlyCanary", "cmp.otherServiceReal": true, "app.trust": "wildcard" });
  const contrary = await runCommand([...args, "--facts", '{"probe.canary": "stripped"}'], { env });
  expect(contrary).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("(FACTS_CONTRADICT)") });
});

test("without the switch it probes nothing, and a viewer has nothing probed", async () => {
  expect(await ask(off, echoUrl())).toMatchObject({ status: 400, reason: "PROBING_OFF" });
  expect(await ask(control, echoUrl(), { role: "viewer" })).toMatchObject({ status: 403, reason: "ACCESS_DENIED" });
});

test("more probes than its limit are refused", async () => {
  const all = await Promise.all([1, 2, 3].map(() => ask(control, echoUrl())));
  expect(all.map(({ status }) => status).sort()).toEqual([200, 429, 429]);
  expect(all.find(({ status }) => status === 429)?.reason).toBe("TOO_MANY_PROBES");
  expect((await ask(control, echoUrl())).status).toBe(200);
});

const bodies = [
  { says: "too many rounds", more: { rounds: 4 } },
  { says: "an expected address that is none", more: { expected: "example.org" } },
  { says: "another field", more: { from: "127.0.0.1" } },
  { says: "a URL that is too long", more: { url: `http://127.0.0.1/${"x".repeat(3_000)}` } },
];

test.each(bodies)("a body with $says is refused", async ({ more }) => {
  expect(await ask(control, echoUrl(), { more })).toMatchObject({ status: 400, reason: "FIELDS_INVALID" });
});

const flags = [
  { given: "10.0.0.1/8", says: "such as 10.0.0.0/8" },
  { given: "0.0.0.0/0", says: "Expected a network that is not everything" },
  { given: "::/0", says: "Expected a network that is not everything" },
  { given: "everywhere", says: "Expected public, or a network" },
  { given: "public,", says: "Expected public, or a network" },
];

test.each(flags)("--probe-to $given is refused", async ({ given, says }) => {
  expect(await runCommand(["control", "--probe-to", given])).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(says) });
});
