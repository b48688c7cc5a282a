import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Discovery } from "googleapis-common";
import { expect, test } from "vitest";
import { capability, findPython } from "../../../tools/capabilities.mjs";
import { headerIndex, type Json, openTestControl } from "./control-under-test.ts";

const ORGANIZATION = "organizations/acme";
const NAME = `${ORGANIZATION}/environments/prod`;

/** What each call comes to, as the client in either language tells it. */
const TRANSCRIPT: readonly (readonly [string, Json])[] = [
  ["create organization", { done: true, metadata: { operationType: "INSERT" }, response: { name: "acme", displayName: "Acme" } }],
  ["list organizations", { organizations: [{ organization: "acme" }, { organization: "local" }] }],
  ["create", { done: true, metadata: { targetResourceName: NAME }, response: { name: "prod", type: "BASE", state: "ACTIVE" } }],
  ["create again", { error: 409, content: { error: { status: "ALREADY_EXISTS" } } }],
  ["list", ["prod"]],
  ["get", { name: "prod", type: "BASE" }],
  ["update", { clientIpResolutionConfig: headerIndex(-2) }],
  ["update without the policy", { displayName: "Production", clientIpResolutionConfig: headerIndex(-2) }],
  ["updateEnvironment", { description: "by POST", displayName: "Production" }],
  ["modify", { done: true, metadata: { operationType: "UPDATE" }, response: { clientIpResolutionConfig: headerIndex(1) } }],
  [
    "modify wrongly",
    { error: 400, content: { error: { details: [{}, {}, { fieldViolations: [{ field: "type" }, { field: "updateMask" }] }] } } },
  ],
  ["operation", { done: true, response: { clientIpResolutionConfig: headerIndex(1) } }],
  ["operations", 3],
  ["deployed", { name: `${NAME}/configs/5`, revisionId: "5", clientIpResolutionConfig: headerIndex(1) }],
  ["some fields", { name: "prod", clientIpResolutionConfig: { headerIndexAlgorithm: { ipHeaderIndex: 1 } } }],
  ["explain", { ip: "192.0.2.2", outcome: "resolved", policy: "environment" }],
  ["clear", { done: true }],
  ["get cleared", { name: "prod", description: "by POST" }],
  ["delete", { done: true, metadata: { operationType: "DELETE" } }],
  ["get deleted", { error: 404, content: { error: { status: "NOT_FOUND" } } }],
  ["delete organization", { done: true }],
];

function expectTranscript(said: readonly (readonly [string, Json])[]): void {
  expect(said.map(([what]) => what)).toEqual(TRANSCRIPT.map(([what]) => what));
  expect(said).toMatchObject(TRANSCRIPT);
  const answers = new Map(said);
  expect(answers.get("get cleared")).not.toHaveProperty("clientIpResolutionConfig");
  expect(Object.keys(answers.get("some fields"))).toEqual(["name", "clientIpResolutionConfig"]);
}

test("Google's client for Node, made from the discovery document, does everything with an environment", async () => {
  const { control, token } = await openTestControl();
  const createService: Json = await new Discovery({}).discoverAPI(`${control.url}/$discovery/rest?version=v1`);
  const service = createService({ headers: { authorization: `Bearer ${token}` } });
  const { organizations } = service;
  const { environments, operations } = organizations;
  const said: [string, Json][] = [];
  const say = async (what: string, request: Promise<{ data: Json }>): Promise<Json> => {
    const answer = await request.then(
      ({ data }) => data,
      ({ status, response }) => ({ error: status, content: response.data }),
    );
    said.push([what, answer]);
    return answer;
  };
  await say("create organization", organizations.create({ parent: "projects/acme", requestBody: { displayName: "Acme" } }));
  await say("list organizations", organizations.list({ parent: "organizations" }));
  await say("create", environments.create({ parent: ORGANIZATION, requestBody: { name: "prod", type: "BASE" } }));
  await say("create again", environments.create({ parent: ORGANIZATION, requestBody: { name: "prod" } }));
  await say("list", environments.list({ parent: ORGANIZATION }));
  const environment = await say("get", environments.get({ name: NAME }));
  await say("update", environments.update({ name: NAME, requestBody: { ...environment, clientIpResolutionConfig: headerIndex(-2) } }));
  await say("update without the policy", environments.update({ name: NAME, requestBody: { ...environment, displayName: "Production" } }));
  await say("updateEnvironment", environments.updateEnvironment({ name: NAME, requestBody: { description: "by POST" } }));
  const updateMask = "client_ip_resolution_config.header_index_algorithm.ip_header_index";
  const requestBody = { clientIpResolutionConfig: { headerIndexAlgorithm: { ipHeaderIndex: 1 } } };
  const operation = await say("modify", environments.modifyEnvironment({ name: NAME, updateMask, requestBody }));
  await say("modify wrongly", environments.modifyEnvironment({ name: NAME, updateMask: "colour", requestBody: { type: "HUGE" } }));
  await say("operation", operations.get({ name: operation.name }));
  let pages = 0;
  for (let pageToken: string | undefined = ""; pageToken !== undefined; ) {
    const { data }: Json = await operations.list({ name: ORGANIZATION, pageSize: 1, ...(pageToken && { pageToken }) });
    pages += data.operations.length;
    pageToken = data.nextPageToken;
  }
  said.push(["operations", pages]);
  await say("deployed", environments.getDeployedConfig({ name: `${NAME}/deployedConfig` }));
  const fields = "name,clientIpResolutionConfig/headerIndexAlgorithm/ipHeaderIndex";
  await say("some fields", environments.get({ name: NAME, fields }));
  const evidence = { peer: "10.0.0.1", headers: [["X-Forwarded-For", "192.0.2.1, 192.0.2.2"]] };
  await say("explain", environments.explain({ name: NAME, requestBody: evidence }));
  const cleared = { updateMask: "client_ip_resolution_config", requestBody: { clientIpResolutionConfig: {} } };
  await say("clear", environments.modifyEnvironment({ name: NAME, ...cleared }));
  await say("get cleared", environments.get({ name: NAME }));
  await say("delete", environments.delete({ name: NAME }));
  await say("get deleted", environments.get({ name: NAME }));
  await say("delete organization", organizations.delete({ name: ORGANIZATION }));
  expectTranscript(said);
});

test.runIf(capability("googleapi"))("Google's client for Python says the same", async () => {
  const { control, token } = await openTestControl();
  const script = fileURLToPath(new URL("google_client.py", import.meta.url));
  const { stdout } = await promisify(execFile)(findPython() ?? "python3", [script, control.url], {
    env: { ...process.env, WHEREFROM_TOKEN: token },
  });
  expectTranscript(
    stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  );
});
