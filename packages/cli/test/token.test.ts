import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openControlForCli } from "./control-for-cli.ts";

test("a token is made for a role and some environments, used, listed and revoked", async () => {
  const { run, json, folder } = await openControlForCli();
  const file = join(folder, "ci.token");
  const made = await run(["token", "create", "ci", "--grant", "viewer:prod", "--grant", "operator:test", "--output", file]);
  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect(made.stdout).toMatch(
    /^token +id +grants +expires +last used\nci +[0-9a-f]{16} +viewer:prod operator:test +20\d\d-[\d :-]+ UTC +never\n$/,
  );
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8")).toMatch(/^wft_[0-9a-f]{16}_[A-Za-z0-9_-]{43}\n$/);

  const env = { WHEREFROM_TOKEN: "", WHEREFROM_TOKEN_FILE: file };
  expect(await run(["env", "list"], { env })).toMatchObject({ code: 0, stdout: expect.stringContaining("prod") });
  const denied = await run(["env", "set", "prod", "--description", "x"], { env });
  expect(denied).toMatchObject({ code: 3, stdout: "", stderr: expect.stringContaining("Expected the role operator at") });
  expect(denied.stderr).toContain("(ACCESS_DENIED) [API_REFUSED]");

  expect((await json(["token", "list"])).tokens).toMatchObject([{ name: "ci", grants: [{ role: "viewer" }, { role: "operator" }] }]);
  expect(await run(["token", "revoke", "ci"])).toMatchObject({ code: 0, stdout: "Revoked ci\n" });
  const revoked = await run(["env", "list"], { env });
  expect(revoked).toMatchObject({ code: 3, stderr: expect.stringContaining("unknown, revoked or expired (CREDENTIALS_INVALID)") });
  expect((await run(["audit", "list"])).stdout).toMatch(/deleted +tokens\/[0-9a-f]{16} +2/);
  const none = await run(["env", "list"], { env: { WHEREFROM_TOKEN: "" } });
  expect(none).toMatchObject({ code: 3, stderr: expect.stringContaining("(CREDENTIALS_MISSING). Give one by --token-file") });
});

test("a token for all organizations is printed when no file is named, and ends when it is told to", async () => {
  const { json, run } = await openControlForCli();
  const args = ["token", "create", "root", "--grant", "admin", "--every-organization", "--expires-in-days", "1"];
  const { token } = await json(args);
  expect(Number(token.expiresAt)).toBeGreaterThan(Date.now() + 86_000_000);
  expect((await run(["token", "list", "--every-organization"], { env: { WHEREFROM_TOKEN: token.token } })).stdout).toContain("\nroot ");
});

test.each([
  { args: ["create", "x"], says: "Give --grant ROLE" },
  { args: ["create", "x", "--grant", "owner"], says: "Expected viewer, operator, admin, gateway, alone or as ROLE:ENVIRONMENT" },
  { args: ["create", "x", "--grant", "gateway"], says: "grants: Expected the environments of a gateway by their names" },
  { args: ["create", "x y", "--grant", "viewer"], says: "name: Expected 1 to 63 letters" },
  { args: ["revoke", "none"], says: "(TOKEN_NOT_FOUND)" },
])("wherefrom token $args says «$says»", async ({ args, says }) => {
  const { run } = await openControlForCli();
  expect(await run(["token", ...args])).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(says) });
});
