import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { runCommand } from "./command.ts";
import { folderOf } from "./folder.ts";

const line = (at: number, chain: string): string =>
  `10.0.0.${1 + (at % 2)} - - [25/Nov/2026:09:${String(at % 60).padStart(2, "0")}:08 +0000] "GET / HTTP/1.1" 200 17 "-" "curl/8" "${chain}"\n`;
const good = Array.from({ length: 60 }, (_, at) => line(at, `203.0.${at % 5}.7, 10.0.1.9`)).join("");

const folder = folderOf({
  "good.log": good,
  // more addresses than are counted exactly, none of which comes twice
  "many.log": Array.from({ length: 17_000 }, (_, at) => line(at, `203.${at >> 8}.${at & 255}.7, 10.0.1.9`)).join(""),
  "odd.log": `${good}\u001b[31mwhat is this, 198.51.100.77\n`,
  "other.log": "10.0.0.1 200\n",
  "packed.log.bz2": "BZh91AY&SY",
  "policy.json": { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["10.0.0.0/8"] } },
  "environment.json": {
    name: "prod",
    clientIpResolutionConfig: { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -2 } },
  },
});
const at = (name: string): string => join(folder, name);
const logs = (...args: readonly string[]) => runCommand(["doctor", "logs", ...args]);

test("a log that its policy fits has no finding, and both forms of a policy are taken", async () => {
  for (const policy of [at("policy.json"), at("environment.json")]) {
    const { code, stdout, stderr } = await logs(at("good.log"), "--policy", policy);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Nothing about the addresses stands out.");
    expect(stdout).toMatch(/good\.log +combined-xff +60\/60/);
    expect(stdout).toContain('"ipHeaderIndex": -2');
  }
});

test("without a policy the peer is judged, and private addresses stand out", async () => {
  const { code, stdout } = await logs(at("good.log"), "--json");
  const told = JSON.parse(stdout) as {
    readonly version: number;
    readonly findings: readonly { readonly kind: string }[];
    readonly isPartial: boolean;
  };
  expect({ code, version: told.version, isPartial: told.isPartial, kinds: told.findings.map(({ kind }) => kind) }).toEqual({
    code: 1,
    version: 1,
    isPartial: false,
    kinds: ["private-results"],
  });
});

test("a log of which no line is judged is not one without a fault", async () => {
  const { code, stdout } = await logs(at("good.log"), "--policy", at("policy.json"), "--since", "2027-01-01");
  expect(code).toBe(1);
  expect(stdout).toContain("No line was judged");
  expect(stdout).not.toContain("Nothing about the addresses stands out");
});

test("what is estimated and what may be missing is said", async () => {
  const { stdout } = await logs(at("many.log"), "--policy", at("policy.json"));
  expect(stdout).toMatch(/^the policy .* ≈ 1[67],\d{3} /m);
  expect(stdout).toMatch(/^the peer .* 2 .* 50\.0 %$/m);
  expect(stdout).toContain("≈ marks an estimate, which is as a rule not more than 0.8 % off.");
  expect(stdout).toMatch(/IPv4: 100\.0 %\. IPv6: 0\.0 %\. An address may have up to 1 lines more than stand here\./);
  const told = JSON.parse((await logs(at("many.log"), "--policy", at("policy.json"), "--json")).stdout) as {
    readonly whole: {
      readonly outcomes: readonly { readonly distinctError: number; readonly topError: number; readonly top: readonly object[] }[];
    };
  };
  expect(told.whole.outcomes[0]).toMatchObject({ distinctError: 1.04 / 128, topError: 1, top: [] });
  expect(told.whole.outcomes[1]).toMatchObject({ distinctError: 0, topError: 0 });
});

test("a line that cannot be read is shown without steering the terminal, and is hidden in what is passed on", async () => {
  const text = await logs(at("odd.log"), "--policy", at("policy.json"));
  expect(text.stdout).toContain(`byte ${good.length}: \\x1b[31mwhat is this, 198.51.100.77`);
  expect(text.stdout).not.toContain("\u001b");
  for (const format of ["markdown", "html"]) {
    const { stdout } = await logs(at("odd.log"), "--policy", at("policy.json"), "--format", format);
    expect(stdout).not.toMatch(/198\.51\.100\.77|203\.0\.1\.7|odd\.log/);
    expect(stdout).toContain("public-1");
  }
});

describe("what is asked for wrongly is said in one line", () => {
  const rows = [
    { args: [at("gone.log")], code: 3, says: /Cannot read \S+gone\.log: ENOENT.* \[LOGS_UNREADABLE\]/ },
    { args: [folder], code: 3, says: /no regular file.* \[LOGS_UNREADABLE\]/ },
    {
      args: [at("packed.log.bz2")],
      code: 3,
      says: /packed by bzip2\. Give it unpacked: bzip2 -dc \S+ \| wherefrom doctor logs -.* \[LOGS_UNREADABLE\]/,
    },
    { args: [at("other.log")], code: 2, says: /fit no format that is known.* \[LOGS_FORMAT_UNKNOWN\]/ },
    { args: [at("other.log"), "--log-format", "$remote_addr$status"], code: 2, says: /text between two values.* \[LOGS_FORMAT_INVALID\]/ },
    {
      args: [at("other.log"), "--log-format", "$remote_addr $status", "--since", "2026-11-25"],
      code: 2,
      says: /has no time that could be read.* \[LOGS_FORMAT_INVALID\]/,
    },
    { args: [at("good.log"), "--field", "who=x"], code: 2, says: /--field: Expected peer.* \[LOGS_FIELD_INVALID\]/ },
    { args: [at("good.log"), "--trust", "10.0.0.1/8"], code: 2, says: /POLICY_INVALID/ },
    { args: [at("good.log"), "--since", "noon"], code: 2, says: /Expected a time such as/ },
    {
      args: [at("good.log"), "--since", "2026-11-26", "--until", "2026-11-26"],
      code: 2,
      says: /--since to be before --until.* \[USAGE_OPTION_CONFLICT\]/,
    },
    { args: [at("good.log"), "--depth", "9"], code: 2, says: /from 1 to 8/ },
    { args: ["-", at("good.log")], code: 2, says: /read alone.* \[USAGE_OPTION_CONFLICT\]/ },
  ];
  test.concurrent.each(rows)("$args", async ({ args, code, says }) => {
    const finished = await logs(...args);
    expect({ code: finished.code, stdout: finished.stdout }).toEqual({ code, stdout: "" });
    expect(finished.stderr).toMatch(says);
  });
});

test("Ctrl-C gives a report on what came until then, marked as partial, also while nothing comes", async () => {
  const bin = fileURLToPath(new URL("../bin/wherefrom.js", import.meta.url));
  const many = Array.from({ length: 8_000 }, (_, number) => line(number, `203.0.${number % 5}.7, 10.0.1.9`)).join("");
  const child = spawn(process.execPath, [bin, "doctor", "logs", "-", "--policy", at("policy.json"), "--json"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  // more than its format is told by, so that it has begun to count when all of it is taken
  await new Promise<void>((resolve) => child.stdin.write(many, () => resolve()));
  child.kill("SIGINT");
  const [code] = (await once(child, "close")) as [number];
  const told = JSON.parse(stdout) as { readonly isPartial: boolean; readonly lines: number };
  expect({ code, isPartial: told.isPartial, hasLines: told.lines > 1_000 }).toEqual({ code: 130, isPartial: true, hasLines: true });
  child.stdin.destroy();
});
