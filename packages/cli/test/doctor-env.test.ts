import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "./command.ts";
import { folderOf } from "./folder.ts";

const folder = folderOf({
  "software/.env": "SERVER_URL=ws://203.0.113.147:80/ws\nTOKEN=old\n",
  "software/iot_client/.env": "SERVER_URL=ws://198.51.100.36:18000/ws\nTOKEN=new\r\n",
  "software/iot_client/main.py": "from dotenv import load_dotenv\nload_dotenv()\n",
  "calm/.env": "A=1\n",
  environment: "SERVER_URL=ws://192.0.2.1/\0PATH=/bin\0",
});
const at = (name: string): string => join(folder, name);
const env = (...args: readonly string[]) => runCommand(["doctor", "env", ...args]);

type Told = {
  readonly folders: readonly {
    readonly loaders: readonly { readonly loader: string; readonly keys: readonly object[] }[];
    readonly findings: readonly { readonly kind: string }[];
    readonly facts: object;
  }[];
};

test("--json says who wins, without a value, and what that means for a diagnosis", async () => {
  const { code, stdout, stderr } = await env(at("software"), "--json");
  const told = JSON.parse(stdout) as Told;
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  expect(told.folders[0]?.loaders[0]).toMatchObject({
    loader: "python-dotenv",
    place: "iot_client",
    candidates: [
      { path: "iot_client/.env", state: "read" },
      { path: ".env", state: "not-reached" },
    ],
  });
  expect(told.folders[0]?.facts).toEqual({ "env.shadowed": true, "env.parseDefect": false, "env.winner": "nearFile" });
  expect(stdout).not.toMatch(/"(?:old|new)/);
});

test("the facts go into a diagnosis as they are", async () => {
  const { stdout } = await env(at("software"), "--json");
  const facts = { ...(JSON.parse(stdout) as Told).folders[0]?.facts, "probe.dialedAddress": "unexpected", "cmp.someClientsOnly": true };
  const diagnosed = await runCommand(["doctor", "diagnose", "--json", "--facts", JSON.stringify(facts)]);
  expect(JSON.parse(diagnosed.stdout)).toMatchObject({ causes: [{ id: "stale-env-endpoint" }, ...Array.from({ length: 53 }, () => ({}))] });
});

test("the environment of a process goes before the file", async () => {
  const { stdout } = await env(at("software"), "--environment", at("environment"));
  expect(stdout).toContain("the process has another SERVER_URL already");
  const own = await runCommand(["doctor", "env", at("calm"), "--json", "--pid", String(process.pid)]);
  expect(own.code).toBe(0);
});

test("a folder without anything to warn of ends with 0, and one of two with it with 1", async () => {
  expect((await env(at("calm"))).code).toBe(0);
  const both = await env(at("calm"), at("software"), "--json");
  expect({ code: both.code, folders: (JSON.parse(both.stdout) as Told).folders.length }).toEqual({ code: 1, folders: 2 });
});

test("--fix writes a patch that only its owner can read, and nothing else", async () => {
  const before = readFileSync(at("software/iot_client/.env"), "utf8");
  const { code, stdout, stderr } = await env(at("software"), "--fix", at("env.patch"));
  expect(code).toBe(1);
  expect(stderr).toContain("changes 1 lines of 1 files");
  expect(stdout).not.toContain("TOKEN=");
  expect(statSync(at("env.patch")).mode & 0o777).toBe(0o600);
  expect(readFileSync(at("env.patch"), "utf8")).toBe(
    "--- a/iot_client/.env\n+++ b/iot_client/.env\n@@ -2 +2 @@\n-TOKEN=new\r\n+TOKEN=new\n",
  );
  expect(readFileSync(at("software/iot_client/.env"), "utf8")).toBe(before);
  expect(await env(at("software"), "--fix", at("env.patch"))).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("[OUTPUT_FILE_UNWRITABLE]"),
  });
  expect((await env(at("calm"), "--fix", at("no.patch"))).stderr).toContain("Nothing to propose");
  expect(existsSync(at("no.patch"))).toBe(false);
});

const faults = [
  { args: ["/proc"], says: "[ENV_FOLDER_REFUSED]" },
  { args: [at("nowhere")], says: "[ENV_FOLDER_UNREADABLE]" },
  { args: [at("calm"), "--environment", at("nowhere")], says: "[DOCTOR_ENVIRONMENT_UNREADABLE]" },
  { args: [at("calm"), "--environment", at("environment"), "--pid", "1"], says: "[USAGE_OPTION_CONFLICT]" },
  { args: [at("calm"), at("software"), "--fix", at("x.patch")], says: "[USAGE_OPTION_CONFLICT]" },
  { args: [at("calm"), "--pid", "-1"], says: "Expected the number of a process" },
  { args: [at("calm"), "--mode", "../x"], says: "Expected 1 to 63 letters" },
];

test.each(faults)("env $args is a usage fault that says $says", async ({ args, says }) => {
  expect(await env(...args)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(says) });
});
