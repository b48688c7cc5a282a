import type { TrafficEvent } from "@wherefrom/model";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { PATIENT } from "../../../tools/patience.ts";
import type { ControlNotice } from "../src/notice.ts";
import { faultsOf, type Json, verdictOf } from "./control-under-test.ts";
import { openControlWithEvents } from "./control-with-events.ts";
import { eventOf } from "./event-store-contract.ts";

const FLOODER = "192.0.2.9/32";
const GUESSER = "192.0.2.77/32";
const NAT = "10.99.0.1/32";

type Manner = { readonly count: number; readonly agents?: number; readonly status?: number };

/** Requests of one client, over the last minute. */
function requestsOf(resolvedIp: string, { count, agents = 1, status = 200 }: Manner): TrafficEvent[] {
  const began = clock - 60_000;
  return Array.from({ length: count }, (_, index) =>
    eventOf({
      time: began + Math.floor((index * 60_000) / count),
      resolvedIp,
      trust: "verified",
      status,
      path: index % 2 === 0 ? `/orders/${index}` : `/assets/${index % 40}.css`,
      userAgent: `browser ${index % agents}`,
    }),
  );
}

/** Some people, a flood, somebody who guesses, and many people behind one address. */
const traffic = (): TrafficEvent[] => [
  ...Array.from({ length: 20 }, (_, index) => requestsOf(`203.0.113.${index}`, { count: 4 })).flat(),
  ...requestsOf("192.0.2.9", { count: 450 }),
  ...requestsOf("192.0.2.77", { count: 100, status: 401 }),
  ...requestsOf("10.99.0.1", { count: 600, agents: 40 }),
];

/** A floor that takes few events. */
const LOW = { flooder: { minAmount: 150 } };

const environments = [
  { name: "prod", abuseDetection: LOW, clients: [NAT, GUESSER, FLOODER] },
  { name: "unruled", abuseDetection: { flooder: { enabled: false } }, clients: [GUESSER] },
  { name: "high", abuseDetection: { flooder: { minAmount: 500 } }, clients: [NAT, GUESSER] },
  { name: "excluded", abuseDetection: { ...LOW, exclusions: ["192.0.2.9", "provider:private"] }, clients: [GUESSER] },
  { name: "bans", abuseDetection: LOW, clients: [NAT, GUESSER, FLOODER] },
  { name: "bots", abuseDetection: LOW, clients: [NAT, GUESSER, FLOODER] },
  { name: "hidden", abuseDetection: LOW, events: { addresses: "TRUNCATED" }, clients: [] },
  { name: "off", abuseDetection: { ...LOW, enabled: false }, clients: [] },
];

let under: Awaited<ReturnType<typeof openControlWithEvents>>;
const notices: ControlNotice[] = [];
let clock = Date.now();

beforeAll(async () => {
  const events = traffic();
  under = await openControlWithEvents({
    events: Object.fromEntries(environments.map(({ name }) => [name, events])),
    receivedAt: clock,
    limits: { abuseLookMs: 100, maxControlRevisions: 2 },
    onNotice: (notice) => notices.push(notice),
    now: () => clock,
  });
  for (const { clients: _clients, ...body } of environments) expect((await under.ask("POST ", { body })).status).toBe(200);
});
afterAll(() => under?.close());

const incidentsOf = async (environment: string, filter = ""): Promise<Json[]> =>
  (await under.ask(`GET /${environment}/securityIncidents?filter=${encodeURIComponent(filter)}`)).body.securityIncidents;

const clientsOf = async (environment: string): Promise<string[]> => (await incidentsOf(environment)).map(({ client }) => client).toSorted();

test.each(environments)("$name has incidents of $clients", async ({ name, clients }) => {
  await vi.waitFor(async () => expect(await clientsOf(name)).toEqual(clients.toSorted()), PATIENT);
});

test("a flood is an incident, and many people behind one address are told as that", async () => {
  const [flood] = (await incidentsOf("prod")).filter(({ client }) => client === FLOODER);
  const name = "organizations/local/environments/prod/securityIncidents/";
  expect(flood).toMatchObject({
    name: expect.stringMatching(`^${name}[0-9a-f-]{36}$`),
    displayName: `Flooder: ${FLOODER}`,
    detectionTypes: ["Flooder"],
    sharedAddress: false,
    state: "OPEN",
    observability: "ACTIVE",
    riskLevel: "MODERATE",
    trafficCount: "450",
    evidence: { windowMinutes: 5, amount: 450, amountBound: 150, clients: 23, counts: { requests: 450, userAgents: 1 } },
  });
  expect((await under.ask(`GET //v1/${flood.name}`)).body).toEqual(flood);
  const [nat] = (await incidentsOf("prod")).filter(({ client }) => client === NAT);
  expect(nat).toMatchObject({ displayName: `Shared address: ${NAT}`, sharedAddress: true, riskLevel: "LOW", trafficCount: "600" });
  const told = notices.flatMap((notice) => (notice.kind === "incidents-begun" ? notice.incidents : []));
  expect(told.filter(({ client }) => client === FLOODER)).not.toEqual([]);
});

