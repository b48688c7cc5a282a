import { describe, expect, test } from "vitest";
import { type ControlUnderTest, faultsOf, headerIndex, type Json, openTestControl, verdictOf } from "./control-under-test.ts";

const ORG = "//v1/organizations/local";
const ROUTE = { name: "all", target: "http://127.0.0.1:9000" };

async function openTwo(): Promise<ControlUnderTest> {
  const under = await openTestControl();
  const { control } = under;
  await control.seedEnvironment({ organization: "local", name: "prod", clientIpResolutionConfig: headerIndex(-1), routes: [ROUTE] });
  await control.seedEnvironment({ organization: "local", name: "test" });
  return under;
}

/** What changed, a line each: `UPDATED test /description`. */
function linesOf(changes: readonly Json[]): readonly string[] {
  return changes.flatMap(({ change, resource, changes: inside }) =>
    inside.map(({ pointer }: Json) => `${change} ${resource.split("/").at(-1)} ${pointer}`),
  );
}

describe("export and apply", () => {
  test("what was exported is what stands already, in another organization it makes the same", async () => {
    const { ask } = await openTwo();
    await ask(`PUT ${ORG}`, { body: { displayName: "Ours" } });
    await ask("PUT /test", { body: { clientIpResolutionConfig: {}, deploymentType: "PROXY" } });
    const exported = await ask(`GET ${ORG}:export`);
    expect(exported.body).toMatchObject({
      organization: { displayName: "Ours" },
      environments: [
        { name: "prod", clientIpResolutionConfig: headerIndex(-1), routes: [ROUTE] },
        { name: "test", routes: [] },
      ],
    });
    const again = await ask(`POST ${ORG}:apply`, { body: { ...exported.body, prune: true } });
    expect(again.body).toEqual({
      applied: true,
      etag: exported.headers.get("etag"),
      changes: [],
      unchanged: ["prod", "test"],
      kept: [],
      warnings: [],
    });
    await ask("POST //v1/organizations", { body: { name: "acme" } });
    await ask("POST //v1/organizations/acme:apply", { body: exported.body });
    expect((await ask("GET //v1/organizations/acme:export")).body).toEqual(exported.body);
  });

  test("an environment becomes what the document says of it, and what it leaves out is not set any more", async () => {
    const { ask } = await openTwo();
    const environments = [
      { name: "prod", description: "new", routes: [{ ...ROUTE, target: "http://127.0.0.1:9001" }] },
      { name: "more", display_name: "in snake_case", routes: [] },
    ];
    const headers = { "x-wherefrom-author": "git", "x-goog-request-reason": "main@abc" };
    const { body } = await ask(`POST ${ORG}:apply`, { body: { environments }, headers });
    expect(linesOf(body.changes)).toEqual([
      "UPDATED prod /clientIpResolutionConfig",
      "UPDATED prod /routes/all/target",
      "UPDATED prod /description",
      "CREATED more ",
    ]);
    expect(body.changes.map(({ revisionId }: Json) => revisionId)).toEqual(["2", "1"]);
    expect(body).toMatchObject({ applied: true, kept: ["test"], unchanged: [] });
    expect((await ask("GET /prod")).body).not.toHaveProperty("clientIpResolutionConfig");
    expect((await ask("GET /more")).body.displayName).toBe("in snake_case");
    const [revision] = (await ask("GET /prod/revisions")).body.revisions;
    expect(revision).toMatchObject({ author: "process:test", reason: "main@abc", method: "organizations.apply" });
  });

  test("prune deletes what the document does not have, and a dry run says so and does nothing", async () => {
    const { ask } = await openTwo();
    const body = { organization: { description: "x" }, environments: [], prune: true };
    const before = (await ask(`GET ${ORG}:export`)).headers.get("etag");
    const dry = (await ask(`POST ${ORG}:apply`, { body: { ...body, validateOnly: true } })).body;
    expect(dry).toMatchObject({ applied: false, etag: before, kept: [] });
    expect(dry.changes.map(({ resource, change }: Json) => `${change} ${resource}`)).toEqual([
      "UPDATED organizations/local",
      "DELETED organizations/local/environments/prod",
      "DELETED organizations/local/environments/test",
    ]);
    expect((await ask("GET ")).body).toEqual(["prod", "test"]);
    const done = (await ask(`POST ${ORG}:apply`, { body, headers: { "if-match": dry.etag } })).body;
    expect(linesOf(done.changes)).toEqual(linesOf(dry.changes));
    expect((await ask("GET ")).body).toEqual([]);
  });

  test("a plan holds only as long as nothing changes", async () => {
    const { ask } = await openTwo();
    const body = { environments: [], prune: true };
    const { etag } = (await ask(`POST ${ORG}:apply`, { body: { ...body, validateOnly: true } })).body;
    await ask("PUT /test", { body: { description: "in between" } });
    for (const validateOnly of [true, false]) {
      const answer = await ask(`POST ${ORG}:apply`, { body: { ...body, validateOnly }, headers: { "if-match": etag } });
      expect(verdictOf(answer)).toBe("412 ABORTED REVISION_STALE");
    }
    expect((await ask("GET ")).body).toEqual(["prod", "test"]);
  });

  test("what cannot change after creation stays when it is left out", async () => {
    const { ask } = await openTestControl();
    await ask("POST ", { body: { name: "demo", deploymentType: "PROXY", description: "x" } });
    const { body } = await ask(`POST ${ORG}:apply`, { body: { environments: [{ name: "demo" }] } });
    expect(linesOf(body.changes)).toEqual(["UPDATED demo /description"]);
    expect((await ask("GET /demo")).body.deploymentType).toBe("PROXY");
  });
});

