import { join } from "node:path";
import { makeRangeList } from "@wherefrom/model";
import { expect, test } from "vitest";
import { runCommand } from "./command.ts";
import { folderOf } from "./folder.ts";

const good = { peerAddressAlgorithm: {} };
const leftmost = { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: 0 }, fallback: "PEER" };
const walkOf = (...trustedProxies: readonly string[]) => ({ trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies } });
const accepted = { code: "ADVISORY_INDEX_WITHOUT_PEER_GATE", reason: "tried in the lab", until: "9999-12-31" };

const folder = folderOf({
  "good.json": good,
  "leftmost.json": `\uFEFF${JSON.stringify(leftmost, undefined, 2)}`,
  "broken.json": "{",
  "faulty.json": { nope: 1, fallback: "NO", ...good },
  "edge.json": walkOf("provider:edge"),
  "cloudflare.json": walkOf("provider:cloudflare"),
  "accepted.json": [accepted],
  "expired.json": [{ ...accepted, until: "2020-01-01" }],
  "empty.json": [],
  "no-list.json": {},
  "list-of-null.json": [null],
  "ranges/edge.json": rangesOf("edge"),
  "ranges/cloudflare.json": "{}",
});
const at = (name: string): string => join(folder, name);

function rangesOf(provider: string): unknown {
  const made = makeRangeList({ provider, source: "https://example.com/ranges", retrievedAt: "2025-01-01" }, ["52.1.0.0/16"]);
  return made.kind === "ranges" ? made.list : undefined;
}

type Told = { readonly policies: readonly { readonly file: string; readonly advisories: readonly { readonly code: string }[] }[] };

function codesOf(stdout: string): readonly (readonly string[])[] {
  return (JSON.parse(stdout) as Told).policies.map(({ advisories }) => advisories.map(({ code }) => code.replace("ADVISORY_", "")));
}

const rows = [
  { says: "a policy without a fault", args: [at("good.json")], code: 0, told: [[]] },
  { says: "an index from the left", args: [at("leftmost.json")], code: 1, told: [["INDEX_WITHOUT_PEER_GATE"]] },
  {
    says: "a policy on standard input",
    args: ["-"],
    stdin: `\uFEFF${JSON.stringify(leftmost)}`,
    code: 1,
    told: [["INDEX_WITHOUT_PEER_GATE"]],
  },
  { says: "a policy as JSON", args: [` ${JSON.stringify(leftmost)}`], code: 1, told: [["INDEX_WITHOUT_PEER_GATE"]] },
  { says: "--policy", args: ["--policy", at("leftmost.json")], code: 1, told: [["INDEX_WITHOUT_PEER_GATE"]] },
  { says: "the policy of the variable", args: [], env: { WHEREFROM_POLICY: "{}" }, code: 0, told: [["NOTHING_CONFIGURED"]] },
  { says: "an argument before the variable", args: [at("good.json")], env: { WHEREFROM_POLICY: "{}" }, code: 0, told: [[]] },
  { says: "a warning with --fail-on warning", args: ["{}", "--fail-on", "warning"], code: 1, told: [["NOTHING_CONFIGURED"]] },
  {
    says: "an error with --fail-on never",
    args: [at("leftmost.json"), "--fail-on", "never"],
    code: 0,
    told: [["INDEX_WITHOUT_PEER_GATE"]],
  },
  { says: "the variable for --fail-on", args: ["{}"], env: { WHEREFROM_FAIL_ON: "note" }, code: 1, told: [["NOTHING_CONFIGURED"]] },
  { says: "what is accepted", args: [at("leftmost.json"), "--suppressions", at("accepted.json")], code: 0, told: [[]] },
  {
    says: "what was accepted until a past day",
    args: [at("leftmost.json"), "--suppressions", at("expired.json")],
    code: 1,
    told: [["INDEX_WITHOUT_PEER_GATE", "SUPPRESSION_EXPIRED"]],
  },
  {
    says: "a suppression that nothing needs",
    args: [at("good.json"), "--suppressions", at("accepted.json")],
    code: 0,
    told: [["SUPPRESSION_UNUSED"]],
  },
  {
    says: "a suppression that one of two policies needs",
    args: [at("good.json"), at("leftmost.json"), "--suppressions", at("accepted.json")],
    code: 0,
    told: [[], []],
  },
  { says: "no suppressions", args: [at("good.json"), "--suppressions", at("empty.json")], code: 0, told: [[]] },
  {
    says: "both chain headers sent on",
    args: [at("good.json"), "--emits", "X-Forwarded-For", "--emits", "forwarded, Via"],
    code: 0,
    told: [["CHAIN_HEADERS_BOTH_EMITTED"]],
  },
  {
    says: "ranges from a folder, which are old",
    args: [at("edge.json"), "--ranges", at("ranges")],
    code: 0,
    told: [["RANGES_STALE"]],
    warns: "cloudflare.json is not used",
  },
  {
    says: "old ranges that may be as old as that",
    args: [at("edge.json"), "--max-age-days", "99999"],
    env: { WHEREFROM_RANGES: at("ranges") },
    code: 0,
    told: [[]],
    warns: "(RANGES_NOT_A_LIST)",
  },
];

test.each(rows)("lint of $says tells $told and ends with $code", async ({ args, env, stdin, code, told, warns }) => {
  const finished = await runCommand(["lint", "--json", ...args], { env: env ?? {}, stdin: stdin ?? "" });
  expect({ code: finished.code, told: codesOf(finished.stdout) }).toEqual({ code, told });
  expect(finished.stderr).toEqual(warns === undefined ? "" : expect.stringContaining(warns));
});