const filters = [
  { filter: "state = OPEN", clients: [NAT, GUESSER, FLOODER] },
  { filter: 'detectionTypes:"Brute Guessor" AND state = OPEN', clients: [GUESSER] },
  { filter: "detection_types:Flooder", clients: [NAT, FLOODER] },
  { filter: "observability = ARCHIVED", clients: [] },
];
test.each(filters)("are listed by $filter, in pages", async ({ filter, clients }) => {
  expect((await incidentsOf("prod", filter)).map(({ client }) => client).toSorted()).toEqual(clients.toSorted());
  const paged: string[] = [];
  for (let pageToken = ""; ; ) {
    const query = new URLSearchParams({ filter, pageSize: "1", ...(pageToken && { pageToken }) });
    const { body } = await under.ask(`GET /prod/securityIncidents?${query}`);
    paged.push(...body.securityIncidents.map(({ client }: Json) => client));
    if (body.nextPageToken === undefined) break;
    pageToken = body.nextPageToken;
  }
  expect(paged.toSorted()).toEqual(clients.toSorted());
});

const nameOf = async (environment: string, wanted: string): Promise<string> =>
  (await incidentsOf(environment)).find(({ client }) => client === wanted)?.name;

test("one is acknowledged, closed and opened again, and each is in the audit log", async () => {
  const name = await nameOf("unruled", GUESSER);
  const patch = (body: object, mask = "") => under.ask(`PATCH //v1/${name}${mask && `?updateMask=${mask}`}`, { body });
  expect((await patch({ state: "ACKNOWLEDGED" })).body).toMatchObject({ state: "ACKNOWLEDGED", observability: "ACTIVE" });
  expect((await patch({ observability: "ARCHIVED" }, "observability")).body).toMatchObject({ state: "CLOSED", observability: "ARCHIVED" });
  // as a client of Apigee's sends it: all that it has, and a mask
  const { body: whole } = await under.ask(`GET //v1/${name}`);
  expect((await patch({ ...whole, observability: "ACTIVE" }, "observability")).body).toMatchObject({ state: "OPEN" });
  const log = (await under.ask("GET //v1/organizations/local/auditLog?pageSize=100")).body.entries;
  expect(log.filter(({ resource }: Json) => resource === name).map(({ revision, method }: Json) => [revision, method])).toEqual(
    [4, 3, 2].map((revision) => [revision, "organizations.environments.securityIncidents.patch"]),
  );
});

const batch = (requests: readonly object[]) => under.ask("POST /unruled/securityIncidents:batchUpdate", { body: { requests } });

test("many are changed in one call, as a client of Apigee's sends them", async () => {
  const name = await nameOf("unruled", GUESSER);
  const { body: whole } = await under.ask(`GET //v1/${name}`);
  const { body } = await batch([{ security_incident: { ...whole, observability: "ARCHIVED" }, update_mask: "observability" }]);
  expect(body.securityIncidents).toMatchObject([{ name, state: "CLOSED", observability: "ARCHIVED" }]);
  expect((await batch([{ securityIncident: { name, state: "OPEN" } }])).body.securityIncidents).toMatchObject([{ name, state: "OPEN" }]);
});

test("a batch with a fault in one changes none, and all faults of all are told", async () => {
  const name = await nameOf("unruled", GUESSER);
  const close = { securityIncident: { name, state: "CLOSED" } };
  const elsewhere = await nameOf("prod", GUESSER);
  const wrong = [close, { securityIncident: { name: elsewhere, state: "GONE" }, updateMask: "risk" }, close, { securityIncident: {} }];
  const answer = await batch(wrong);
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  expect(faultsOf(answer)).toEqual([
    "requests/1/securityIncident/name",
    "requests/1/updateMask",
    "requests/1/securityIncident/state",
    "requests/2/securityIncident/name",
    "requests/3/securityIncident/name",
    "requests/3/securityIncident/state",
  ]);
  const gone = await batch([close, { securityIncident: { ...close.securityIncident, name: `${name}0` } }]);
  expect(verdictOf(gone)).toBe("404 NOT_FOUND SECURITY_INCIDENT_NOT_FOUND");
  expect(faultsOf(await batch([]))).toEqual(["requests"]);
  expect(faultsOf(await batch(Array(1_001).fill(close)))).toEqual(["requests"]);
  expect((await under.ask(`GET //v1/${name}`)).body.state).toBe("OPEN");
});

