import { describe, expect, test } from "vitest";
import { type Ask, faultsOf, headerIndex, type Json, openTestControl, verdictOf } from "./control-under-test.ts";

const FULL = {
  displayName: "Demonstration",
  description: "For tests",
  properties: { property: [{ name: "features.x", value: "true" }] },
  deploymentType: "PROXY",
  apiProxyType: "PROGRAMMABLE",
  type: "COMPREHENSIVE",
  nodeConfig: { minNodeCount: "1", maxNodeCount: "2" },
  forwardProxyUri: "http://proxy.example:3128",
  hasAttachedFlowHooks: false,
  clientIpResolutionConfig: headerIndex(-1),
};

const FULL_IN_SNAKE_CASE = {
  display_name: "Demonstration",
  description: "For tests",
  properties: { property: [{ name: "features.x", value: "true" }] },
  deployment_type: "PROXY",
  api_proxy_type: "PROGRAMMABLE",
  type: "COMPREHENSIVE",
  node_config: { min_node_count: 1, max_node_count: "2" },
  forward_proxy_uri: "http://proxy.example:3128",
  has_attached_flow_hooks: false,
  client_ip_resolution_config: { header_index_algorithm: { ip_header_name: "X-Forwarded-For", ip_header_index: -1 } },
};

describe("create", () => {
  test.each([
    { says: "lowerCamelCase", body: FULL },
    { says: "snake_case", body: FULL_IN_SNAKE_CASE },
    {
      says: "what only the system sets, and null",
      body: { ...FULL, state: "DELETING", createdAt: "1", last_modified_at: "1", display_name: null },
    },
  ])("a body in $says comes back in lowerCamelCase", async ({ body }) => {
    const { ask } = await openTestControl();
    // a field in both spellings, one of them null, is given once
    const { display_name, ...rest } = body as Json;
    const created = await ask("POST ", { body: { name: "demo", ...rest, ...(display_name && { display_name }) } });
    const { createdAt } = created.body.response;
    expect(createdAt).toMatch(/^1\d{12}$/);
    expect(created.body).toEqual({
      name: expect.stringMatching(/^organizations\/local\/operations\/[0-9a-f-]{36}$/),
      metadata: {
        "@type": "type.googleapis.com/google.cloud.apigee.v1.OperationMetadata",
        operationType: "INSERT",
        targetResourceName: "organizations/local/environments/demo",
        state: "FINISHED",
      },
      done: true,
      response: {
        "@type": "type.googleapis.com/google.cloud.apigee.v1.Environment",
        name: "demo",
        ...FULL,
        state: "ACTIVE",
        createdAt,
        lastModifiedAt: createdAt,
      },
    });
    const read = await ask("GET /demo");
    expect(read.body).toEqual({ name: "demo", ...FULL, state: "ACTIVE", createdAt, lastModifiedAt: createdAt });
    expect(read.headers.get("etag")).toBe('"r1"');
  });

  test("the name may stand in the query, and the list is the bare names in order", async () => {
    const { ask } = await openTestControl();
    for (const name of ["prod", "a.b-c_D", "test"]) expect((await ask(`POST ?name=${name}`, { body: {} })).status).toBe(200);
    expect((await ask("GET ")).body).toEqual(["a.b-c_D", "prod", "test"]);
  });

  test("a policy's index 0 is kept, and an empty policy is left out", async () => {
    const { ask } = await openTestControl();
    const zero = await ask("POST ", { body: { name: "zero", clientIpResolutionConfig: headerIndex(0) } });
    expect(zero.body.response.clientIpResolutionConfig).toEqual(headerIndex(0));
    await ask("POST ", { body: { name: "none", clientIpResolutionConfig: {} } });
    expect((await ask("GET /none")).body).not.toHaveProperty("clientIpResolutionConfig");
  });
});

