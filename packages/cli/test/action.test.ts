import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Control, openControl } from "@wherefrom/control";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Finished, runCommand } from "./command.ts";
import { XFF_LEFTMOST } from "./control-for-cli.ts";

const BAN = { state: "ENABLED", conditionConfig: { ipAddressRanges: ["203.0.113.0/24"] }, deny: { responseCode: 429 } };

let control: Control;
let folder: string;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "wherefrom-cli-action-"));
  const database = `sqlite:${join(folder, "control.db")}`;
  control = await openControl({ listen: { host: "127.0.0.1", port: 0 }, organization: "local", database });
  for (const name of ["prod", "other"]) {
    await control.seedEnvironment({ organization: "local", name, clientIpResolutionConfig: XFF_LEFTMOST });
  }
  const token = control.issueKey({ name: "alice", role: "admin", organization: "-" });
  env = { WHEREFROM_API_URL: control.url, WHEREFROM_TOKEN: token, WHEREFROM_ENVIRONMENT: "prod", XDG_CONFIG_HOME: folder };
});

afterAll(async () => {
  await control.close();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: readonly string[]): Promise<Finished> => runCommand(["action", ...args], { env });

describe("wherefrom action", () => {
  test("an action is created from a file, shown, disabled, enabled and deleted", async () => {
    const file = join(folder, "ban.json");
    writeFileSync(file, JSON.stringify({ ...BAN, description: "flood \u001b[31m" }));
    const made = await run("create", "noisy", "--action", file, "--reason", "A flood");
    expect(made).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/^name +organizations\/local\/environments\/prod\//) });
    const listed = await run("list");
    expect(listed.stdout).toMatch(/^id +state +effect +conditions +expires +description\nnoisy +enabled +deny 429 +.*203\.0\.113\.0\/24/);
    expect(listed.stdout).not.toContain("\u001b");
    expect((await run("disable", "noisy")).stdout).toMatch(/\nstate +DISABLED\n/);
    expect((await run("list", "--filter", "state = ENABLED")).stdout).not.toContain("noisy");
    expect((await run("enable", "noisy")).stdout).toMatch(/\nstate +ENABLED\n/);
    const { securityAction, etag } = JSON.parse((await run("get", "noisy", "--json")).stdout);
    expect(securityAction).toMatchObject(BAN);
    expect(await run("delete", "noisy", "--if-match", etag)).toMatchObject({ code: 0, stdout: "Deleted noisy\n" });
    expect(JSON.parse((await run("list", "--json")).stdout)).toEqual({ version: 1, enabled: true, securityActions: [] });
    const audit = await runCommand(["audit", "list"], { env });
    expect(audit.stdout).toContain("A flood");
  });

  test("an action that shuts most clients out is made, and warned of", async () => {
    const warning =
      "warning: all: Its ranges hold every IPv4 address: they are denied, but for those that an allow matches [ACTION_DENIES_MOST]\n";
    const made = await run("create", "all", "--range", "0.0.0.0/1,128.0.0.0/1", "--deny", "403");
    expect(made).toMatchObject({ code: 0, stderr: warning, stdout: expect.not.stringContaining("warning") });
    expect(await run("list")).toMatchObject({ code: 0, stderr: warning });
    const disabled = await run("disable", "all", "--json");
    expect(JSON.parse(disabled.stdout).securityAction.warnings).toMatchObject([{ code: "ACTION_DENIES_MOST" }]);
    expect(await run("delete", "all")).toMatchObject({ code: 0, stderr: "" });
  });

  test("all are paused and enforced again, and a list says so", async () => {
    const paused = /^Paused: none of the security actions is enforced, until wherefrom action resume\n/;
    expect(await run("pause", "--reason", "All are denied")).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(paused) });
    expect((await run("list")).stdout).toMatch(paused);
    expect(JSON.parse((await run("list", "--json")).stdout)).toMatchObject({ enabled: false });
    expect((await run("resume")).stdout).toBe("Security actions are enforced\n");
    expect((await run("list")).stdout).toMatch(/^id +state/);
  });

  test("one that has expired is listed as over", async () => {
    await run("create", "brief", "--action", JSON.stringify({ ...BAN, ttl: "0.001s" }));
    const { stdout } = await run("list");
    await run("delete", "brief");
    expect(stdout).toMatch(/\nbrief +enabled +deny 429 .*Z \(over\)/);
  });

  test.each([
    {
      args: ["--range", "203.0.113.0/24", "--deny", "429", "--ttl", "1h"],
      is: { deny: { responseCode: 429 }, expireTime: expect.any(String) },
    },
    { args: ["--range", "203.0.113.0/24,2001:db8::7", "--allow"], is: { allow: {} }, ranges: ["203.0.113.0/24", "2001:db8::7/128"] },
    { args: ["--range", "203.0.113.0/24", "--deny", "403", "--observe"], is: { deny: { responseCode: 403 }, isObserved: true } },
  ])("an action is said in words: $args", async ({ args, is, ranges = ["203.0.113.0/24"] }) => {
    const { stdout, stderr, code } = await run("create", "in-words", ...args, "--json");
    await run("delete", "in-words");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout).securityAction).toMatchObject({ state: "ENABLED", conditionConfig: { ipAddressRanges: ranges }, ...is });
  });

  test("every page is listed, of the environment that is named", async () => {
    const url = `${control.url}/v1/organizations/local/environments/other/securityActions`;
    const headers = { "content-type": "application/json", authorization: `Bearer ${env["WHEREFROM_TOKEN"]}` };
    const names = Array.from({ length: 60 }, (_, index) => `ban-${index}`);
    for (const name of names) {
      const created = await fetch(`${url}?securityActionId=${name}`, { method: "POST", headers, body: JSON.stringify(BAN) });
      expect(created.status).toBe(200);
    }
    const { securityActions } = JSON.parse((await run("list", "--environment", "other", "--json")).stdout);
    const listed = securityActions.map(({ name }: { name: string }) => name.split("/").at(-1));
    expect(listed).toEqual(names.toReversed());
  });

  test.each([
    { args: ["get", "none"], says: "(SECURITY_ACTION_NOT_FOUND)" },
    { args: ["delete", "../../prod"], says: "(SECURITY_ACTION_NOT_FOUND)" },
    { args: ["delete", ".."], says: 'Expected a name or an id, given ".."' },
    { args: ["create", "x"], says: "Expected --action, or --range with --deny or --allow" },
    { args: ["create", "x", "--deny", "403"], says: "Expected --action, or --range with --deny or --allow" },
    { args: ["create", "x", "--range", "203.0.113.7"], says: "--range: expected --deny or --allow beside it" },
    { args: ["create", "x", "--range", "203.0.113.7", "--deny", "403", "--allow"], says: "Expected one of --deny and --allow" },
    { args: ["create", "x", "--range", "203.0.113.7", "--deny", "200"], says: "Expected a status from 400 to 599" },
    { args: ["create", "x", "--range", "203.0.113.7", "--deny", "no"], says: "Expected a status from 400 to 599" },
    { args: ["create", "x", "--range", "203.0.113.7/8", "--deny", "403"], says: "203.0.0.0/8" },
    { args: ["create", "x", "--action", "{}", "--range", "203.0.113.7", "--ttl", "1h"], says: "leave out --range, --ttl" },
    { args: ["create", "x", "--action", "{"], says: "--action: cannot be read as JSON" },
    { args: ["create", "x", "--action", "/nowhere.json"], says: "--action: /nowhere.json cannot be read as JSON: ENOENT" },
    { args: ["create", "X", "--action", JSON.stringify(BAN)], says: "securityActionId: Expected 1 to 63 lower-case letters" },
    { args: ["create", "x", "--action", '{"state":"ENABLED"}'], says: "conditionConfig" },
    { args: ["list", "--filter", "state > 1"], says: "filter: Expected clauses" },
    { args: ["list", "--environment", "a/b"], says: "a/b" },
  ])("$args is refused with «$says»", async ({ args, says }) => {
    expect(await run(...args)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(says) });
  });
});
