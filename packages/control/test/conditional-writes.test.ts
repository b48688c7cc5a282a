import { afterAll, beforeAll, expect, test } from "vitest";
import { ALL_LINES } from "../src/route-table.ts";
import { type ControlUnderTest, headerIndex, type Json, openControlForFile, verdictOf } from "./control-under-test.ts";

const ORG = "//v1/organizations/local";
const SESSIONS = "/demo/apis/x/revisions/1/debugsessions";
const ROUTE = { name: "x", target: "http://127.0.0.1:9000" };
const BAN = { state: "ENABLED", conditionConfig: { ipAddressRanges: ["203.0.113.0/24"] }, deny: {} };
const STALE = '"r999"';

/** Each write of what is versioned, so that it would change something. `{session}` is an open debug session. */
const writes: readonly (readonly [id: string, line: string, body?: Json])[] = [
  ["organizations.update", `PUT ${ORG}`, { description: "new" }],
  ["organizations.delete", `DELETE ${ORG}`],
  ["organizations.apply", `POST ${ORG}:apply`, { environments: [{ name: "new" }] }],
  ["organizations.environments.update", "PUT /demo", { description: "new" }],
  ["organizations.environments.updateEnvironment", "POST /demo", { description: "new" }],
  ["organizations.environments.modifyEnvironment", "PATCH /demo", { description: "new" }],
  ["organizations.environments.delete", "DELETE /demo"],
  ["organizations.environments.promote", "POST /demo:promote"],
  ["organizations.environments.abort", "POST /demo:abort"],
  ["organizations.environments.rollback", "POST /demo:rollback", { revisionId: 1 }],
  ["organizations.environments.routes.create", "POST /demo/routes", { ...ROUTE, name: "y", basePath: "/y" }],
  ["organizations.environments.routes.update", "PUT /demo/routes/x", { ...ROUTE, basePath: "/z" }],
  ["organizations.environments.routes.delete", "DELETE /demo/routes/x"],
  ["organizations.environments.securityActions.create", "POST /demo/securityActions?securityActionId=other", BAN],
  ["organizations.environments.securityActions.patch", "PATCH /demo/securityActions/ban?updateMask=description", { description: "new" }],
  ["organizations.environments.securityActions.delete", "DELETE /demo/securityActions/ban"],
  ["organizations.environments.securityActions.enable", "POST /demo/securityActions/off:enable", {}],
  ["organizations.environments.securityActions.disable", "POST /demo/securityActions/ban:disable", {}],
  ["organizations.environments.updateSecurityActionsConfig", "PATCH /demo/securityActionsConfig?updateMask=enabled", { enabled: false }],
  ["organizations.environments.apis.revisions.debugsessions.create", `POST ${SESSIONS}`, {}],
  ["organizations.environments.apis.revisions.debugsessions.delete", `DELETE ${SESSIONS}/{session}`],
  ["organizations.environments.updateDebugmask", "PATCH /demo/debugmask", { variables: ["request.header.a"] }],
];

/** Writes without a condition: what they are about has no revision, or is new. */
const UNVERSIONED: Readonly<Record<string, string>> = {
  "organizations.create": "new",
  "organizations.environments.create": "new",
  "organizations.tokens.create": "new",
  "organizations.tokens.revoke": "a token is never changed, only ended",
  "sessions.create": "new",
  "sessions.end": "a session is never changed, only ended",
  "organizations.environments.apis.revisions.debugsessions.deleteData": "what was recorded",
  "organizations.environments.deleteEvents": "what was recorded",
  "organizations.environments.queries.create": "new",
  "organizations.environments.queries.delete": "a query is never changed, only forgotten",
  "organizations.environments.securityIncidents.patch": "what was found in what was recorded",
  "organizations.environments.securityIncidents.batchUpdate": "what was found in what was recorded",
  "organizations.environments.gateways.report": "a gateway's word",
  "organizations.environments.gateways.deliverTransactions": "a gateway's word",
  "organizations.environments.gateways.deliverEvents": "a gateway's word",
  "organizations.environments.explain": "changes nothing",
  "organizations.environments.lint": "changes nothing",
  "organizations.environments.diagnose": "changes nothing",
  "organizations.environments.probe": "changes nothing",
  "organizations.environments.preview": "changes nothing",
};

/** Tested beside what it needs: an incident. */
const ELSEWHERE = ["organizations.environments.securityIncidents.createSecurityAction"];

let under: ControlUnderTest & { close(): Promise<void> };
let session: string;

beforeAll(async () => {
  under = await openControlForFile({});
  const { ask } = under;
  await ask("POST ", { body: { name: "demo", clientIpResolutionConfig: headerIndex(-1) } });
  await ask("POST /demo/routes", { body: ROUTE });
  await ask("POST /demo/securityActions?securityActionId=ban", { body: BAN });
  await ask("POST /demo/securityActions?securityActionId=off", { body: { ...BAN, state: "DISABLED" } });
  session = (await ask(`POST ${SESSIONS}`, { body: {} })).body.name;
});
afterAll(() => under.close());

test("every write honours If-Match, or there is a reason why it cannot", () => {
  const written = ALL_LINES.filter(([method]) => method !== "GET");
  const honouring = written.filter(([, , , { isConditional }]) => isConditional === true).map(([, , id]) => id);
  expect(honouring.toSorted()).toEqual([...writes.map(([id]) => id), ...ELSEWHERE].toSorted());
  const others = written.map(([, , id]) => id).filter((id) => !honouring.includes(id));
  expect(others.toSorted()).toEqual(Object.keys(UNVERSIONED).toSorted());
});

test.each(writes)("%s changes nothing that its sender has not seen", async (_id, line, body) => {
  const { ask } = under;
  const all = async () => [(await ask(`GET ${ORG}:export`)).headers.get("etag"), (await ask(`GET ${ORG}`)).headers.get("etag")];
  const before = await all();
  const answer = await ask(line.replace("{session}", session), { headers: { "if-match": STALE }, ...(body !== undefined && { body }) });
  expect(verdictOf(answer)).toBe("412 ABORTED REVISION_STALE");
  expect(await all()).toEqual(before);
});