const refusals: readonly (Ask & { line: string; says: string; verdict: string; faults?: readonly string[] })[] = [
  { says: "a name that exists", line: "POST ", body: { name: "demo" }, verdict: "409 ALREADY_EXISTS ENVIRONMENT_EXISTS" },
  { says: "no name", line: "POST ", body: {}, verdict: "400 INVALID_ARGUMENT FIELDS_INVALID", faults: ["name"] },
  { says: "a name with a space", line: "POST ?name=a%20b", body: {}, verdict: "400 INVALID_ARGUMENT FIELDS_INVALID", faults: ["name"] },
  // every URL parser takes it out of a path
  {
    says: "a name nobody could ask for",
    line: "POST ",
    body: { name: ".." },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["name"],
  },
  { says: "two names", line: "POST ?name=a", body: { name: "b" }, verdict: "400 INVALID_ARGUMENT FIELDS_INVALID", faults: ["name"] },
  {
    says: "another name than the path",
    line: "PUT /demo",
    body: { name: "b" },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["name"],
  },
  {
    says: "every fault at once",
    line: "POST ",
    body: {
      name: 7,
      colour: "red",
      type: "HUGE",
      forwardProxyUri: "https://x:1",
      node_config: { min_node_count: "many", spare: 1 },
      properties: { property: [{ name: "a", value: "1" }, { name: "b" }] },
      client_ip_resolution_config: {
        header_index_algorithm: { ip_header_name: "no token", ip_header_index: 0.5, x: 1 },
        fallback: "MAYBE",
      },
    },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: [
      "clientIpResolutionConfig/fallback",
      "clientIpResolutionConfig/headerIndexAlgorithm/ipHeaderIndex",
      "clientIpResolutionConfig/headerIndexAlgorithm/ipHeaderName",
      "clientIpResolutionConfig/headerIndexAlgorithm/x",
      "colour",
      "forwardProxyUri",
      "name",
      "nodeConfig/minNodeCount",
      "nodeConfig/spare",
      "properties/property/1/value",
      "type",
    ],
  },
  {
    says: "a field in both spellings",
    line: "PATCH /demo",
    body: { display_name: "a", displayName: "b" },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["display_name"],
  },
  {
    says: "a policy field in both spellings",
    line: "PATCH /demo",
    body: { clientIpResolutionConfig: { headerIndexAlgorithm: { ip_header_name: "A", ipHeaderName: "B" } } },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["clientIpResolutionConfig/headerIndexAlgorithm/ipHeaderName"],
  },
  {
    says: "a policy that is no object",
    line: "PUT /demo",
    body: { clientIpResolutionConfig: "{}" },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["clientIpResolutionConfig"],
  },
  {
    says: "a type that is set at creation only",
    line: "PUT /demo",
    body: { deploymentType: "ARCHIVE" },
    verdict: "400 INVALID_ARGUMENT FIELDS_INVALID",
    faults: ["deploymentType"],
  },
  { says: "an environment that is not there", line: "GET /none", verdict: "404 NOT_FOUND ENVIRONMENT_NOT_FOUND" },
  { says: "a PUT to one that is not there", line: "PUT /none", body: {}, verdict: "404 NOT_FOUND ENVIRONMENT_NOT_FOUND" },
  { says: "a PATCH of one that is not there", line: "PATCH /none", body: {}, verdict: "404 NOT_FOUND ENVIRONMENT_NOT_FOUND" },
  { says: "a DELETE of one that is not there", line: "DELETE /none", verdict: "404 NOT_FOUND ENVIRONMENT_NOT_FOUND" },
  { says: "another organization", line: "GET //v1/organizations/other/environments", verdict: "404 NOT_FOUND ORGANIZATION_NOT_FOUND" },
];

test.each(refusals)("$line refuses $says", async ({ line, verdict, faults = [], ...ask }) => {
  const control = await openTestControl();
  await control.ask("POST ", { body: { name: "demo", ...FULL } });
  const answer = await control.ask(line, ask);
  expect(verdictOf(answer)).toBe(verdict);
  expect([...faultsOf(answer)].sort()).toEqual(faults);
  expect(answer.body.error.code).toBe(answer.status);
  expect((await control.ask("GET /demo")).headers.get("etag")).toBe('"r1"');
});

test("a field in both spellings is told as that", async () => {
  const { ask } = await openTestControl();
  const answer = await ask("POST ", { body: { name: "demo", display_name: "a", displayName: "b", colour_name: 1 } });
  expect(answer.body.error.message.split("\n")).toEqual([
    "display_name: Expected one spelling of a field, received displayName as well",
    "colour_name: Expected no such field",
  ]);
});

