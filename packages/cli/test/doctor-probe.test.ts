import { execFile } from "node:child_process";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { capability } from "../../../tools/capabilities.mjs";
import { makeCertificate } from "../../gateway/test/rig/certificate.ts";
import { BIN, type RunningCommand, runCommand, startCommand } from "./command.ts";
import { folderOf } from "./folder.ts";

const PATH = "/.wherefrom-0123456789abcdef";
let serving: RunningCommand;
let url: string;

const folder = folderOf({
  ".env": "SERVER_URL=ws://user:pw@127.0.0.1/ws\nTOKEN=x\nFROM_ELSEWHERE=${ELSEWHERE}/x\n",
  "other.json": { run: { version: 2 } },
  "broken.json": "{",
});
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  serving = startCommand(["doctor", "serve", "--path", PATH, "--json"]);
  const [line] = await serving.says(/^\{.*\}/m);
  url = (JSON.parse(line) as { url: string }).url;
});
afterAll(async () => {
  serving.child.kill("SIGTERM");
  expect((await serving.finished).code).toBe(0);
});

const probe = (...args: readonly string[]) => runCommand(["doctor", "probe", ...args]);
const quick = ["--rounds", "1", "--family", "4"];

test("a path without a fault is told as one, in three languages and formats", async () => {
  const text = await probe(url, ...quick);
  expect({ code: text.code, stderr: text.stderr }).toEqual({ code: 0, stderr: "" });
  expect(text.stdout).toContain("nothing that hides the client");
  // the path is a secret: a report that is passed on must not have it
  expect(text.stdout).not.toContain(PATH);
  const html = await probe(url, ...quick, "--no-websocket", "--format", "html", "--language", "ja");
  expect(html.stdout).toContain('<html lang="ja">');
  expect(html.stdout).toContain("障害は見つかりませんでした");
});

test("over IPv6, on a socket for both families, an IPv4 client is written as IPv6", async () => {
  const both = startCommand(["doctor", "serve", "--host", "::", "--path", PATH, "--json"]);
  try {
    const [line] = await both.says(/^\{.*\}/m);
    const { port } = JSON.parse(line) as { port: number };
    const [v6, v4] = [
      await probe(`http://[::1]:${port}${PATH}`, "--rounds", "1", "--json"),
      await probe(`http://127.0.0.1:${port}${PATH}`, ...quick, "--json"),
    ];
    expect(JSON.parse(v6.stdout)).toMatchObject({
      path: { clients: { 6: "::1" }, legs: [{ family: 6 }, { family: 6 }] },
      facts: { "peer.v4mapped": false },
    });
    expect(JSON.parse(v4.stdout)).toMatchObject({
      path: { clients: { 4: "127.0.0.1" } },
      facts: { "peer.v4mapped": true, "peer.scope": "loopback" },
    });
  } finally {
    both.child.kill("SIGTERM");
    await both.finished;
  }
});

test("a probe that was kept is compared like one that is made", async () => {
  const made = await probe(url, ...quick, "--json");
  const kept = folderOf({ "kept.json": made.stdout });
  const compared = await runCommand(["doctor", "compare", join(kept, "kept.json"), url, ...quick, "--second", "lan", "--json"]);
  expect({ code: compared.code, stderr: compared.stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(compared.stdout)).toMatchObject({ differences: [], facts: { "cmp.lanDirectReal": true } });
});

test("a probe that was kept is diagnosed with what it was told, and joined with facts of others", async () => {
  const told = ["--client", "127.0.0.1", "--expect", "192.0.2.99"];
  const made = await probe(url, ...quick, "--no-websocket", ...told, "--json");
  const kept = folderOf({ "kept.json": made.stdout });
  const known = [
    "--probe",
    join(kept, "kept.json"),
    "--facts",
    '{"env.shadowed": true, "cmp.someClientsOnly": true, "env.winner": "nearFile"}',
  ];
  const { code, stdout, stderr } = await runCommand(["doctor", "diagnose", ...known, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const evidence = JSON.parse(stdout).causes.flatMap((cause: { for: readonly { signal: string; value: unknown }[] }) => cause.for);
  expect(evidence).toContainEqual(expect.objectContaining({ signal: "probe.dialedAddress", value: "unexpected" }));
  expect(JSON.parse(stdout).causes[0].id).toBe("stale-env-endpoint");
  const contrary = await runCommand(["doctor", "diagnose", ...known, "--facts", '{"probe.dialedAddress": "expected"}']);
  expect(contrary).toMatchObject({ code: 2, stderr: expect.stringContaining("/probe.dialedAddress: Expected") });
  expect(contrary.stderr).toContain("(FACTS_CONTRADICT)");
});

test("what is dialed can come from an env file, and the report says from which line", async () => {
  const { port } = new URL(url);
  const own = folderOf({ ".env": `A=1\nSERVER_URL="ws://127.0.0.1:${port}/ws?token=secret"\n` });
  const { code, stdout } = await probe(
    "--setting",
    `${join(own, ".env")}:SERVER_URL`,
    "--path",
    PATH,
    ...quick,
    "--no-websocket",
    "--json",
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ dialedFrom: { path: join(own, ".env"), line: 2, key: "SERVER_URL" } });
  expect(stdout).not.toContain("secret");
});

test("a name without an address of the family, and a port where nobody listens", async () => {
  expect(await probe("http://127.0.0.1:1/x", "--family", "6")).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("[PROBE_NO_ADDRESS]"),
  });
  expect(await probe("http://127.0.0.1:1/x", ...quick)).toMatchObject({
    code: 3,
    stderr: expect.stringContaining(
      "http://127.0.0.1:1: no answer to 2 requests; 16 more were not sent. ECONNREFUSED: Nobody listens at this address and port, or a firewall says so [PROBE_NO_ANSWER]",
    ),
  });
  // and an address that this host does not have, with a fragment that is sent to nobody
  expect(await probe("http://127.0.0.1:1/x#y", ...quick, "--from", "192.0.2.1")).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("EADDRNOTAVAIL: This host has no such address"),
  });
});

