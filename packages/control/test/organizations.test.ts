import { expect, test } from "vitest";
import { type Ask, faultsOf, type Json, openTestControl, verdictOf } from "./control-under-test.ts";

const ACME = "//v1/organizations/acme";

const FULL = {
  displayName: "Acme",
  description: "For tests",
  properties: { property: [{ name: "features.x", value: "true" }] },
  attributes: ["a"],
  analyticsRegion: "europe-west1",
  runtimeType: "HYBRID",
  billingType: "PAYG",
};

test.each([
  { says: "the project in parent, as Apigee names it", query: "?parent=projects/acme", body: {} },
  { says: "the body", query: "", body: { name: "acme" } },
  { says: "both", query: "?parent=projects/acme", body: { name: "acme" } },
])("an organization gets its name from $says", async ({ query, body }) => {
  const { ask } = await openTestControl();
  const created = await ask(`POST //v1/organizations${query}`, { body: { ...body, ...FULL, state: "DELETING", project_id: "x" } });
  expect(created.body).toMatchObject({
    name: expect.stringMatching(/^organizations\/acme\/operations\/[0-9a-f-]{36}$/),
    metadata: { operationType: "INSERT", targetResourceName: "organizations/acme", state: "FINISHED" },
    done: true,
    response: { "@type": expect.stringMatching(/v1\.Organization$/), name: "acme", ...FULL, state: "ACTIVE", environments: [] },
  });
  await ask(`POST ${ACME}/environments`, { body: { name: "prod" } });
  const read = await ask(`GET ${ACME}`);
  const { createdAt } = read.body;
  expect(read.body).toEqual({
    name: "acme",
    ...FULL,
    projectId: "acme",
    environments: ["prod"],
    state: "ACTIVE",
    createdAt,
    lastModifiedAt: createdAt,
  });
  expect((await ask(`GET //v1/${created.body.name}`)).body).toEqual(created.body);
  expect((await ask("GET //v1/organizations")).body.organizations.map(({ organization }: Json) => organization)).toEqual(["acme", "local"]);
});

test("environments of one name in two organizations are two environments, for gateways too", async () => {
  const { ask } = await openTestControl();
  await ask("POST //v1/organizations", { body: { name: "acme" } });
  for (const path of ["", `${ACME}/environments`]) await ask(`POST ${path}`, { body: { name: "demo", description: path } });
  await ask(`PUT ${ACME}/environments/demo/gateways/gw`, { body: { revision: 1 } });
  const poll = ask(`GET ${ACME}/environments/demo/snapshot?waitMs=60000`, { headers: { "if-none-match": '"r1"' } });
  await ask("PUT /demo", { body: { description: "changed" } });
  await ask(`PUT ${ACME}/environments/demo`, { body: { description: "changed too" } });
  expect((await poll).body).toMatchObject({ organization: "acme", environment: "demo", revision: 2 });
  expect((await ask("GET /demo")).body.description).toBe("changed");
  expect((await ask("GET /demo/gateways")).body.gateways).toEqual([]);
  expect((await ask(`GET ${ACME}/environments/demo/gateways`)).body.gateways).toHaveLength(1);
});

test("PUT changes the fields that the body has, and keeps the others", async () => {
  const { ask } = await openTestControl();
  await ask("POST //v1/organizations", { body: { name: "acme", ...FULL } });
  const answer = await ask(`PUT ${ACME}`, { body: { name: "acme", display_name: "New" }, headers: { "if-match": '"r1"' } });
  expect(answer.headers.get("etag")).toBe('"r2"');
  expect(answer.body).toMatchObject({ ...FULL, displayName: "New" });
});

test("a deleted organization is gone, its operations can still be read, and a new one goes on counting", async () => {
  const { ask } = await openTestControl();
  await ask("POST //v1/organizations", { body: { name: "acme" } });
  const deleted = await ask(`DELETE ${ACME}?retention=MINIMUM`);
  expect(deleted.body).toMatchObject({ done: true, metadata: { operationType: "DELETE", targetResourceName: "organizations/acme" } });
  expect(verdictOf(await ask(`GET ${ACME}`))).toBe("404 NOT_FOUND ORGANIZATION_NOT_FOUND");
  expect((await ask(`GET //v1/${deleted.body.name}`)).body).toEqual(deleted.body);
  expect((await ask("POST //v1/organizations", { body: { name: "acme" } })).headers.get("etag")).toBe('"r3"');
});

const refusals: readonly (Ask & { line: string; says: string; verdict: string; faults?: readonly string[] })[] = [
  {
    says: "a name that exists",
    line: "POST //v1/organizations",
    body: { name: "acme" },
    verdict: "409 ALREADY_EXISTS ORGANIZATION_EXISTS",
  },
  {
    says: "one that has environments",
    line: "DELETE //v1/organizations/acme",
    verdict: "400 FAILED_PRECONDITION ORGANIZATION_NOT_EMPTY",
  },
  { says: "one that is not there", line: "DELETE //v1/organizations/none", verdict: "404 NOT_FOUND ORGANIZATION_NOT_FOUND" },
  {
    says: "an environment of one that is not there",
    line: "POST //v1/organizations/none/environments",
    body: { name: "x" },
    verdict: "404 NOT_FOUND ORGANIZATION_NOT_FOUND",
  },
  {
    says: "every fault at once",
    line: "POST //v1/organizations?parent=folders/x",
    body: { name: "-", colour: 1, runtime_type: "STEAM", attributes: "a" },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["attributes", "colour", "name", "parent", "runtimeType"],
  },
  {
    says: "another name than the project",
    line: "POST //v1/organizations?parent=projects/a",
    body: { name: "b" },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["name"],
  },
  {
    says: "another name than the path",
    line: "PUT //v1/organizations/acme",
    body: { name: "b" },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["name"],
  },
  {
    says: "a retention there is not",
    line: "DELETE //v1/organizations/acme?retention=NEVER",
    verdict: "400 INVALID_ARGUMENT QUERY_INVALID",
    faults: ["retention"],
  },
  {
    says: "another revision",
    line: "PUT //v1/organizations/acme",
    body: {},
    headers: { "if-match": '"r9"' },
    verdict: "412 ABORTED REVISION_STALE",
  },
  {
    says: "to delete another revision",
    line: "DELETE //v1/organizations/acme",
    headers: { "if-match": '"r9"' },
    verdict: "412 ABORTED REVISION_STALE",
  },
  {
    says: "one more than the limit",
    line: "POST //v1/organizations",
    body: { name: "more" },
    verdict: "400 FAILED_PRECONDITION TOO_MANY_ORGANIZATIONS",
  },
  {
    says: "one more environment than the limit",
    line: "POST //v1/organizations/acme/environments",
    body: { name: "more" },
    verdict: "400 FAILED_PRECONDITION TOO_MANY_ENVIRONMENTS",
  },
];

test.each(refusals)("$line refuses $says", async ({ line, verdict, faults = [], ...ask }) => {
  const control = await openTestControl({ limits: { maxOrganizations: 2, maxEnvironments: 1 } });
  await control.ask("POST //v1/organizations", { body: { name: "acme" } });
  await control.ask(`POST ${ACME}/environments`, { body: { name: "prod" } });
  const answer = await control.ask(line, ask);
  expect(verdictOf(answer)).toBe(verdict);
  expect([...faultsOf(answer)].sort()).toEqual(faults);
  expect((await control.ask(`GET ${ACME}`)).headers.get("etag")).toBe('"r1"');
});