test("every fault of the whole document is told at once, and nothing is changed", async () => {
  const { ask } = await openTwo();
  await ask("PUT /test", { body: { deploymentType: "PROXY" } });
  const environments = [
    {
      name: "prod",
      colour: 1,
      client_ip_resolution_config: { ...headerIndex(0), fallback: "MAYBE" },
      routes: [{ ...ROUTE, reject_status: 1 }, { name: "b" }],
    },
    { name: "a b" },
    { name: "new", routes: [ROUTE, { ...ROUTE, name: "other", basePath: "//" }, { ...ROUTE, host: "x" }] },
    { name: "new", routes: "none" },
    { name: "test", deploymentType: "ARCHIVE", description: "changed" },
  ];
  const answer = await ask(`POST ${ORG}:apply`, { body: { organization: { runtimeType: "STEAM" }, environments } });
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  expect([...faultsOf(answer)].sort()).toEqual([
    "environments/1/name",
    "environments/3/name",
    "environments/3/routes",
    "environments/new/routes/1",
    "environments/new/routes/2/name",
    "environments/prod/clientIpResolutionConfig/fallback",
    "environments/prod/colour",
    "environments/prod/routes/0/rejectStatus",
    "environments/prod/routes/1/target",
    "environments/test/deploymentType",
    "organization/runtimeType",
  ]);
  expect((await ask("GET /test")).body).not.toHaveProperty("description");
});

test.each([
  { body: {}, faults: ["environments"] },
  { body: { environments: {}, prune: "yes", more: 1 }, faults: ["environments", "more", "prune"] },
  { body: { environments: [1] }, faults: ["environments/0"] },
])("$body is no document", async ({ body, faults }) => {
  const { ask } = await openTestControl();
  const answer = await ask(`POST ${ORG}:apply`, { body });
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  expect([...faultsOf(answer)].sort()).toEqual(faults);
});

test("together with what is kept there may be as many environments as the limit says", async () => {
  const { ask } = await openTestControl({ limits: { maxEnvironments: 2 } });
  for (const name of ["a", "b"]) await ask("POST ", { body: { name } });
  const environments = [{ name: "b" }, { name: "c" }];
  const kept = await ask(`POST ${ORG}:apply`, { body: { environments } });
  expect(verdictOf(kept)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  expect(faultsOf(kept)).toEqual(["environments"]);
  expect((await ask(`POST ${ORG}:apply`, { body: { environments, prune: true } })).status).toBe(200);
});

test("a document may be larger than other bodies, up to a limit of its own", async () => {
  const { ask } = await openTestControl({ limits: { maxLargeBodyBytes: 3_000_000 } });
  const document = (bytes: number) => ({ body: { environments: [{ name: "demo", description: "a".repeat(bytes) }] } });
  expect((await ask(`POST ${ORG}:apply`, document(2_000_000))).status).toBe(200);
  expect((await ask(`POST ${ORG}:apply`, document(3_000_000))).status).toBe(413);
});

test("security actions are in no document, and stay whatever is applied", async () => {
  const { ask } = await openTwo();
  const ban = { state: "ENABLED", conditionConfig: { ipAddressRanges: ["203.0.113.0/24"] }, deny: {} };
  const before = (await ask(`GET ${ORG}:export`)).body;
  await ask("POST /prod/securityActions?securityActionId=ban", { body: ban });
  expect((await ask(`GET ${ORG}:export`)).body).toEqual(before);
  const environments = before.environments.map((environment: Json) => ({ ...environment, description: "applied" }));
  expect((await ask(`POST ${ORG}:apply`, { body: { environments } })).body.changes).toHaveLength(2);
  expect((await ask("GET /prod/snapshot")).body.securityActions).toMatchObject([{ name: "ban" }]);
});
