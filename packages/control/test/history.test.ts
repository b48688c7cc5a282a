import { BOTS_METHOD, RANGES_METHOD, SIDE_METHODS } from "@wherefrom/model";
import { describe, expect, test } from "vitest";
import { API_LINES } from "../src/route-table.ts";
import { type Ask, type ControlUnderTest, faultsOf, headerIndex, type Json, openTestControl, verdictOf } from "./control-under-test.ts";

const AUDIT = "//v1/organizations/local/auditLog";
const ROUTE = { name: "all", target: "http://127.0.0.1:9000" };

/** Three revisions: created, a route added, the policy changed for a reason. */
async function openChanged(): Promise<ControlUnderTest> {
  const under = await openTestControl();
  await under.ask("POST ", { body: { name: "demo", description: "first", clientIpResolutionConfig: headerIndex(-1) } });
  await under.ask("POST /demo/routes", { body: ROUTE });
  const headers = { "x-wherefrom-author": "alice", "x-goog-request-reason": "A second proxy", "x-request-id": "req-3" };
  await under.ask("PATCH /demo", { body: { clientIpResolutionConfig: headerIndex(-2) }, headers });
  return under;
}

describe("revisions", () => {
  test("tell who changed what, when, why and by which request, the newest first", async () => {
    const { ask } = await openChanged();
    const { revisions } = (await ask("GET /demo/revisions")).body;
    expect(revisions).toHaveLength(3);
    expect(revisions[0]).toEqual({
      name: "organizations/local/environments/demo/revisions/3",
      revisionId: "3",
      createTime: expect.stringMatching(/^20\d\d-\d\d-\d\dT[\d:.]+Z$/),
      change: "UPDATED",
      author: "process:test", // the credential's, whatever a header field says
      authorVerified: true,
      method: "organizations.environments.modifyEnvironment",
      reason: "A second proxy",
      requestId: "req-3",
      changes: [{ pointer: "/clientIpResolutionConfig/headerIndexAlgorithm/ipHeaderIndex", kind: "changed", before: -1, after: -2 }],
    });
    expect(revisions[1]).toMatchObject({ author: "process:test", changes: [{ pointer: "/routes/all", kind: "added", after: ROUTE }] });
    expect(revisions[2]).toMatchObject({ change: "CREATED", method: "organizations.environments.create" });
    expect(revisions[2].changes.map(({ pointer }: Json) => pointer)).toEqual(["/description", "/clientIpResolutionConfig", "/routes"]);
  });

  test("come in pages, each with what differs from the page before", async () => {
    const { ask } = await openChanged();
    const all = (await ask("GET /demo/revisions")).body.revisions;
    const first = (await ask("GET /demo/revisions?pageSize=2")).body;
    const second = (await ask(`GET /demo/revisions?page_size=2&page_token=${first.nextPageToken}`)).body;
    expect([...first.revisions, ...second.revisions]).toEqual(all);
    expect(second).not.toHaveProperty("nextPageToken");
  });

  test("one can be read whole, and any two be compared", async () => {
    const { ask } = await openChanged();
    const one = (await ask("GET /demo/revisions/2")).body;
    expect(one).toMatchObject({ settings: { description: "first", clientIpResolutionConfig: headerIndex(-1) }, routes: [ROUTE] });
    const full = (await ask("GET /demo/revisions?includeContent=true")).body.revisions;
    expect(full[1]).toEqual(one);
    const changed = { pointer: "/clientIpResolutionConfig/headerIndexAlgorithm/ipHeaderIndex", kind: "changed" };
    expect((await ask("GET /demo/revisions/3:diff")).body).toMatchObject({ from: "2", to: "3", changes: [changed] });
    expect((await ask("GET /demo/revisions/1:diff?from=3")).body.changes).toMatchObject([
      changed,
      { pointer: "/routes/all", kind: "removed" },
    ]);
  });

  test("of a deleted environment are still there", async () => {
    const { ask } = await openChanged();
    await ask("DELETE /demo");
    const [deleted] = (await ask("GET /demo/revisions")).body.revisions;
    expect(deleted).toMatchObject({ revisionId: "4", change: "DELETED" });
    expect(new Set(deleted.changes.map(({ kind }: Json) => kind))).toEqual(new Set(["removed"]));
  });

  test("whose predecessor is not kept any more have no changes to tell", async () => {
    const { ask } = await openTestControl({ limits: { maxRevisions: 2 } });
    await ask("POST ", { body: { name: "demo" } });
    for (const description of ["a", "b"]) await ask("PUT /demo", { body: { description } });
    const { revisions } = (await ask("GET /demo/revisions")).body;
    expect(revisions.map(({ revisionId, changes }: Json) => [revisionId, changes.length])).toEqual([
      ["3", 1],
      ["2", 0],
    ]);
  });
});