describe("update", () => {
  test.each(["PUT /demo", "POST /demo"])("%s answers with the environment, and a field left out keeps its value", async (line) => {
    const { ask } = await openTestControl();
    await ask("POST ", { body: { name: "demo", ...FULL } });
    const answer = await ask(line, { body: { name: "demo", description: "Changed", properties: { property: [] } } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("etag")).toBe('"r2"');
    expect(answer.body).toMatchObject({ ...FULL, description: "Changed", properties: { property: [] } });
    expect((await ask("GET /demo")).body).toEqual(answer.body);
  });

  test("an empty policy clears the policy, an empty text the forward proxy", async () => {
    const { ask } = await openTestControl();
    await ask("POST ", { body: { name: "demo", ...FULL } });
    const { body } = await ask("PUT /demo", { body: { clientIpResolutionConfig: {}, forwardProxyUri: "" } });
    expect(body).not.toHaveProperty("clientIpResolutionConfig");
    expect(body.forwardProxyUri).toBe("");
    expect((await ask("GET /demo/deployedConfig")).body).not.toHaveProperty("forwardProxyUri");
  });

  test("what was read may be put back as it is, and is then no change", async () => {
    const { ask } = await openTestControl();
    await ask("POST ", { body: { name: "demo", ...FULL } });
    const { body } = await ask("GET /demo");
    const again = await ask("PUT /demo", { body });
    expect(again.body).toEqual(body);
    expect(again.headers.get("etag")).toBe('"r1"');
  });

  test("a deleted environment is gone, and a new one of its name goes on counting revisions", async () => {
    const { ask } = await openTestControl();
    await ask("POST ", { body: { name: "demo" } });
    const deleted = await ask("DELETE /demo");
    expect(deleted.body).toMatchObject({
      done: true,
      metadata: { operationType: "DELETE" },
      response: { "@type": expect.stringMatching(/Empty$/) },
    });
    expect((await ask("GET ")).body).toEqual([]);
    expect((await ask("POST ", { body: { name: "demo" } })).headers.get("etag")).toBe('"r3"');
  });
});

describe("If-Match", () => {
  test.each([
    { line: "PUT /demo", ifMatch: '"r2"', status: 200 },
    { line: "PUT /demo", ifMatch: '"r1"', status: 412 },
    { line: "PUT /demo", ifMatch: '"r1", "r2"', status: 200 },
    { line: "PUT /demo", ifMatch: "*", status: 200 },
    { line: "PUT /demo", ifMatch: 'W/"r2"', status: 412 }, // strong comparison, RFC 9110 §13.1.1
    { line: "PATCH /demo", ifMatch: '"r1"', status: 412 },
    { line: "DELETE /demo", ifMatch: '"r1"', status: 412 },
    { line: "DELETE /demo", ifMatch: '"r2"', status: 200 },
    { line: "POST /demo/routes", ifMatch: '"r1"', status: 412 },
    { line: "POST /demo/routes", ifMatch: '"r2"', status: 200 },
  ])("$line with If-Match: $ifMatch at revision 2 is $status", async ({ line, ifMatch, status }) => {
    const { ask } = await openTestControl();
    await ask("POST ", { body: { name: "demo" } });
    await ask("PUT /demo", { body: { description: "second" } });
    const body = line.endsWith("routes") ? { name: "all", target: "http://127.0.0.1:9000" } : { description: "third" };
    const answer = await ask(line, { ...(line.startsWith("DELETE") ? {} : { body }), headers: { "if-match": ifMatch } });
    expect(verdictOf(answer)).toBe(status === 200 ? "200" : "412 ABORTED REVISION_STALE");
  });

  test.each([
    { line: "POST ", body: { name: "new" } },
    { line: "POST //v1/organizations", body: { name: "new" } },
    { line: "PUT /demo/gateways/gw", body: { revision: 1 } },
  ])("$line does not look at it, and says so", async ({ line, body }) => {
    const { ask } = await openTestControl();
    await ask("POST ", { body: { name: "demo" } });
    const answer = await ask(line, { body, headers: { "if-match": '"r1"' } });
    expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT HEADERS_INVALID");
    expect(faultsOf(answer)).toEqual(["if-match"]);
  });

  test("of two writers who read the same revision one is told", async () => {
    const { ask } = await openTestControl();
    await ask("POST ", { body: { name: "demo" } });
    const writers = ["a", "b"].map((description) => ask("PUT /demo", { body: { description }, headers: { "if-match": '"r1"' } }));
    expect((await Promise.all(writers)).map((answer) => answer.status).sort()).toEqual([200, 412]);
  });
});
