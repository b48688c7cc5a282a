import { snapshotSchema } from "@wherefrom/model";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { PATIENT } from "../../../tools/patience.ts";
import { type ControlUnderTest, faultsOf, headerIndex, type Json, openTestControl, verdictOf } from "./control-under-test.ts";

const NAME = "organizations/local/environments/demo/securityActions/";
const DENY = { state: "ENABLED", conditionConfig: { ipAddressRanges: ["203.0.113.0/24"] }, deny: {} };

let under: ControlUnderTest;
let ask: ControlUnderTest["ask"];
beforeEach(async () => {
  under = await openTestControl();
  ask = under.ask;
  await under.control.seedEnvironment({ organization: "local", name: "demo", clientIpResolutionConfig: headerIndex(-1), routes: [] });
});

const create = (id: string, body: Json = DENY) => ask(`POST /demo/securityActions?securityActionId=${id}`, { body });
const enforced = async (): Promise<Json[]> => snapshotSchema.parse((await ask("GET /demo/snapshot")).body).securityActions ?? [];

test("one is created, and gateways get it with its defaults", async () => {
  const { status, body } = await create("ban");
  expect({ status, body }).toMatchObject({ status: 200, body: { ...DENY, name: `${NAME}ban`, deny: { responseCode: 403 } } });
  expect(Date.parse(body.createTime)).toBeGreaterThan(0);
  expect(await enforced()).toEqual([{ name: "ban", ...DENY, deny: { responseCode: 403 }, matchUnverified: false, isObserved: false }]);
  expect((await ask("GET /demo/securityActions/ban")).body).toEqual(body);
});

test("snake_case, a ttl and host bits are read as Apigee's clients send them", async () => {
  const before = Date.now();
  const { body } = await create("soon", {
    state: "ENABLED",
    condition_config: { ip_address_ranges: ["::ffff:203.0.113.7"], http_methods: ["GET"] },
    flag: { headers: [{ name: "X-Seen", value: "yes" }] },
    ttl: "3.5s",
    api_proxies: ["orders"],
  });
  expect(body).toMatchObject({ conditionConfig: { ipAddressRanges: ["203.0.113.7/32"], httpMethods: ["GET"] }, apiProxies: ["orders"] });
  expect(body.ttl).toBeUndefined();
  expect(Date.parse(body.expireTime) - before).toBeGreaterThanOrEqual(3_500);
  expect(Date.parse(body.expireTime) - Date.now()).toBeLessThanOrEqual(3_500);
});

const refused = [
  { what: "no condition", body: { ...DENY, conditionConfig: {} }, fields: ["conditionConfig"] },
  { what: "two effects", body: { ...DENY, allow: {} }, fields: [""] },
  { what: "no effect", body: { state: "ENABLED", conditionConfig: DENY.conditionConfig }, fields: [""] },
  { what: "no state", body: { ...DENY, state: "STATE_UNSPECIFIED" }, fields: ["state"] },
  {
    what: "every fault at once",
    body: { ...DENY, conditionConfig: { ipAddressRanges: ["10.0.0.1/8", "nowhere"], httpMethods: ["get"] }, deny: { responseCode: 200 } },
    fields: [
      "conditionConfig/ipAddressRanges/0",
      "conditionConfig/ipAddressRanges/1",
      "conditionConfig/httpMethods/0",
      "deny/responseCode",
    ],
  },
  {
    what: "a condition that nothing checks here",
    body: { ...DENY, conditionConfig: { apiKeys: ["x"] } },
    fields: ["conditionConfig", "conditionConfig/apiKeys"],
  },
  {
    what: "a flag by the name of a header that says who the client is",
    body: { state: "ENABLED", conditionConfig: DENY.conditionConfig, flag: { headers: [{ name: "X-Forwarded-For", value: "1" }] } },
    fields: ["flag/headers/0/name"],
  },
  {
    what: "a flag that would end its line",
    body: { state: "ENABLED", conditionConfig: DENY.conditionConfig, flag: { headers: [{ name: "X-A", value: "1\r\nX-B: 2" }] } },
    fields: ["flag/headers/0/value"],
  },
  {
    what: "what is no number of a network, told once each",
    body: { ...DENY, conditionConfig: { asns: ["AS64500", -1] } },
    fields: ["conditionConfig/asns/0", "conditionConfig/asns/1"],
  },
  { what: "an end that is past", body: { ...DENY, expireTime: "2026-01-01T00:00:00+02:00" }, fields: ["expireTime"] },
  { what: "an end that is now, among other faults", body: { ...DENY, state: "ON", ttl: "0.0s" }, fields: ["state", "ttl"] },
  { what: "ttl beside expireTime", body: { ...DENY, ttl: "1s", expireTime: "2030-01-01T00:00:00Z" }, fields: ["ttl"] },
];

