import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand, startCommand } from "./command.ts";

const secondLast = '{"headerIndexAlgorithm":{"ipHeaderName":"X-Forwarded-For","ipHeaderIndex":-2}}';
const trusted = '{"trusted_proxies_algorithm":{"ip_header_name":"X-Forwarded-For","trusted_proxies":["10.0.0.0/8"]}}';
const chain = "X-Forwarded-For: 192.0.2.1, 192.0.2.2, 192.0.2.3";

function file(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "wherefrom-cli-")), "policy.json");
  writeFileSync(path, text);
  return path;
}

const printed = [
  {
    says: "the default is the leftmost public hop",
    args: ["-H", chain],
    lines: ["ip         192.0.2.1", "outcome    resolved", "trust      unverified"],
  },
  { says: "policy as JSON", args: ["--policy", secondLast, "-H", chain], lines: ["ip         192.0.2.2", "reason     -"] },
  {
    says: "policy as a file with a byte order mark",
    args: ["--policy", file(`\uFEFF${secondLast}`), "-H", chain],
    lines: ["ip         192.0.2.2"],
  },
  {
    says: "policy with leading blanks",
    args: ["--policy", `  ${trusted}`, "--peer", "10.0.0.1", "-H", chain],
    lines: ["ip         192.0.2.3", "trust      verified"],
  },
  {
    says: "two header lines are one list",
    args: ["-H", "x-forwarded-for: 192.0.2.1", "-H", "X-Forwarded-For:192.0.2.9"],
    lines: ["ip         192.0.2.1"],
  },
  {
    says: "an IPv6 peer with a port is its address",
    args: ["--peer", "[2001:db8::1]:443"],
    lines: ["ip         2001:db8::1", "key        2001:db8::/64"],
  },
  { says: "a mapped peer is IPv4", args: ["--peer", "::ffff:192.0.2.7"], lines: ["ip         192.0.2.7"] },
  { says: "nothing at all is no address", args: [], lines: ["ip         none", "outcome    rejected", "key        none"] },
  {
    says: "the variables stand for the flags",
    args: [],
    env: { WHEREFROM_PEER: "192.0.2.8", WHEREFROM_HEADER: `A: b\n${chain}`, WHEREFROM_POLICY: secondLast },
    lines: ["ip         192.0.2.2"],
  },
  {
    says: "a flag goes before its variable",
    args: ["--peer", "192.0.2.9"],
    env: { WHEREFROM_PEER: "192.0.2.8" },
    lines: ["ip         192.0.2.9"],
  },
  {
    says: "a switch whose variable says no is off",
    args: ["--peer", "192.0.2.9"],
    env: { WHEREFROM_JSON: "0" },
    lines: ["ip         192.0.2.9"],
  },
];

test.each(printed)("resolve prints: $says", async ({ args, env, lines }) => {
  const { code, stdout, stderr } = await runCommand(["resolve", ...args], { env: env ?? {} });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.split("\n")).toEqual(expect.arrayContaining(lines));
});

test("--explain names each hop from right to left and escapes what the request brought", async () => {
  const hostile = "X-Forwarded-For: 192.0.2.1, \u001b[31mred\u202e, 10.0.0.2";
  const { code, stdout } = await runCommand(["resolve", "--policy", trusted, "--peer", "10.0.0.1", "-H", hostile, "--explain"]);
  expect(code).toBe(0);
  const rows = stdout.split("\n").filter((line) => /^X-Forwarded-For +-/.test(line));
  expect(rows.map((row) => row.split(/ {2,}/).slice(1, 5))).toEqual([
    ["-1", "10.0.0.2", "10.0.0.2", "trusted"],
    ["-2", "\\x1b[31mred\\u202e", "-", "opaque"],
    ["-3", "192.0.2.1", "192.0.2.1", "not-reached"],
  ]);
  expect(stdout).not.toMatch(/[\u001b\u202e]/);
  expect(stdout).toContain("by fallback to the peer");
});

test("--json has a version, and --explain adds the explanation", async () => {
  const args = ["resolve", "--policy", trusted, "--peer", "10.0.0.1", "-H", "X-Forwarded-For: 192.0.2.1:8080", "--json"];
  const short = JSON.parse((await runCommand(args)).stdout);
  const resolution = {
    version: 1,
    ip: "192.0.2.1",
    outcome: "resolved",
    trust: "verified",
    reason: null,
    algorithm: "TrustedProxiesAlgorithm{IpHeaderName:X-Forwarded-For}",
    key: "192.0.2.1",
    family: 4,
    port: 8080,
  };
  expect(short).toEqual(resolution);
  const long = JSON.parse((await runCommand([...args, "--explain"])).stdout);
  expect(long).toMatchObject({ ...resolution, explanation: { peer: { verdict: "trusted" }, unlistedHops: 0 } });
});

