import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Control, openControl } from "@wherefrom/control";
import { type AuditEntry, sealAuditEntry } from "@wherefrom/model";
import Database from "libsql";
import { expect, onTestFinished, test } from "vitest";
import { versionFaults } from "../src/version-faults.ts";
import { openControlForCli } from "./control-for-cli.ts";

/** Asks the API without a command, which would take a process. */
function asker(control: Control, role: "admin" | "gateway") {
  const token = control.issueKey({ name: "alice", role, organization: "local" });
  return async (line: string, body: object, more: Record<string, string> = {}): Promise<void> => {
    const [method = "", path = ""] = line.split(" ");
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}`, ...more };
    const url = `${control.url}/v1/organizations/local/environments${path}`;
    expect([line, (await fetch(url, { method, headers, body: JSON.stringify(body) })).status]).toEqual([line, 200]);
  };
}

const policy = (clientIpResolutionConfig: object) => ({ clientIpResolutionConfig });

test("a log is verified with what it belongs to, and an edit of either shows", async () => {
  const { control, run, json, database } = await openControlForCli();
  const ask = asker(control, "admin");
  await ask("PATCH /prod", { description: "second" });
  const { stdout } = await run(["audit", "list"]);
  expect(stdout.split("\n")[1]).toMatch(/^3 +[\d :-]+ UTC +process:alice +updated +environments\/prod +2$/);
  const clean = await json(["audit", "verify"]);
  expect(clean).toMatchObject({ version: 1, entries: 3, versions: 2, faults: [], head: expect.stringMatching(/^3:[0-9a-f]{64}$/) });
  // everything that a version can hold beside settings and routes: ranges, security actions, debug sessions, a trial
  const trusted = { ipHeaderName: "X-Forwarded-For", trustedProxies: ["provider:cloudflare"] };
  await ask("PATCH /prod", policy({ trustedProxiesAlgorithm: trusted }));
  const ban = { state: "ENABLED", conditionConfig: { ipAddressRanges: ["203.0.113.0/24"] }, deny: {} };
  await ask("POST /prod/securityActions?securityActionId=ban", ban);
  await ask("POST /prod/apis/all/revisions/1/debugsessions", {});
  await asker(control, "gateway")("PUT /prod/gateways/gw-a", { revision: 5 });
  await ask("PATCH /prod", policy({ peerAddressAlgorithm: {} }), { "x-wherefrom-rollout-share": "50" });
  expect(await json(["audit", "verify", "--head", clean.head])).toMatchObject({ versions: 6, faults: [] });
  await control.close();

  const file = new Database(database);
  file.exec("DROP TRIGGER audit_log_no_update");
  file.exec("UPDATE audit_log SET entry = json_set(entry, '$.author', 'mallory') WHERE sequence = 2");
  file.exec(
    "UPDATE environment_history SET content = json_set(content, '$.settings.description', 'forged') WHERE name = 'prod' AND revision = 2",
  );
  file.close();
  const again = await openControl({ listen: { host: "127.0.0.1", port: 0 }, organization: "local", database: `sqlite:${database}` });
  const env = {
    WHEREFROM_API_URL: again.url,
    WHEREFROM_TOKEN: again.issueKey({ name: "auditor", role: "viewer", organization: "local" }),
  };
  const forged = await run(["audit", "verify", "--head", `9:${"0".repeat(64)}`], { env });
  await again.close();
  expect(forged.code).toBe(1);
  expect(forged.stdout.split("\n").slice(0, 5)).toEqual([
    "entry 2: Its hash does not fit: it was edited",
    "entry 2: Revision 1 of prod and its entry differ in author",
    "entry 3: Revision 2 of prod is not what was written: it was edited",
    `entry 9: Expected hash ${"0".repeat(64)}, which was written down, found another or none`,
    "entries: 7, versions: 6, faults: 4",
  ]);
});

const edits = [
  {
    environment: "content",
    sql: "UPDATE environment_history SET content = json_set(content, '$.settings.description', 'forged') WHERE name = 'content' AND revision = 3",
    says: "Revision 3 of content is not what was written: it was edited",
  },
  {
    environment: "author",
    sql: "UPDATE environment_history SET author = 'mallory', reason = 'asked to' WHERE name = 'author' AND revision = 2",
    says: "Revision 2 of author and its entry differ in author, reason",
  },
  {
    environment: "between",
    sql: "DELETE FROM environment_history WHERE name = 'between' AND revision = 2",
    says: "Revision 2 of between is gone, though older ones are kept",
  },
  {
    environment: "standing",
    sql: "UPDATE environments SET revision = 2 WHERE name = 'standing'",
    says: "standing stands at revision 2, though it has revision 3",
  },
  {
    environment: "gone",
    sql: "DELETE FROM environments WHERE name = 'gone'",
    says: "gone is gone, though no entry tells of its deletion",
  },
  {
    environment: "forgotten",
    sql: "DELETE FROM environments WHERE name = 'forgotten'; DELETE FROM environment_history WHERE name = 'forgotten'",
    says: "Revision 3 of forgotten is gone, though it is the newest",
  },
  {
    environment: "copied",
    sql: `INSERT INTO environment_history SELECT organization, 'added', revision, at, change, content, author, author_verified, method, reason, request_id
            FROM environment_history WHERE name = 'copied' AND revision = 1;
          INSERT INTO environments SELECT organization, 'added', 'uid', 1, created_at, modified_at FROM environments WHERE name = 'copied'`,
    says: "Revision 1 of added has no entry",
  },
];

test("each edit of the database shows in its place", async () => {
  const { control, run, database } = await openControlForCli();
  const ask = asker(control, "admin");
  for (const { environment: name } of edits) {
    await ask("POST ", { name });
    for (const description of ["second", "third"]) await ask(`PATCH /${name}`, { description });
  }
  await control.close();
  const file = new Database(database);
  for (const { sql } of edits) file.exec(sql);
  file.close();
  const again = await openControl({ listen: { host: "127.0.0.1", port: 0 }, organization: "local", database: `sqlite:${database}` });
  const auditor = again.issueKey({ name: "auditor", role: "viewer", organization: "local" });
  const { code, stdout } = await run(["audit", "verify"], { env: { WHEREFROM_API_URL: again.url, WHEREFROM_TOKEN: auditor } });
  await again.close();
  const faults = stdout.split("\n").filter((line) => line.startsWith("entry "));
  expect(code).toBe(1);
  for (const { says } of edits) expect(stdout).toContain(says);
  // what has no past any more does not stand either
  expect(faults).toHaveLength(edits.length + 1);
});

test("a change that is made meanwhile is no fault", async () => {
  const { control, run, json } = await openControlForCli();
  let isChanged = false;
  // between the command and control: with the first version that is asked for, another one is made
  const between = createServer(async (request, response) => {
    if (request.url?.includes("/revisions") === true && !isChanged) {
      isChanged = true;
      await run(["env", "set", "prod", "--description", "meanwhile"]);
    }
    const answer = await fetch(`${control.url}${request.url}`, { headers: { authorization: request.headers.authorization ?? "" } });
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  });
  await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void between.close());
  const env = { WHEREFROM_API_URL: `http://127.0.0.1:${(between.address() as AddressInfo).port}` };
  const verified = await json(["audit", "verify"], { env });
  expect(isChanged).toBe(true);
  expect(verified).toMatchObject({ entries: 3, versions: 2, faults: [], head: expect.stringMatching(/^3:/) });
});