describe("of several kinds", () => {
  const SESSIONS = "/demo/apis/all/revisions/1/debugsessions";
  const POLICY = "/clientIpResolutionConfig/headerIndexAlgorithm/ipHeaderIndex";

  /** Policies with other changes in between, of which history keeps fewer. */
  async function openBusy(): Promise<ControlUnderTest> {
    const under = await openTestControl({ limits: { maxDebugRevisions: 2, maxSecurityRevisions: 2, maxOpenDebugSessions: 100 } });
    const { ask } = under;
    await ask("POST ", { body: { name: "demo", clientIpResolutionConfig: headerIndex(-1) } });
    await ask("POST /demo/routes", { body: ROUTE });
    for (const index of [-2, -3]) {
      for (let made = 0; made < 3; made += 1) {
        expect((await ask(`POST ${SESSIONS}`, { body: {} })).status).toBe(200);
        const action = { state: "ENABLED", conditionConfig: { ipAddressRanges: ["192.0.2.1"] }, deny: {} };
        expect((await ask(`POST /demo/securityActions?securityActionId=a${-index}-${made}`, { body: action })).status).toBe(200);
      }
      await ask("PATCH /demo", { body: { clientIpResolutionConfig: headerIndex(index) } });
    }
    return under;
  }
  const pointersOf = ({ changes }: Json) => changes.map(({ pointer }: Json) => pointer.replaceAll(/[0-9a-f-]{36}/g, "ID"));

  test("debug sessions and bans push out no policy, and each revision tells what it changed by itself", async () => {
    const { ask } = await openBusy();
    const told = [
      ["16", [POLICY]],
      ["15", ["/securityActions/a3-2"]],
      ["14", ["/debugSessions/ID"]],
      // older ones of their kinds are forgotten, and what those changed is not theirs
      ["13", ["/securityActions/a3-1"]],
      ["12", []],
      ["9", [POLICY]],
      ["2", ["/routes/all"]],
      ["1", ["/clientIpResolutionConfig", "/routes"]],
    ];
    const { revisions } = (await ask("GET /demo/revisions")).body;
    expect(revisions.map((revision: Json) => [revision.revisionId, pointersOf(revision)])).toEqual(told);
    const paged: Json[] = [];
    for (let token = ""; paged.length < told.length; ) {
      const { body } = await ask(`GET /demo/revisions?pageSize=1&pageToken=${token}`);
      paged.push(...body.revisions);
      token = body.nextPageToken;
    }
    expect(paged).toEqual(revisions);
    for (const [id, pointers] of told) expect(pointersOf((await ask(`GET /demo/revisions/${id}`)).body)).toEqual(pointers);
  });

  test("a rollback finds its policy behind them, and leaves sessions and bans as they stand", async () => {
    const { ask } = await openBusy();
    const { security, debug } = (await ask("GET /demo/revisions/16")).body;
    await ask("POST /demo:rollback", { body: {} });
    const back = (await ask("GET /demo/revisions/17")).body;
    expect(back).toMatchObject({ reason: "Back to revision 15", settings: { clientIpResolutionConfig: headerIndex(-2) }, security, debug });
    await ask("POST /demo:rollback", { body: { revisionId: 1 } });
    expect((await ask("GET /demo")).body.clientIpResolutionConfig).toEqual(headerIndex(-1));
  });

  test("every method that they are known by is one of the API's, or of control itself", () => {
    const known = new Set(API_LINES.map(([, , id]) => id));
    expect(
      Object.values(SIDE_METHODS)
        .flat()
        .filter((id) => !known.has(id)),
    ).toEqual([RANGES_METHOD, BOTS_METHOD]);
  });
});

describe("rollback", () => {
  test("brings settings and routes back as a new revision, published like any other", async () => {
    const { ask } = await openChanged();
    const answer = await ask("POST /demo:rollback", { body: { revision_id: 1 }, headers: { "if-match": '"r3"' } });
    expect(answer.headers.get("etag")).toBe('"r4"');
    expect(answer.body).toMatchObject({ name: "demo", description: "first", clientIpResolutionConfig: headerIndex(-1) });
    expect((await ask("GET /demo/snapshot")).body).toMatchObject({ revision: 4, routes: [] });
    expect((await ask("GET /demo/revisions/4")).body).toMatchObject({
      reason: "Back to revision 1",
      method: "organizations.environments.rollback",
    });
  });

  test("to what stands already is no change", async () => {
    const { ask } = await openChanged();
    expect((await ask("POST /demo:rollback", { body: { revisionId: "3" } })).headers.get("etag")).toBe('"r3"');
  });

  test("brings a deleted environment back", async () => {
    const { ask } = await openChanged();
    await ask("DELETE /demo");
    await ask("POST /demo:rollback", { body: { revisionId: "3" } });
    expect((await ask("GET /demo")).body).toMatchObject({ clientIpResolutionConfig: headerIndex(-2) });
    expect((await ask("GET /demo/revisions/5")).body).toMatchObject({ change: "CREATED" });
  });

  test("brings a deleted environment back as it stood, where no revision is named", async () => {
    const { ask } = await openChanged();
    await ask("DELETE /demo");
    expect((await ask("POST /demo:rollback", { body: {} })).body).toMatchObject({ clientIpResolutionConfig: headerIndex(-2) });
    expect((await ask("GET /demo/revisions/5")).body).toMatchObject({ change: "CREATED", reason: "Back to revision 3" });
  });

  test("brings none back for somebody who has not seen that it was deleted", async () => {
    const { ask } = await openChanged();
    const deleted = (await ask("DELETE /demo")).headers.get("etag") ?? "";
    const back = (ifMatch: string) => ask("POST /demo:rollback", { body: { revisionId: "3" }, headers: { "if-match": ifMatch } });
    expect(verdictOf(await back('"r3"'))).toBe("412 ABORTED REVISION_STALE");
    expect((await ask("GET /demo")).status).toBe(404);
    expect((await back(deleted)).status).toBe(200);
  });
});