const refused = [
  { what: "nothing", body: {}, fields: ["state"] },
  { what: "what only :createSecurityAction does", body: { state: "CONVERTED" }, fields: ["state"] },
  { what: "two that say different things", body: { state: "OPEN", observability: "ARCHIVED" }, fields: ["observability"] },
  { what: "every fault at once", body: { state: "GONE", nonsense: 1 }, mask: "riskLevel", fields: ["updateMask", "nonsense", "state"] },
];
test.each(refused)("a change of $what is refused", async ({ body, mask = "", fields }) => {
  const answer = await under.ask(`PATCH //v1/${await nameOf("prod", GUESSER)}?updateMask=${mask}`, { body });
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  expect(faultsOf(answer).toSorted()).toEqual(fields.toSorted());
});

test("what is not there is not found", async () => {
  const lines = ["GET /prod/securityIncidents/none", "GET /high/securityIncidents/", "GET /nowhere/securityIncidents"];
  const id = (await nameOf("prod", GUESSER)).split("/").at(-1);
  const answers = await Promise.all(lines.map((line, index) => under.ask(index === 1 ? line + id : line)));
  expect(answers.map(verdictOf)).toEqual([
    "404 NOT_FOUND SECURITY_INCIDENT_NOT_FOUND",
    "404 NOT_FOUND SECURITY_INCIDENT_NOT_FOUND",
    "404 NOT_FOUND ENVIRONMENT_NOT_FOUND",
  ]);
});

const settings = [
  { given: { exclusions: ["10.0.0.1/8"] }, fields: ["abuseDetection/exclusions/0"] },
  // nobody would be looked for, and nothing would say so
  { given: { exclusions: ["0.0.0.0/0", "::/0"] }, fields: ["abuseDetection/exclusions/0", "abuseDetection/exclusions/1"] },
  { given: { exclusions: ["203.0.113.7", "provider:nobody"] }, fields: ["abuseDetection/exclusions/1"] },
  {
    given: { deviations: 0, minClients: 1.5, staticEndings: [".css"], flooder: { minShare: 2, minRequests: 1 }, robots: {} },
    fields: [
      "abuseDetection/deviations",
      "abuseDetection/flooder/minRequests",
      "abuseDetection/flooder/minShare",
      "abuseDetection/minClients",
      "abuseDetection/robots",
      "abuseDetection/staticEndings/0",
    ],
  },
];
test.each(settings)("settings $given are refused", async ({ given, fields }) => {
  const answer = await under.ask("PATCH /prod", { body: { abuseDetection: given } });
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  expect(faultsOf(answer).toSorted()).toEqual(fields);
});

test("deleting an address deletes its incidents", async () => {
  expect((await under.ask("POST /high:deleteEvents", { body: { address: "192.0.2.77" } })).body).toEqual({
    deletedEvents: 100,
    deletedIncidents: 1,
  });
  expect(await clientsOf("high")).toEqual([NAT]);
});

const convert = (name: string, body: object = {}) => under.ask(`POST //v1/${name}:createSecurityAction`, { body });
const enforced = async (): Promise<Json[]> => (await under.ask("GET /bans/snapshot")).body.securityActions ?? [];
const revisionOf = async (): Promise<string> => (await under.ask("GET /bans")).headers.get("etag") ?? "";

test("one call denies the client of an incident, and the same call again changes nothing", async () => {
  const name = await nameOf("bans", FLOODER);
  const before = clock;
  const { status, body } = await convert(name, { ttl: "600s", deny: { response_code: 429 } });
  expect({ status, body }).toMatchObject({
    status: 200,
    body: {
      state: "ENABLED",
      conditionConfig: { ipAddressRanges: [FLOODER] },
      deny: { responseCode: 429 },
      description: `Flooder: ${FLOODER}`,
      matchUnverified: false,
      expireTime: new Date(before + 600_000).toISOString(),
    },
  });
  const id = body.name.split("/").at(-1);
  expect(await enforced()).toMatchObject([{ name: id, deny: { responseCode: 429 } }]);
  expect((await under.ask(`GET //v1/${name}`)).body).toMatchObject({
    state: "CONVERTED",
    observability: "ACTIVE",
    securityAction: body.name,
  });
  const revision = await revisionOf();
  expect((await convert(name, { deny: { responseCode: 429 } })).body).toEqual(body);
  expect(await revisionOf()).toBe(revision);
  expect(verdictOf(await convert(name, { deny: { responseCode: 403 } }))).toBe("409 ALREADY_EXISTS SECURITY_ACTION_EXISTS");
  const log = (await under.ask("GET //v1/organizations/local/auditLog?pageSize=100")).body.entries;
  const made = log.filter(({ method }: Json) => method === "organizations.environments.securityIncidents.createSecurityAction");
  expect(made.map(({ resource }: Json) => resource)).toEqual([name, "organizations/local/environments/bans"]);
  // when it is over, or gone, there is another
  clock += 600_000;
  expect(Date.parse((await convert(name)).body.expireTime)).toBe(clock + 3_600_000);
  expect(await enforced()).toMatchObject([{ name: id, deny: { responseCode: 403 } }]);
  await under.ask(`DELETE /bans/securityActions/${id}`);
  expect((await convert(name)).status).toBe(200);
  expect(await enforced()).toHaveLength(1);
  await under.ask(`DELETE /bans/securityActions/${id}`);
});

