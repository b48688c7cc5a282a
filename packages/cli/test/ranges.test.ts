import { once } from "node:events";
import { readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { makeRangeList } from "@wherefrom/model";
import { expect, onTestFinished, test } from "vitest";
import { askWell } from "../../../test/client/http.ts";
import { fetchText } from "../src/fetch-text.ts";
import { type RunningCommand, runCommand, startCommand } from "./command.ts";
import { folderOf } from "./folder.ts";
import { patientGateway } from "./patient-gateway.ts";

const edge = ["52.1.0.0/16", "52.2.0.0/16", "52.3.0.0/16"];
const today = new Date().toISOString().slice(0, 10);

function rangesOf(provider: string, prefixes: readonly string[], retrievedAt = "2026-01-01"): unknown {
  const made = makeRangeList({ provider, source: "https://example.com/ranges", retrievedAt }, prefixes);
  return made.kind === "ranges" ? made.list : undefined;
}

/** A folder with ranges of edge in force, and files to update from. */
function prepared(files: Readonly<Record<string, unknown>> = {}): { readonly folder: string; readonly at: (name: string) => string } {
  const root = folderOf({ "ranges/edge.json": rangesOf("edge", edge), ...files });
  return { folder: join(root, "ranges"), at: (name) => join(root, name) };
}

/** A server of the running test; gives its URL. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Listed = {
  readonly provider: string;
  readonly origin: string;
  readonly prefixCount: number;
  readonly ageDays: number | null;
  readonly isStale: boolean;
};

test("list shows what is built in, what a standard fixes and what a file says, with age and digest", async () => {
  const { folder } = prepared({ "ranges/fastly.json": rangesOf("fastly", ["151.101.0.0/16"], today) });
  const { code, stdout } = await runCommand(["ranges", "list", "--json", "--folder", folder, "--max-age-days", "99999"]);
  expect(code).toBe(0);
  const listed = (JSON.parse(stdout) as { readonly providers: readonly Listed[] }).providers;
  expect(listed.map(({ provider }) => provider)).toEqual([
    "cloudflare",
    "cloudfront",
    "edge",
    "fastly",
    "google-lb",
    "link-local",
    "loopback",
    "private",
  ]);
  expect(listed.find(({ provider }) => provider === "edge")).toMatchObject({ origin: "file", prefixCount: 3, isStale: false });
  expect(listed.find(({ provider }) => provider === "cloudflare")).toMatchObject({
    origin: "built-in",
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(listed.find(({ provider }) => provider === "private")).toMatchObject({ origin: "standard", ageDays: null, isStale: false });
});

test("list marks what is older than --max-age-days, and only that", async () => {
  const { folder } = prepared({ "ranges/fresh.json": rangesOf("fresh", edge, today) });
  const { stdout } = await runCommand(["ranges", "list"], { env: { WHEREFROM_RANGES: folder, WHEREFROM_MAX_AGE_DAYS: "7" } });
  const row = (name: string) => stdout.split("\n").find((line) => line.startsWith(`${name} `));
  expect(row("edge")).toMatch(/^edge +3 +\d+ d STALE +file +[0-9a-f]{12} +https:\/\/example\.com\/ranges$/);
  expect(row("fresh")).not.toContain("STALE");
  expect(row("loopback")).not.toContain("STALE");
});

test("list tells a broken file, shows the last good one, and ends with 1", async () => {
  const { folder } = prepared({ "ranges/edge.json": "{", "ranges/edge.json.last-good": rangesOf("edge", edge) });
  const { code, stdout, stderr } = await runCommand(["ranges", "list", "--folder", folder]);
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: expect.stringMatching(/^edge +3 /m),
    stderr: expect.stringMatching(/^warning: .*edge\.json is not used: .*\(RANGES_FILE_UNREADABLE\)\n$/),
  });
});

const diffs = [
  { says: "the same list", list: edge.join("\n"), code: 0, stdout: "0 added, 0 removed, 3 kept\n", stderr: "" },
  {
    says: "one network more and one less",
    list: JSON.stringify({ prefixes: [edge[0], edge[1], "52.9.0.0/16"] }),
    code: 1,
    stdout: "- 52.3.0.0/16\n+ 52.9.0.0/16\n1 added, 1 removed, 2 kept\n",
    stderr: "",
  },
  {
    says: "a list that update would refuse",
    list: `${edge.join("\n")}\n10.0.0.0/8`,
    code: 1,
    stdout: "+ 10.0.0.0/8\n1 added, 0 removed, 3 kept\n",
    stderr: "An update would be refused: Expected public networks only, received 10.0.0.0/8: private use (RFC 1918) (RANGES_NOT_PUBLIC)\n",
  },
];

test.each(diffs)("diff of $says ends with $code and changes nothing", async ({ list, code, stdout, stderr }) => {
  const { folder, at } = prepared({ "list.txt": list });
  expect(await runCommand(["ranges", "diff", "edge", at("list.txt"), "--folder", folder])).toEqual({ code, stdout, stderr });
  expect(readdirSync(folder)).toEqual(["edge.json"]);
});

test("update writes the file whole, keeps what was in force, and says unchanged the second time", async () => {
  const { folder, at } = prepared({ "list.txt": `# edge\n${[...edge, "52.4.0.0/16"].join("\n")}\n` });
  const before = readFileSync(join(folder, "edge.json"), "utf8");
  const args = ["ranges", "update", "edge", "--from", at("list.txt"), "--folder", folder];
  const { code, stdout } = await runCommand(args);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: `+ 52.4.0.0/16\n1 added, 0 removed, 3 kept\nprovider:edge is now ${join(folder, "edge.json")}\n`,
  });
  expect(JSON.parse(readFileSync(join(folder, "edge.json"), "utf8"))).toMatchObject({ provider: "edge", source: at("list.txt") });
  expect(readdirSync(folder).sort()).toEqual(["edge.json", "edge.json.last-good"]);
  expect(JSON.parse(readFileSync(join(folder, "edge.json.last-good"), "utf8"))).toEqual(JSON.parse(before));
  expect(await runCommand(args)).toMatchObject({ code: 0, stdout: "provider:edge is unchanged\n" });
  expect(JSON.parse((await runCommand([...args, "--json"])).stdout)).toMatchObject({ version: 1, provider: "edge", kind: "unchanged" });
});

const refusals = [
  { says: "a half of it", list: "52.1.0.0/16", codes: ["RANGES_SHRUNK", "RANGES_SHRUNK"] },
  {
    says: "everyone and a private network",
    list: `${edge.join("\n")}\n0.0.0.0/0\n10.0.0.0/8`,
    codes: ["RANGES_TOO_WIDE", "RANGES_NOT_PUBLIC"],
  },
  { says: "no list", list: "<html>", codes: ["RANGES_NOT_A_LIST"] },
  { says: "nothing", list: "", codes: ["RANGES_EMPTY"] },
  { says: "two faulty entries", list: '["x","52.1.0.1/16"]', codes: ["RANGES_PREFIX_INVALID", "RANGES_HOST_BITS"] },
  { says: "a range file of another provider", list: JSON.stringify(rangesOf("other", edge)), codes: ["RANGES_NOT_A_LIST"] },
  {
    says: "a range file whose digest is wrong",
    list: JSON.stringify(rangesOf("edge", edge)).replace("52.1.", "52.7."),
    codes: ["RANGES_DIGEST_MISMATCH"],
  },
  { says: "a range file of an earlier day", list: JSON.stringify(rangesOf("edge", edge, "2025-01-01")), codes: ["RANGES_OLDER"] },
  { says: "a range file of a day to come", list: JSON.stringify(rangesOf("edge", edge, "9999-01-01")), codes: ["RANGES_FROM_FUTURE"] },
];

test.each(refusals)("update with $says is refused with $codes, and nothing changes", async ({ list, codes }) => {
  const { folder, at } = prepared({ "list.txt": list });
  const before = readFileSync(join(folder, "edge.json"), "utf8");
  const { code, stdout, stderr } = await runCommand(["ranges", "update", "edge", "--from", at("list.txt"), "--folder", folder]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect([...stderr.matchAll(/\((RANGES_[A-Z_]+)\)$/gm)].map(([, reason]) => reason)).toEqual(codes);
  expect(readdirSync(folder)).toEqual(["edge.json"]);
  expect(readFileSync(join(folder, "edge.json"), "utf8")).toBe(before);
});

test("a file is of the day of its last change, so an old copy cannot pass for a new one", async () => {
  const { folder, at } = prepared({ "list.txt": edge.join("\n") });
  utimesSync(at("list.txt"), new Date("2025-06-01"), new Date("2025-06-01"));
  const { stderr } = await runCommand(["ranges", "update", "edge", "--from", at("list.txt"), "--folder", folder]);
  expect(stderr).toContain("Expected a list of 2026-01-01 or later, received one of 2025-06-01 (RANGES_OLDER)");
});

test("a disk that cannot be written is no fault of the list: exit code 3", async () => {
  const { at } = prepared({ "list.txt": edge.join("\n") });
  const { code, stderr } = await runCommand(["ranges", "update", "new", "--from", at("list.txt"), "--folder", at("list.txt")]);
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining("(RANGES_FILE_UNWRITABLE)") });
});

test("update takes a list from a URL, follows a redirect, and keeps the URL without its query as source", async () => {
  const { folder } = prepared();
  const url = await serve((request, response) => {
    if (request.url?.startsWith("/list?") === true) return void response.end([...edge, "52.4.0.0/16"].join("\n"));
    response.writeHead(302, { location: "/list?token=secret" }).end();
  });
  const { code } = await runCommand(["ranges", "update", "edge", "--folder", folder], {
    env: { WHEREFROM_RANGES_FROM: `${url}/start?token=secret` },
  });
  expect(code).toBe(0);
  expect(JSON.parse(readFileSync(join(folder, "edge.json"), "utf8"))).toMatchObject({
    source: `${url}/start`,
    retrievedAt: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
  });
});

const answers: readonly { readonly says: string; readonly answer: RequestListener; readonly code: string }[] = [
  { says: "status 404", answer: (_, response) => void response.writeHead(404).end("52.1.0.0/16"), code: "RANGES_SOURCE_UNREADABLE" },
  { says: "a connection that breaks", answer: (_, response) => void response.destroy(), code: "RANGES_SOURCE_UNREADABLE" },
  {
    says: "an answer that breaks off",
    answer: (_, response) => void response.writeHead(200, { "content-length": 100 }).write("52.1.0.0/16\n", () => response.destroy()),
    code: "RANGES_SOURCE_UNREADABLE",
  },
  { says: "more than 5 MiB", answer: (_, response) => void response.end("52.1.0.0/16\n".repeat(500_000)), code: "RANGES_SOURCE_TOO_LARGE" },
  {
    says: "a redirect to another scheme",
    answer: (_, response) => void response.writeHead(301, { location: "file:///etc/hosts" }).end(),
    code: "RANGES_SOURCE_REDIRECTED",
  },
  {
    says: "a redirect to itself",
    answer: (_, response) => void response.writeHead(307, { location: "/" }).end(),
    code: "RANGES_SOURCE_REDIRECTED",
  },
];

test.each(answers)("update from a URL that gives $says ends with 3, $code, and changes nothing", async ({ answer, code }) => {
  const { folder } = prepared();
  const url = await serve(answer);
  const finished = await runCommand(["ranges", "update", "edge", "--from", url, "--folder", folder]);
  expect(finished).toMatchObject({ code: 3, stdout: "", stderr: expect.stringMatching(new RegExp(`^[^\\n]+ \\[${code}\\]\\n$`)) });
  expect(readdirSync(folder)).toEqual(["edge.json"]);
});

test("a URL that never answers is given up", async () => {
  const url = await serve(() => undefined);
  const reading = fetchText(new URL(url), { timeoutMs: 20, maxBytes: 10 });
  await expect(reading).rejects.toMatchObject({
    code: "RANGES_SOURCE_UNREADABLE",
    message: `${url}/ cannot be read: no whole answer within 20 ms`,
  });
});

const { folder: standing, at: standingAt } = prepared({ "huge.txt": "" });
writeFileSync(standingAt("huge.txt"), " ".repeat(5 * 1024 * 1024 + 1));

const faults = [
  { given: "no command", args: [], code: 2, says: "Usage: wherefrom ranges" },
  { given: "update without --from", args: ["update", "edge"], code: 2, says: "required option '--from" },
  { given: "a name that climbs", args: ["update", "../edge", "--from", "x"], code: 2, says: "[USAGE_OPTION_INVALID]" },
  { given: "a name that a standard fixes", args: ["update", "private", "--from", "x"], code: 2, says: "a standard fixes" },
  { given: "a URL with a password", args: ["update", "edge", "--from", "http://a:b@127.0.0.1:1/"], code: 2, says: "without user name" },
  { given: "a file that is not there", args: ["update", "edge", "--from", "./nowhere.txt"], code: 3, says: "[RANGES_SOURCE_UNREADABLE]" },
  {
    given: "a file above 5 MiB",
    args: ["diff", "edge", standingAt("huge.txt"), "--folder", standing],
    code: 3,
    says: "[RANGES_SOURCE_TOO_LARGE]",
  },
  { given: "list of a folder that is not there", args: ["list", "--folder", "./nowhere"], code: 2, says: "[RANGES_FOLDER_UNUSABLE]" },
];

test.each(faults)("ranges with $given ends with $code", async ({ args, code, says }) => {
  expect(await runCommand(["ranges", ...args])).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(says) });
});

const byEdge = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.1", "provider:edge"] } };
const throughEdge = { "X-Forwarded-For": "203.0.113.7, 52.9.0.1" };

function start(args: readonly string[]): RunningCommand {
  const command = startCommand([...args, "--json"]);
  onTestFinished(async () => {
    command.child.kill("SIGKILL");
    await command.finished;
  });
  return command;
}

async function ready(command: RunningCommand): Promise<{ readonly gateway: string; readonly api: string; readonly adminToken: string }> {
  const [line] = await command.says(/^\{.*\}$/m);
  return JSON.parse(line);
}

test("up --ranges knows the providers of its folder, and its gateway answers by them", async () => {
  const { folder, at } = prepared({ "ranges/edge.json": rangesOf("edge", [...edge, "52.9.0.0/16"]), "ranges/other.json": "{" });
  const command = start(["up", "--ranges", folder, "--data", at("data"), "--gateway-port", "0", "--api-port", "0"]);
  const { gateway, api, adminToken } = await ready(command);
  const environment = `${api}/v1/organizations/local/environments/demo`;
  const headers = { "content-type": "application/json", authorization: `Bearer ${adminToken}` };
  const patched = await fetch(environment, { method: "PATCH", headers, body: JSON.stringify({ clientIpResolutionConfig: byEdge }) });
  expect(patched.status).toBe(200);
  expect(await askWell(gateway, { headers: throughEdge })).toMatchObject({ ip: "203.0.113.7", trust: "verified" });
  await command.says(/warning: .*other\.json is not used: .*RANGES_FILE_UNREADABLE/);
});

test("control and up refuse a folder that is not there", async () => {
  const { at } = prepared();
  for (const args of [
    ["up", "--data", at("data")],
    ["control", "--database", `sqlite:${at("control.db")}`],
  ]) {
    const { code, stderr } = await runCommand([...args, "--ranges", at("none")]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("[RANGES_FOLDER_UNUSABLE]") });
  }
});

test("a gateway with a snapshot file takes its ranges from a folder, and again at SIGHUP", async () => {
  const routes = [{ name: "any", target: "http://127.0.0.1:1" }];
  const snapshot = { organization: "local", environment: "demo", revision: 1, clientIpResolutionConfig: byEdge, routes };
  const { folder, at } = prepared({ "snapshot.json": snapshot });
  const refused = await runCommand(["gateway", "--snapshot", at("snapshot.json"), "--port", "0"]);
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining("Expected one of provider:private") });
  const command = start(["gateway", "--snapshot", at("snapshot.json"), "--ranges", folder, ...patientGateway(at("")), "--access-log", "-"]);
  const { gateway } = await ready(command);
  await fetch(gateway, { headers: throughEdge });
  await command.says(/52\.9\.0\.1/);
  writeFileSync(join(folder, "edge.json"), JSON.stringify(rangesOf("edge", [...edge, "52.9.0.0/16"])));
  command.child.kill("SIGHUP");
  await command.says(/Snapshot read again: running revision 1/);
  await fetch(gateway, { headers: throughEdge });
  await command.says(/203\.0\.113\.7/);
});