const refusals: readonly (Ask & { line: string; says: string; verdict: string; faults?: readonly string[] })[] = [
  { says: "an environment that never was", line: "GET /none/revisions", verdict: "404 NOT_FOUND ENVIRONMENT_NOT_FOUND" },
  { says: "a revision that is not there", line: "GET /demo/revisions/9", verdict: "404 NOT_FOUND REVISION_NOT_FOUND" },
  { says: "a rollback of nothing", line: "POST /none:rollback", body: {}, verdict: "404 NOT_FOUND ENVIRONMENT_NOT_FOUND" },
  { says: "a revision of nothing", line: "GET /none/revisions/1", verdict: "404 NOT_FOUND ENVIRONMENT_NOT_FOUND" },
  { says: "no number", line: "GET /demo/revisions/latest", verdict: "400 INVALID_ARGUMENT QUERY_INVALID", faults: ["revision"] },
  { says: "a first revision without another", line: "GET /demo/revisions/1:diff", verdict: "404 NOT_FOUND REVISION_NOT_FOUND" },
  {
    says: "a revision that is not there",
    line: "POST /demo:rollback",
    body: { revisionId: 9 },
    verdict: "404 NOT_FOUND REVISION_NOT_FOUND",
  },
  {
    says: "a deletion",
    line: "POST /gone:rollback",
    body: { revisionId: 2 },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["revisionId"],
  },
  {
    says: "what there is not",
    line: "POST /demo:rollback",
    body: { to: 1 },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["to"],
  },
  {
    says: "another revision than that of If-Match",
    line: "POST /demo:rollback",
    body: { revisionId: 1 },
    headers: { "if-match": '"r1"' },
    verdict: "412 ABORTED REVISION_STALE",
  },
  {
    says: "the log of an organization that never was",
    line: "GET //v1/organizations/none/auditLog",
    verdict: "404 NOT_FOUND ORGANIZATION_NOT_FOUND",
  },
];

test.each(refusals)("$line refuses $says", async ({ line, verdict, faults = [], ...ask }) => {
  const control = await openChanged();
  await control.ask("POST ", { body: { name: "gone" } });
  await control.ask("DELETE /gone");
  const answer = await control.ask(line, ask);
  expect(verdictOf(answer)).toBe(verdict);
  expect([...faultsOf(answer)].sort()).toEqual(faults);
  expect((await control.ask("GET /demo")).headers.get("etag")).toBe('"r3"');
});

test("the audit log has an entry for each change of anything in the organization, and none for what was refused or changed nothing", async () => {
  const { ask } = await openChanged();
  await ask("PUT /demo", { body: {} });
  await ask("PUT /demo", { body: { type: "HUGE" } });
  await ask("PUT //v1/organizations/local", { body: { displayName: "Ours" } });
  await ask("DELETE /demo");
  const { entries } = (await ask(`GET ${AUDIT}`)).body;
  expect(entries.map(({ sequence, resource, change, revision }: Json) => `${sequence} ${resource} ${change} r${revision}`)).toEqual([
    "6 organizations/local/environments/demo DELETED r4",
    "5 organizations/local UPDATED r2",
    "4 organizations/local/environments/demo UPDATED r3",
    "3 organizations/local/environments/demo UPDATED r2",
    "2 organizations/local/environments/demo CREATED r1",
    "1 organizations/local CREATED r1",
  ]);
  expect(entries[2]).toMatchObject({ author: "process:test", reason: "A second proxy", requestId: "req-3" });
  const page = (await ask(`GET ${AUDIT}?pageSize=2&pageToken=4`)).body;
  expect(page).toEqual({ entries: entries.slice(3, 5), nextPageToken: "2" });
});

test("the log of a deleted organization can still be read", async () => {
  const { ask } = await openTestControl();
  await ask("POST //v1/organizations", { body: { name: "acme" } });
  await ask("DELETE //v1/organizations/acme");
  expect((await ask("GET //v1/organizations/acme/auditLog")).body.entries.map(({ change }: Json) => change)).toEqual([
    "DELETED",
    "CREATED",
  ]);
});