test("many people behind one address are not denied by a call, but they are flagged", async () => {
  const name = await nameOf("bans", NAT);
  for (const body of [{}, { deny: {} }, { deny: {}, isObserved: true }]) {
    expect(verdictOf(await convert(name, body))).toBe("400 FAILED_PRECONDITION SECURITY_INCIDENT_SHARED");
  }
  expect(await enforced()).toEqual([]);
  expect((await under.ask(`GET //v1/${name}`)).body).toMatchObject({ state: "OPEN", sharedAddress: true });
  const { body } = await convert(name, { flag: { headers: [{ name: "X-Crowd", value: "yes" }] } });
  expect(body).toMatchObject({
    description: `Shared address: ${NAT}`,
    conditionConfig: { ipAddressRanges: [NAT] },
    flag: { headers: [{ name: "X-Crowd", value: "yes" }] },
  });
  expect(body.deny).toBeUndefined();
});

const asks = [
  { body: { ttl: "604801s" }, fields: ["ttl"] },
  { body: { ttl: "an hour", deny: { responseCode: 200 }, allow: {} }, fields: ["allow", "deny/responseCode", "ttl"] },
  { body: { deny: {}, flag: { headers: [{ name: "X-A", value: "b" }] } }, fields: ["flag"] },
  { body: { conditionConfig: { ipAddressRanges: ["0.0.0.0/0"] } }, fields: ["conditionConfig"] },
];
test.each(asks)("a conversion by $body is refused", async ({ body, fields }) => {
  const answer = await convert(await nameOf("bans", GUESSER), body);
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  expect(faultsOf(answer).toSorted()).toEqual(fields);
});

test("an action that names reasons means the clients of open incidents, and nobody that shares an address", async () => {
  const action = { state: "ENABLED", conditionConfig: { botReasons: ["Flooder"] }, deny: {} };
  const made = await under.ask("POST /bots/securityActions?securityActionId=no-floods", { body: action });
  expect(made.body).toMatchObject(action);
  const botsAre = (networks: readonly string[]): Promise<void> =>
    vi.waitFor(async () => {
      const { body } = await under.ask("GET /bots/snapshot");
      expect(body.bots).toEqual([{ reason: "Flooder", networks }]);
      expect(body.securityActions).toMatchObject([action]);
    }, PATIENT);
  await botsAre([FLOODER]);
  const name = await nameOf("bots", FLOODER);
  await under.ask(`PATCH //v1/${name}`, { body: { state: "CLOSED" } });
  await botsAre([]);
  await under.ask(`PATCH //v1/${name}`, { body: { state: "ACKNOWLEDGED" } });
  await botsAre([FLOODER]);
  clock += 3_600_001;
  await botsAre([]);
  await under.ask("DELETE /bots/securityActions/no-floods");
  await vi.waitFor(async () => {
    const { revisions } = (await under.ask("GET /bots/revisions?includeContent=true")).body;
    expect(revisions.slice(0, 2).map(({ security }: Json) => security.bots)).toEqual([undefined, [{ reason: "Flooder", networks: [] }]]);
    // each list is one revision, however often it was looked; two of them are kept beside those that somebody made
    expect(revisions.map(({ revisionId, method }: Json) => `${revisionId}${method === "bots.refresh" ? " bots" : ""}`)).toEqual([
      "8 bots",
      "7",
      "6 bots",
      "2",
      "1",
    ]);
  }, PATIENT);
  // what was between them is not kept, and what differs is told from the one before that is
  const changes = [{ kind: "added", pointer: "/bots", after: [{ reason: "Flooder", networks: [] }] }];
  expect((await under.ask("GET /bots/revisions/6:diff")).body).toEqual({ from: "2", to: "6", changes });
  expect((await under.ask("GET /bots/revisions?pageSize=3")).body.revisions.at(-1)).toMatchObject({ revisionId: "6", changes });
});
