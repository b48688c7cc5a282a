import { expect, test } from "vitest";
import { faultsOf, headerIndex, type Json, openTestControl, verdictOf } from "./control-under-test.ts";

const BEFORE = { name: "demo", description: "before", displayName: "Before", clientIpResolutionConfig: headerIndex(-1) };

const masks: readonly { mask: string | undefined; body: Json; says: string; after: Json }[] = [
  {
    mask: "client_ip_resolution_config",
    body: { clientIpResolutionConfig: headerIndex(2), description: "not named" },
    says: "changes what it names only",
    after: { ...BEFORE, clientIpResolutionConfig: headerIndex(2) },
  },
  {
    mask: "clientIpResolutionConfig,description",
    body: { client_ip_resolution_config: headerIndex(2), description: "after" },
    says: "may be in lowerCamelCase and name several fields",
    after: { ...BEFORE, clientIpResolutionConfig: headerIndex(2), description: "after" },
  },
  {
    mask: "client_ip_resolution_config.header_index_algorithm",
    body: { clientIpResolutionConfig: { headerIndexAlgorithm: { ipHeaderName: "True-Client-IP" } } },
    says: "may lead into a message",
    after: { ...BEFORE, clientIpResolutionConfig: { headerIndexAlgorithm: { ipHeaderName: "True-Client-IP" } } },
  },
  {
    mask: "clientIpResolutionConfig.headerIndexAlgorithm.ipHeaderIndex",
    body: { clientIpResolutionConfig: { headerIndexAlgorithm: { ipHeaderIndex: -3 } } },
    says: "may lead to one field of it",
    after: { ...BEFORE, clientIpResolutionConfig: headerIndex(-3) },
  },
  {
    mask: "client_ip_resolution_config.fallback",
    body: { clientIpResolutionConfig: { fallback: "REJECT" } },
    says: "may name a field of ours",
    after: { ...BEFORE, clientIpResolutionConfig: { ...headerIndex(-1), fallback: "REJECT" } },
  },
  {
    mask: "client_ip_resolution_config",
    body: { clientIpResolutionConfig: {} },
    says: "clears with an empty policy",
    after: { clientIpResolutionConfig: undefined },
  },
  // AIP-134: a field that is named and not given is removed
  { mask: "description", body: {}, says: "removes what it names and the body lacks", after: { ...BEFORE, description: undefined } },
  {
    mask: undefined,
    body: { description: "after" },
    says: "that is missing means the fields of the body",
    after: { ...BEFORE, description: "after" },
  },
  {
    mask: "",
    body: { description: "after" },
    says: "that is empty means the fields of the body",
    after: { ...BEFORE, description: "after" },
  },
  {
    mask: "*",
    body: { description: "after" },
    says: "of a star replaces everything",
    after: { description: "after", displayName: undefined, clientIpResolutionConfig: undefined },
  },
  {
    mask: "node_config.min_node_count",
    body: { nodeConfig: { minNodeCount: 3 } },
    says: "makes the message it leads into",
    after: { nodeConfig: { minNodeCount: "3" } },
  },
];

test.each(masks)("updateMask «$mask» $says", async ({ mask, body, after }) => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: BEFORE });
  const query = mask === undefined ? "" : `?updateMask=${encodeURIComponent(mask)}`;
  const answer = await ask(`PATCH /demo${query}`, { body });
  expect(verdictOf(answer)).toBe("200");
  expect(answer.body).toMatchObject({ done: true, metadata: { operationType: "UPDATE", state: "FINISHED" } });
  const read = (await ask("GET /demo")).body;
  for (const [name, value] of Object.entries(after)) expect(read[name]).toEqual(value);
  expect(answer.body.response).toEqual({ "@type": expect.any(String), ...read });
});

test.each([
  { query: "updateMask=colour", faults: ["updateMask"] },
  { query: "updateMask=description,,displayName", faults: ["updateMask"] },
  { query: "updateMask=state", faults: ["updateMask"] },
  { query: "updateMask=name", faults: ["updateMask"] },
  { query: "updateMask=deployment_type,created_at", faults: ["updateMask", "updateMask"] },
  { query: "updateMask=description.more", faults: ["updateMask"] },
  { query: "updateMask=properties.property.name", faults: ["updateMask"] }, // a path ends at a list
  { query: "update_mask=colour", faults: ["updateMask"] },
  { query: "updatemask=description", faults: ["updatemask"] }, // a misspelt parameter would mean no mask
])("PATCH with $query is refused", async ({ query, faults }) => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: BEFORE });
  const answer = await ask(`PATCH /demo?${query}`, { body: { description: "after" } });
  expect(answer.status).toBe(400);
  expect(faultsOf(answer)).toEqual(faults);
});

test("faults of the mask, the body and the resulting policy are told together", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: BEFORE });
  const mask = "colour,client_ip_resolution_config.header_index_algorithm.ip_header_index";
  const body = { type: "HUGE", clientIpResolutionConfig: { headerIndexAlgorithm: { ipHeaderIndex: "1" } } };
  const answer = await ask(`PATCH /demo?updateMask=${mask}`, { body });
  expect([...faultsOf(answer)].sort()).toEqual(["clientIpResolutionConfig/headerIndexAlgorithm/ipHeaderIndex", "type", "updateMask"]);
});