/** As each kind is marked below; the API's methods themselves, as the log has them. */
const METHODS = {
  c: "organizations.environments.modifyEnvironment",
  s: "organizations.environments.securityActions.create",
  d: "organizations.environments.apis.revisions.debugsessions.create",
  b: "bots.refresh",
} as const;

const forgotten = [
  { says: "the oldest of one kind", made: "cdcdd", kept: [1, 3, 5], faults: [] },
  { says: "the oldest of each kind", made: "cdsbcdsb", kept: [5, 6, 7, 8], faults: [] },
  { says: "all before some revision, as earlier versions of control forgot them", made: "dbccc", kept: [4, 5], faults: [] },
  { says: "one of configuration between others", made: "cdcdc", kept: [1, 2, 4, 5], faults: ["3 older"] },
  { says: "one of configuration, though all of its kind that are older", made: "ddccd", kept: [1, 2, 5], faults: ["4 older"] },
  { says: "a ban between others", made: "cscscs", kept: [1, 2, 3, 5, 6], faults: ["4 older"] },
  { says: "a debug session between others", made: "dddc", kept: [1, 3, 4], faults: ["2 older"] },
  { says: "the newest", made: "cbcbb", kept: [1, 3, 4], faults: ["5 newest"] },
  { says: "the newest of its kind", made: "cbcdc", kept: [1, 3, 4, 5], faults: ["2 older"] },
] as const;

test.each(forgotten)("$says may be gone or not: $made, of which $kept are kept", ({ made, kept, faults }) => {
  const entries = [...made].map((kind, at) =>
    sealAuditEntry({
      sequence: at + 1,
      time: "2026-01-01T00:00:00.000Z",
      author: "alice",
      authorVerified: true,
      method: METHODS[kind as keyof typeof METHODS],
      resource: "organizations/local/environments/prod",
      change: "UPDATED",
      revision: at + 1,
      contentHash: "0",
      previousHash: "0",
    }),
  );
  const versions = kept.map((revision) => ({ revision, told: entries[revision - 1] as AuditEntry }));
  const found = versionFaults([{ environment: "prod", standing: made.length, versions }], { before: entries, entries });
  const why = { older: "older ones are kept", newest: "it is the newest" };
  expect(found.map(({ problem }) => problem)).toEqual(
    faults.map((fault) => {
      const [revision, reason] = fault.split(" ") as [string, keyof typeof why];
      return `Revision ${revision} of prod is gone, though ${why[reason]}`;
    }),
  );
});
