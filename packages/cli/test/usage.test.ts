import { expect, test } from "vitest";
import { runCommand, startCommand } from "./command.ts";

const faults = [
  { args: [], says: "Usage: wherefrom" },
  { args: ["resolv"], says: "(Did you mean resolve?)" },
  { args: ["--nope"], says: "unknown option '--nope'" },
  { args: ["up", "--gateway-prt", "1"], says: "(Did you mean --gateway-port?)" },
  { args: ["up", "more"], says: "too many arguments" },
  { args: ["up", "--gateway-port"], says: "argument missing" },
  { args: ["up", "--gateway-port", "65536"], says: "Expected a port from 0 to 65535" },
  { args: ["up", "--api-port", "-1"], says: "Expected a port from 0 to 65535" },
  { args: ["up", "--gateway-host", "http://x"], says: "Expected an address or a host name" },
  { args: ["up", "--environment", "a b"], says: "--environment (WHEREFROM_ENVIRONMENT): Expected" },
  { args: ["up", "--organization", ".."], says: "--organization (WHEREFROM_ORGANIZATION): Expected" },
  { args: ["gateway"], says: "Give --control URL (WHEREFROM_CONTROL) or --snapshot FILE" },
  { args: ["gateway", "--control", "nowhere"], says: "Expected an http:// or https:// URL" },
  { args: ["gateway", "--control", "http://127.0.0.1:1", "--snapshot", "x"], says: "not both" },
  { args: ["gateway", "--control", "http://127.0.0.1:1", "--ranges", "x"], says: "Give --ranges to the management API" },
  { args: ["gateway", "--snapshot", "x", "--id", "a/b"], says: "Expected 1 to 63 letters" },
  {
    args: ["gateway", "--snapshot", "x", "--config", "x", "--port", "1"],
    says: "Give either --config (WHEREFROM_GATEWAY_CONFIG) or --port",
  },
  { args: ["gateway", "--snapshot", "x", "--config", "x", "--proxy-protocol-from", "::1"], says: "or --proxy-protocol-from, not both" },
  { args: ["gateway", "--snapshot", "x", "--unix", "x.sock", "--port", "1"], says: "Give either --unix or --port, not both" },
  { args: ["gateway", "--snapshot", "x", "--proxy-protocol-from", "10.0.0.1/8"], says: "GATEWAY_LISTENER_INVALID" },
  { args: ["gateway", "--snapshot", "x", "--tls-cert", "x"], says: "Give both --tls-cert (WHEREFROM_TLS_CERT) and --tls-key" },
  { args: ["gateway", "--snapshot", "x", "--tls-cert", "none", "--tls-key", "none"], says: "GATEWAY_CERTIFICATE_UNUSABLE" },
  { args: ["control", "--database", "mysql://x"], says: "Expected sqlite: and the path of a file" },
  { args: ["control", "--host", "0.0.0.0", "--database", "sqlite:./never-made.db"], says: "CONTROL_NOT_LOOPBACK" },
  { args: ["up"], env: { WHEREFROM_GATEWAY_PORT: "x" }, says: "from env 'WHEREFROM_GATEWAY_PORT' is invalid" },
];

test.each(faults)("wherefrom $args is a usage fault that says «$says»", async ({ args, env, says }) => {
  const { code, stdout, stderr } = await runCommand(args, { env: env ?? {} });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(says);
});

const left = [
  { args: ["--help"], code: 0 },
  { args: ["env", "set", "--help"], code: 0 },
  { args: ["--version"], code: 0 },
  { args: ["env", "sett"], code: 2 },
  { args: ["gateway", "--control", "nowhere"], code: 2 },
];

test.each(left)("wherefrom $args ends quietly where its reader has left", async ({ args, code }) => {
  const { child, finished } = startCommand(args);
  child.stdout?.destroy();
  child.stderr?.destroy();
  expect((await finished).code).toBe(code);
});

const commands = [
  { command: [] },
  { command: ["up"] },
  { command: ["gateway"] },
  { command: ["control"] },
  { command: ["snapshot-key"] },
  { command: ["resolve"] },
  { command: ["lint"] },
  { command: ["doctor"] },
  { command: ["doctor", "diagnose"] },
  { command: ["doctor", "env"] },
  { command: ["doctor", "serve"] },
  { command: ["doctor", "probe"] },
  { command: ["doctor", "compare"] },
  { command: ["doctor", "lab"] },
  { command: ["ranges"] },
  { command: ["ranges", "list"] },
  { command: ["ranges", "diff"] },
  { command: ["ranges", "update"] },
  { command: ["env"] },
  { command: ["env", "list"] },
  { command: ["env", "get"] },
  { command: ["env", "create"] },
  { command: ["env", "delete"] },
  { command: ["env", "set"] },
  { command: ["env", "explain"] },
  { command: ["env", "diagnose"] },
  { command: ["env", "preview"] },
  { command: ["env", "apply"] },
  { command: ["env", "history"] },
  { command: ["env", "rollback"] },
  { command: ["env", "rollout"] },
  { command: ["env", "promote"] },
  { command: ["env", "abort"] },
  { command: ["apply"] },
  { command: ["export"] },
  { command: ["action"] },
  { command: ["action", "create"] },
  { command: ["session"] },
  { command: ["session", "list"] },
  { command: ["session", "revoke"] },
  { command: ["debug"] },
  { command: ["debug", "start"] },
  { command: ["debug", "show"] },
  { command: ["debug", "mask", "add"] },
  { command: ["audit"] },
  { command: ["audit", "list"] },
  { command: ["audit", "verify"] },
  { command: ["profile"] },
  { command: ["profile", "list"] },
  { command: ["profile", "set"] },
  { command: ["profile", "use"] },
  { command: ["profile", "remove"] },
  { command: ["completion"] },
];

test.each(commands)("--help of $command has examples, and a variable for every flag", async ({ command }) => {
  const { code, stdout, stderr } = await runCommand([...command, "--help"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("Examples:\n  $ ");
  expect(stdout).toMatch(new RegExp(`^ +\\$ .*\\b${["wherefrom", ...command].join(" ")}\\b`, "m"));
  if (command.length === 0) {
    for (const [word] of commands.flatMap((one) => (one.command.length === 1 ? [one.command] : [])))
      expect(stdout).toMatch(new RegExp(`^ +${word}\\b`, "m"));
    return;
  }
  const options = stdout.slice(stdout.indexOf("Options:"), stdout.indexOf("Examples:"));
  const flags = options.split(/\n(?= {2}-)/).slice(1);
  const withoutVariable = flags.filter((flag) => !/--help/.test(flag) && !/env:\s+WHEREFROM_[A-Z_]+/.test(flag));
  expect(withoutVariable).toEqual([]);
});

/** The exit codes, of processes of their own. */
const ends = [
  { args: ["resolve", "--peer", "192.0.2.1"], code: 0, says: "192.0.2.1" },
  { args: ["lint", "{}", "--fail-on", "warning"], code: 1, says: "ADVISORY_NOTHING_CONFIGURED" },
  { args: ["resolv"], code: 2, says: "(Did you mean resolve?)" },
  { args: ["env", "list"], env: { WHEREFROM_API_URL: "http://127.0.0.1:1" }, code: 3, says: "http://127.0.0.1:1" },
];

test.each(ends)("a process that runs wherefrom $args ends with $code", async ({ args, env, code, says }) => {
  const finished = await startCommand(args, { env: env ?? {} }).finished;
  expect(finished.code).toBe(code);
  expect(finished.stdout + finished.stderr).toContain(says);
});

test("--version prints the version", async () => {
  expect(await runCommand(["--version"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});