test.each(refused)("refused: $what", async ({ body, fields }) => {
  const answer = await create("bad", body);
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  expect([...faultsOf(answer)].toSorted()).toEqual([...fields].toSorted());
  expect(await enforced()).toEqual([]);
});

test.each(["", "Ban", "-ban", "ban-", `a${"b".repeat(63)}`])("refused: the id «%s»", async (id) => {
  expect(verdictOf(await create(id))).toBe("400 INVALID_ARGUMENT QUERY_INVALID");
});

test("an id is taken once, and one that is not there is not found", async () => {
  await create("ban");
  expect(verdictOf(await create("ban"))).toBe("409 ALREADY_EXISTS SECURITY_ACTION_EXISTS");
  for (const line of ["GET /demo/securityActions/none", "DELETE /demo/securityActions/none", "POST /demo/securityActions/none:enable"]) {
    expect(verdictOf(await ask(line, line.startsWith("POST") ? { body: {} } : {}))).toBe("404 NOT_FOUND SECURITY_ACTION_NOT_FOUND");
  }
});

describe("changes", () => {
  beforeEach(() => create("ban"));

  test("a mask changes only what it names", async () => {
    const body = { description: "noisy", state: "DISABLED" };
    const answer = await ask("PATCH /demo/securityActions/ban?updateMask=description", { body });
    expect(answer.body).toMatchObject({ description: "noisy", state: "ENABLED", conditionConfig: DENY.conditionConfig });
  });

  test("an effect takes the place of the one before", async () => {
    const { body } = await ask("PATCH /demo/securityActions/ban?updateMask=allow", { body: { allow: {} } });
    expect(body.allow).toEqual({});
    expect(body.deny).toBeUndefined();
  });

  test("one that has expired may be changed, and not to another end that is past", async () => {
    await ask("PATCH /demo/securityActions/ban?updateMask=ttl", { body: { ttl: "0.001s" } });
    const { body: expired } = await vi.waitFor(async () => {
      const found = await ask("GET /demo/securityActions/ban");
      expect(Date.parse(found.body.expireTime)).toBeLessThan(Date.now());
      return found;
    }, PATIENT);
    expect((await ask("PATCH /demo/securityActions/ban", { body: { ...expired, description: "noisy" } })).status).toBe(200);
    expect((await ask("PATCH /demo/securityActions/ban?updateMask=description", { body: { description: "" } })).status).toBe(200);
    const earlier = { ...expired, expireTime: "2026-01-01T00:00:00Z" };
    expect(faultsOf(await ask("PATCH /demo/securityActions/ban", { body: earlier }))).toEqual(["expireTime"]);
    expect((await ask("PATCH /demo/securityActions/ban?updateMask=ttl", { body: { ttl: "60s" } })).status).toBe(200);
  });

  test("without a mask the body is the whole action", async () => {
    await ask("PATCH /demo/securityActions/ban?updateMask=description", { body: { description: "noisy" } });
    const { body } = await ask("PATCH /demo/securityActions/ban", { body: { ...DENY, deny: { responseCode: 404 } } });
    expect(body.deny).toEqual({ responseCode: 404 });
    expect(body.description).toBeUndefined();
  });

  test("a mask that leads nowhere is refused", async () => {
    const answer = await ask("PATCH /demo/securityActions/ban?updateMask=nothing", { body: {} });
    expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
    expect(faultsOf(answer)).toEqual(["updateMask"]);
  });

  test("it is disabled and enabled, each only from the other", async () => {
    expect(verdictOf(await ask("POST /demo/securityActions/ban:enable", { body: {} }))).toBe(
      "400 FAILED_PRECONDITION SECURITY_ACTION_STATE",
    );
    expect((await ask("POST /demo/securityActions/ban:disable", { body: {} })).body.state).toBe("DISABLED");
    expect(await enforced()).toEqual([]);
    expect((await ask("POST /demo/securityActions/ban:enable", { body: {} })).body.state).toBe("ENABLED");
    expect(await enforced()).toHaveLength(1);
  });

  test("all of them are paused and resumed", async () => {
    expect((await ask("GET /demo/securityActionsConfig")).body).toEqual({ name: `${NAME.replace(/Actions\/$/, "ActionsConfig")}` });
    const paused = await ask("PATCH /demo/securityActionsConfig?updateMask=enabled", { body: { enabled: false } });
    expect(paused.body).toMatchObject({ enabled: false, updateTime: expect.any(String) });
    expect(await enforced()).toEqual([]);
    await ask("PATCH /demo/securityActionsConfig", { body: { enabled: true } });
    expect(await enforced()).toHaveLength(1);
  });

  test("they stay whatever else changes, and no rollback lets anybody in", async () => {
    await ask("PATCH /demo?updateMask=client_ip_resolution_config", { body: { clientIpResolutionConfig: headerIndex(-2) } });
    await ask("POST /demo/routes", { body: { name: "all", target: "http://127.0.0.1:9000" } });
    await ask("POST /demo:rollback", { body: { revisionId: "1" } });
    expect(await enforced()).toMatchObject([{ name: "ban" }]);
  });

  test("a deleted environment comes back with them", async () => {
    await ask("DELETE /demo");
    await ask("POST /demo:rollback", { body: { revisionId: "2" } });
    expect(await enforced()).toMatchObject([{ name: "ban" }]);
  });

  test("history tells of them, and If-Match guards them", async () => {
    expect((await ask("GET /demo/revisions/2")).body.changes).toMatchObject([{ kind: "added", pointer: "/securityActions" }]);
    const answer = await ask("DELETE /demo/securityActions/ban", { headers: { "if-match": '"r1"' } });
    expect(verdictOf(answer)).toBe("412 ABORTED REVISION_STALE");
  });
});