test("somebody who is no echo is told as one who answers in its place", async () => {
  const { origin } = new URL(url);
  const { code, stdout } = await probe(`${origin}/.wherefrom-another-path-0123`, ...quick);
  expect(code).toBe(1);
  expect(stdout).toContain("There is none to propose: the service saw none of the requests.");
  expect(stdout).toContain("The echo itself, which has another path: the URL is not the one that it printed");
  // nothing is known that causes could be ranked by
  expect(stdout).not.toContain("Causes, the likeliest first");
});

test.runIf(capability("terminal"))("on a terminal it says what it is asking, and nothing to programs", async () => {
  const words = (...more: readonly string[]): string =>
    [process.execPath, BIN, "doctor", "probe", url, ...quick, "--no-websocket", ...more].join(" ");
  const onTerminal = async (command: string): Promise<string> =>
    (await promisify(execFile)("script", ["--quiet", "--return", "--command", command, "/dev/null"])).stdout;
  const [shown, hidden] = await Promise.all([onTerminal(words()), onTerminal(`${words("--json")} && ${words("--quiet")}`)]);
  expect(shown).toContain("\r\x1b[K1 of 11: plain over HTTP to 127.0.0.1, round 1\r\x1b[K2 of 11: canary");
  expect(shown).toMatch(/11 of 11: [^\x1b]*\r\x1b\[KThe path to the service/);
  expect(hidden).toContain("The path to the service");
  expect(hidden).not.toContain("\x1b");
});

test("a server with a certificate of one's own is told as such, and asked once its authority is given", async () => {
  const { cert, key } = makeCertificate();
  const authority = join(folderOf({ "ca.pem": cert }), "ca.pem");
  const server = createServer({ cert, key }, (_request, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const target = `https://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`;
    const [unknown, known] = await Promise.all([probe(target, ...quick), probe(target, ...quick, "--ca", authority)]);
    expect(unknown).toMatchObject({ code: 3, stderr: expect.stringContaining("with --ca FILE, or in NODE_EXTRA_CA_CERTS") });
    expect(known).toMatchObject({ code: 1, stdout: expect.stringContaining("certificate: CN=localhost, issued by CN=localhost") });
  } finally {
    server.close();
  }
});

const faults = [
  { args: ["probe"], says: "[USAGE_OPTION_MISSING]" },
  { args: ["probe", "http://x.example/", "--setting", "a:b"], says: "[USAGE_OPTION_CONFLICT]" },
  { args: ["probe", "http://x.example/", "--path", PATH], says: "[USAGE_OPTION_CONFLICT]" },
  { args: ["probe", "ftp://x.example/"], says: "[DOCTOR_TARGET_INVALID]" },
  { args: ["probe", "file:///etc/passwd"], says: "[DOCTOR_TARGET_INVALID]" },
  { args: ["probe", "http://user:pw@x.example/"], says: "[DOCTOR_TARGET_INVALID]" },
  { args: ["probe", "--setting", `${at(".env")}:SERVER_URL`], says: "[USAGE_OPTION_MISSING]" },
  {
    args: ["probe", "--setting", `${at(".env")}:SERVER_URL`, "--path", PATH],
    says: "given the value of SERVER_URL [DOCTOR_TARGET_INVALID]",
  },
  { args: ["probe", "--setting", `${at(".env")}:NOT_THERE`, "--path", PATH], says: "[DOCTOR_SETTING_UNREADABLE]" },
  {
    args: ["probe", "--setting", `${at(".env")}:FROM_ELSEWHERE`, "--path", PATH],
    says: "that the file alone decides [DOCTOR_SETTING_UNREADABLE]",
  },
  { args: ["probe", "--setting", at("nowhere:X"), "--path", PATH], says: "[DOCTOR_SETTING_UNREADABLE]" },
  { args: ["probe", "--setting", "x", "--path", PATH], says: "[USAGE_OPTION_INVALID]" },
  { args: ["probe", "http://x.example/", "--rounds", "31"], says: "Expected a number from 1 to 30" },
  { args: ["probe", "http://x.example/", "--family", "4", "--from", "::1"], says: "[USAGE_OPTION_CONFLICT]" },
  { args: ["probe", "http://x.example/", "--client", "nobody"], says: "Expected an IP address" },
  { args: ["probe", "http://x.example/", "--ca", at("other.json")], says: "[DOCTOR_CA_UNUSABLE]" },
  { args: ["probe", "http://x.example/", "--timeout-ms", "1"], says: "Expected 100 to 120000 milliseconds" },
  { args: ["serve", "--path", "/short"], says: "at least 16" },
  { args: ["serve", "--minutes", "0"], says: "from 1 to 1440" },
  { args: ["compare", at("broken.json"), at("other.json")], says: "[DOCTOR_PROBE_UNREADABLE]" },
  {
    args: ["compare", at("other.json"), at("other.json")],
    says: "is not what wherefrom doctor probe --json wrote [DOCTOR_PROBE_UNREADABLE]",
  },
  { args: ["compare", at("other.json")], says: "missing required argument 'second'" },
];

test.each(faults)("doctor $args is a usage fault that says $says", async ({ args, says }) => {
  const finished = await runCommand(["doctor", ...args]);
  expect(finished).toMatchObject({ code: 2, stdout: "" });
  expect(finished.stderr).toContain(says);
  expect(finished.stderr).not.toContain("pw@");
});