test("text names the file and the line, and a terminal gets nothing unescaped", async () => {
  const { code, stdout } = await runCommand(["lint", at("leftmost.json")]);
  expect(code).toBe(1);
  expect(stdout).toContain(`${at("leftmost.json")}:4 error ADVISORY_INDEX_WITHOUT_PEER_GATE /headerIndexAlgorithm/ipHeaderIndex\n`);
  expect(stdout).toMatch(/\nerrors: 1, warnings: 0, notes: 0\n$/);
  expect(stdout).not.toMatch(/[^\n -~]/);
});

test("annotations name a file below the working folder from there, and JSON by its place among the arguments", async () => {
  const github = await runCommand(["lint", "--format", "github", "{}"]);
  expect(github.stdout).toMatch(/^::warning file=argument-1,line=1,title=ADVISORY_NOTHING_CONFIGURED::/);
  const fault = await runCommand(["lint", "./packages/../package.json"]);
  expect(fault.stderr).toMatch(/^package\.json: The policy has \d+ faults \[POLICY_INVALID\]\n/);
});

test("--format sarif is a SARIF log with our version", async () => {
  const { code, stdout } = await runCommand(["lint", "--format", "sarif", "-"], { stdin: "{}" });
  const version = (await runCommand(["--version"])).stdout.trim();
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    version: "2.1.0",
    runs: [{ tool: { driver: { name: "wherefrom", version } }, results: [{ ruleId: "ADVISORY_NOTHING_CONFIGURED", level: "warning" }] }],
  });
});

const faults = [
  { given: "no policy", args: [], says: ["[USAGE_OPTION_MISSING]"] },
  { given: "an argument and --policy", args: ["{}", "--policy", "{}"], says: ["[USAGE_OPTION_CONFLICT]"] },
  { given: "standard input twice", args: ["-", "-"], says: ["[USAGE_OPTION_CONFLICT]"] },
  { given: "--json and another format", args: ["{}", "--json", "--format", "sarif"], says: ["[USAGE_OPTION_CONFLICT]"] },
  { given: "a format that there is not", args: ["{}", "--format", "xml"], says: ["Allowed choices are text, json, sarif, github"] },
  { given: "a severity that there is not", args: ["{}", "--fail-on", "fatal"], says: ["Allowed choices are error, warning, note, never"] },
  { given: "days that are no number", args: ["{}", "--max-age-days", "-1"], says: ["Expected a number of days"] },
  { given: "a name that no header has", args: ["{}", "--emits", "a b"], says: ["Expected names of headers"] },
  { given: "a folder of ranges that is not there", args: ["{}", "--ranges", at("nowhere")], says: ["[RANGES_FOLDER_UNUSABLE]"] },
  { given: "suppressions that are not there", args: ["{}", "--suppressions", at("nowhere")], says: ["[LINT_SUPPRESSIONS_UNREADABLE]"] },
  { given: "suppressions that are no JSON", args: ["{}", "--suppressions", at("broken.json")], says: ["[LINT_SUPPRESSIONS_INVALID]"] },
  { given: "suppressions that are no list", args: ["{}", "--suppressions", at("no-list.json")], says: ["[LINT_SUPPRESSIONS_INVALID]"] },
  {
    given: "a suppression that is no object",
    args: ["{}", "--suppressions", at("list-of-null.json")],
    says: ["[LINT_SUPPRESSIONS_INVALID]"],
  },
  { given: "a provider that nobody knows", args: [at("edge.json")], says: ["[POLICY_INVALID]", "[POLICY_PROVIDER_UNKNOWN]"] },
  {
    given: "policies of which three are none",
    args: [at("leftmost.json"), at("broken.json"), at("faulty.json"), at("nowhere.json")],
    says: [
      "[RESOLVE_POLICY_NOT_JSON]",
      `${at("faulty.json")}: The policy has 2 faults [POLICY_INVALID]`,
      "/nope: ",
      "/fallback: ",
      "[RESOLVE_POLICY_UNREADABLE]",
    ],
  },
  { given: "a policy too long for standard input", args: ["-"], stdin: " ".repeat(5 * 1024 * 1024 + 1), says: ["[LINT_INPUT_TOO_LONG]"] },
];

test.each(faults)("lint with $given ends with 2 and writes no report", async ({ args, stdin, says }) => {
  const finished = await runCommand(["lint", ...args], { stdin: stdin ?? "" });
  expect(finished).toMatchObject({ code: 2, stdout: "" });
  for (const text of says) expect(finished.stderr).toContain(text);
});

test("resolve takes ranges from a folder too, for a line's own policy as well", async () => {
  const chain = "X-Forwarded-For: 192.0.2.1, 52.1.2.3";
  const args = ["resolve", "--ranges", at("ranges"), "--policy", at("edge.json")];
  const flags = await runCommand([...args, "--peer", "52.1.0.1", "-H", chain]);
  expect(flags).toMatchObject({ code: 0, stdout: expect.stringContaining("ip         192.0.2.1\n") });
  const line = { peer: "52.1.0.1", headers: [["X-Forwarded-For", "192.0.2.1, 52.1.2.3"]], policy: walkOf("provider:edge") };
  const lines = await runCommand([...args, "--jsonl"], { stdin: JSON.stringify(line) });
  expect(JSON.parse(lines.stdout)).toMatchObject({ ip: "192.0.2.1", trust: "verified" });
});
