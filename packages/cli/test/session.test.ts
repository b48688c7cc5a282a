import { expect, test } from "vitest";
import { openControlForCli } from "./control-for-cli.ts";

test("sessions of browsers are listed for their owner and for an admin, and revoked", async () => {
  const { control, run, json } = await openControlForCli();
  const { token } = await json(["token", "create", "alice", "--grant", "operator"]);
  const url = `${control.url}/v1/sessions`;
  const begun = await fetch(url, { method: "POST", headers: { authorization: `Bearer ${token.token}` } });
  const { sessionId } = (await begun.json()) as { sessionId: string };
  const asAlice = { env: { WHEREFROM_TOKEN: token.token } };

  const listed = await run(["session", "list"], asAlice);
  expect(listed).toMatchObject({ code: 0, stderr: "" });
  const time = "20\\d\\d-[\\d :-]+ UTC";
  expect(listed.stdout).toMatch(
    new RegExp(`^id +owner +began +expires +last seen\n${sessionId} +token:${token.tokenId} +${time} +${time} +${time}\n$`),
  );
  expect(await run(["session", "list", "--every-owner"], asAlice)).toMatchObject({
    code: 3,
    stdout: "",
    stderr: expect.stringContaining("(ACCESS_DENIED)"),
  });
  for (const whose of [["--every-owner"], ["--owner", `token:${token.tokenId}`]]) {
    expect(await json(["session", "list", ...whose])).toMatchObject({ version: 1, sessions: [{ sessionId, current: false }] });
  }
  expect(await json(["session", "list"])).toEqual({ version: 1, sessions: [] });
  const cookie = begun.headers.get("set-cookie")?.split(";")[0] ?? "";
  const asBrowser = () => fetch(url, { headers: { cookie } });
  expect((await asBrowser()).status).toBe(200);
  const reason = ["--reason", "A lost machine"];
  expect(await run(["session", "revoke", sessionId, ...reason])).toMatchObject({ code: 0, stdout: `Revoked ${sessionId}\n` });
  expect((await asBrowser()).status).toBe(401);
  expect((await run(["audit", "list"])).stdout).toMatch(new RegExp(`deleted +sessions/${sessionId} +2 +A lost machine`));
});

test.each([
  { args: ["revoke", "none"], says: "(SESSION_NOT_FOUND)" },
  { args: ["revoke", "../organizations/local"], says: "(SESSION_NOT_FOUND)" },
  { args: ["list", "--owner", "token:x", "--every-owner"], says: "Give either --owner or --every-owner" },
])("wherefrom session $args says «$says»", async ({ args, says }) => {
  const { run } = await openControlForCli();
  expect(await run(["session", ...args])).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(says) });
});