test("they are listed newest first, by pages and by filter", async () => {
  await create("one");
  await create("two", { ...DENY, state: "DISABLED" });
  await create("three", { ...DENY, apiProxies: ["orders"] });
  const names = async (query: string): Promise<string[]> =>
    (await ask(`GET /demo/securityActions?${query}`)).body.securityActions.map(({ name }: Json) => name.slice(NAME.length));
  expect(await names("")).toEqual(["three", "two", "one"]);
  const { body } = await ask("GET /demo/securityActions?pageSize=2");
  expect(await names(`pageToken=${body.nextPageToken}`)).toEqual(["one"]);
  expect(await names(`filter=${encodeURIComponent("state = ACTIVE")}`)).toEqual(["three", "one"]);
  expect(await names(`filter=${encodeURIComponent('state = ENABLED AND apiProxies:"orders"')}`)).toEqual(["three"]);
  expect(verdictOf(await ask("GET /demo/securityActions?filter=name%3Da"))).toBe("400 INVALID_ARGUMENT QUERY_INVALID");
});

test("there is room for so many", async () => {
  const { ask: askSmall, control } = await openTestControl({ limits: { maxSecurityActions: 1 } });
  await control.seedEnvironment({ organization: "local", name: "demo", clientIpResolutionConfig: {}, routes: [] });
  await askSmall("POST /demo/securityActions?securityActionId=a", { body: DENY });
  const answer = await askSmall("POST /demo/securityActions?securityActionId=b", { body: DENY });
  expect(verdictOf(answer)).toBe("400 FAILED_PRECONDITION TOO_MANY_SECURITY_ACTIONS");
});