const faults = [
  { given: "a policy file that is not there", args: ["--policy", "nowhere.json"], code: "RESOLVE_POLICY_UNREADABLE" },
  { given: "a policy that is no JSON", args: ["--policy", "{"], code: "RESOLVE_POLICY_NOT_JSON" },
  { given: "a peer that is no address", args: ["--peer", "localhost"], code: "RESOLVE_PEER_INVALID" },
  { given: "a header without a colon", args: ["-H", "X-Forwarded-For"], code: "RESOLVE_HEADER_INVALID" },
  { given: "a header with a blank in its name", args: ["-H", "X Forwarded: 1"], code: "RESOLVE_HEADER_INVALID" },
  { given: "--jsonl and --peer", args: ["--jsonl", "--peer", "192.0.2.1"], code: "USAGE_OPTION_CONFLICT" },
  { given: "a variable that says neither yes nor no", args: [], env: { WHEREFROM_JSON: "perhaps" }, code: "USAGE_OPTION_INVALID" },
];

test.each(faults)("resolve with $given is a usage fault, $code, in one line", async ({ args, env, code }) => {
  const finished = await runCommand(["resolve", ...args], { env: env ?? {} });
  expect(finished).toMatchObject({ code: 2, stdout: "" });
  expect(finished.stderr).toMatch(new RegExp(`^[^\\n]+ \\[${code}\\]\\n$`));
});

test("every fault of a policy is listed on its own line with its pointer", async () => {
  const policy = '{"trustedProxiesAlgorithm":{"ipHeaderName":"a b","trustedProxies":["10.0.0.1/8","x"]},"fallback":"NO"}';
  const { code, stdout, stderr } = await runCommand(["resolve", "--policy", policy]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  const lines = stderr.trimEnd().split("\n").slice(1);
  const pointers = lines.map((line) => /^ {2}(\/[^:]*): expected .+, given .+ \[POLICY_[A-Z_]+\]$/.exec(line)?.[1]);
  expect(pointers.toSorted()).toEqual([
    "/fallback",
    "/trustedProxiesAlgorithm/ipHeaderName",
    "/trustedProxiesAlgorithm/trustedProxies/0",
    "/trustedProxiesAlgorithm/trustedProxies/1",
  ]);
});

test("--jsonl answers each line in its place, and ends with 1 when one of them failed", async () => {
  const stdin = [
    `{"peer":"10.0.0.1","headers":[["X-Forwarded-For","192.0.2.1, 192.0.2.2"]]}\r`,
    "",
    "[1]",
    '{"peer":"\\u009b","headers":[]}',
    '{"headers":[["a"]]}',
    '{"header":[]}',
    '{"peer":"192.0.2.5","policy":{"nope":1}}',
    '{"peer":"192.0.2.6","headers":[["X-Forwarded-For","192.0.2.1"]],"policy":{"peerAddressAlgorithm":{}},"id":7}',
    '{"peer":null}',
    `{"x":"${"a".repeat(1024 * 1024)}"}`,
    '{"peer":"192.0.2.7"}',
  ].join("\n");
  const { code, stdout, stderr } = await runCommand(["resolve", "--jsonl"], { stdin });
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  expect(stdout).not.toMatch(/[^\n -~]/);
  const answers = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(answers.map((answer) => answer.error?.code ?? answer.ip)).toEqual([
    "192.0.2.1",
    "RESOLVE_LINE_NOT_JSON",
    "RESOLVE_LINE_INVALID",
    "RESOLVE_PEER_INVALID",
    "RESOLVE_LINE_INVALID",
    "RESOLVE_LINE_INVALID",
    "POLICY_INVALID",
    "192.0.2.6",
    null,
    "RESOLVE_LINE_TOO_LONG",
    "192.0.2.7",
  ]);
  expect(answers.filter((answer) => answer.error !== undefined).map((answer) => answer.error.line)).toEqual([2, 3, 4, 5, 6, 7, 10]);
  expect(answers[6].error.issues).toMatchObject([{ pointer: "/nope", code: "POLICY_FIELD_UNKNOWN" }]);
  expect(Object.keys(answers[0]).slice(0, 6)).toEqual(["ip", "outcome", "trust", "reason", "algorithm", "key"]);
});

test("--jsonl --explain adds the explanation to each line", async () => {
  const { stdout } = await runCommand(["resolve", "--jsonl", "--explain"], { stdin: '{"peer":"192.0.2.1"}\n{"peer":"192.0.2.2"}\n' });
  const answers = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(answers.map((answer) => answer.explanation.peer.ip)).toEqual(["192.0.2.1", "192.0.2.2"]);
});

test("a reader that leaves early ends --jsonl quietly", async () => {
  const stdin = '{"peer":"192.0.2.1"}\n'.repeat(200_000);
  const running = startCommand(["resolve", "--jsonl"], { stdin });
  await running.says(/192\.0\.2\.1/);
  running.child.stdout?.destroy();
  const { code, stderr } = await running.finished;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
