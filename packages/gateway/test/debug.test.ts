import { openGateway } from "@wherefrom/gateway";
import { DEBUG_VARIABLES, type DebugPoint, type DeliveredTransaction, deliveredTransactionSchema } from "@wherefrom/model";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Mask } from "../src/debug/mask.ts";
import { handSource, openTestGateway, snapshotOf, type TestGateway, unhurried } from "./rig/gateway.ts";
import { openTarget, type Target } from "./rig/target.ts";
import { ask, until } from "./rig/wire.ts";

const policy = { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -1 } };
const LATER = "2999-01-01T00:00:00.000Z";
const sessionOf = (fields: object = {}) => ({
  id: "s1",
  api: "route-0",
  filter: "",
  count: 10,
  expireTime: LATER,
  maskedVariables: [],
  ...fields,
});

let target: Target;
let gateway: Pick<TestGateway, "port" | "close">;
let delivered: DeliveredTransaction[];

beforeEach(async () => {
  delivered = [];
  target = await openTarget();
});
afterEach(async () => {
  await gateway.close();
  await target.close();
});

/** A gateway whose source takes what is recorded, as one that follows control does. */
async function open(debugSessions: readonly object[], more: object = {}): Promise<void> {
  const snapshot = { ...snapshotOf([{ target: target.origin, basePath: "/shop" }], { policy }), debugSessions, ...more };
  const source = { ...handSource(snapshot), deliver: (transaction: DeliveredTransaction) => void delivered.push(transaction) };
  const opened = await openGateway({ listeners: [{ port: 0 }], source, limits: unhurried });
  const [place] = opened.listeners;
  gateway = { close: () => opened.close(), port: place?.kind === "tcp" ? place.port : 0 };
}

const get = (path: string, ...lines: string[]) => ask(gateway.port, `GET ${path} HTTP/1.1`, "Host: a", ...lines);

/** Properties of the points of one id, in order. */
function infos(id: string, at = 0): readonly Record<string, string>[] {
  const points = delivered[at]?.transaction.point.filter((point) => point.id === id) ?? [];
  return points.flatMap(({ results }) => results.map(propertiesOf));
}

function propertiesOf({ properties }: DebugPoint["results"][number]): Record<string, string> {
  return Object.fromEntries(properties?.property?.map(({ name, value }) => [name, value]) ?? []);
}

test("the FlowInfo of the seed stands just before the proxy's request flow", async () => {
  await open([sessionOf()]);
  await get("/shop/cart?x=1", "X-Forwarded-For: 192.0.2.1, 192.0.2.2");
  await until(() => delivered.length === 1);
  expect(deliveredTransactionSchema.parse(delivered[0])).toEqual(delivered[0]);
  const { completed, point } = delivered[0]?.transaction ?? { completed: false, point: [] };
  expect(completed).toBe(true);
  const started = point.findIndex(({ results }) => results.some((result) => propertiesOf(result)["To"] === "PROXY_REQ_FLOW"));
  const before = point[started - 1];
  expect(before?.id).toBe("FlowInfo");
  expect(before?.results.map(propertiesOf)).toMatchObject([
    {
      "client_ip_resolution.resolved.ip": "192.0.2.2",
      "client_ip_resolution.used.fallback": "false",
      "client_ip_resolution.algorithm": "HeaderIndexAlgorithm{IpHeaderName:X-Forwarded-For, IpHeaderIndex: -1}",
    },
    { "wherefrom.explanation.1": expect.any(String) },
  ]);
  expect(
    infos("StateChange")
      .map(({ From, To }) => From && `${From} ${To}`)
      .filter(Boolean),
  ).toEqual([
    "REQ_START REQ_HEADERS_PARSED",
    "REQ_HEADERS_PARSED PROXY_REQ_FLOW",
    "PROXY_REQ_FLOW TARGET_REQ_FLOW",
    "TARGET_REQ_FLOW REQ_SENT",
    "REQ_SENT RESP_START",
    "RESP_START TARGET_RESP_FLOW",
    "TARGET_RESP_FLOW PROXY_RESP_FLOW",
    "PROXY_RESP_FLOW RESP_SENT",
    "RESP_SENT END",
  ]);
  // in Apigee's order, too
  expect(infos("FlowInfo").map((info) => Object.keys(info)[0])).toEqual([
    "environment.name",
    "organization.name",
    "apiproxy.name",
    "proxy.basepath",
    "client_ip_resolution.resolved.ip",
    "wherefrom.explanation.1",
    "api_security_action.action",
    "target.url",
  ]);
  expect(infos("FlowInfo")).toContainEqual({ "target.url": target.origin, "target.attempts": "1" });
});

test("a fallback shows, and so does a request that a security action denies", async () => {
  const securityActions = [
    {
      name: "no",
      state: "ENABLED",
      conditionConfig: { httpMethods: ["GET"] },
      deny: { responseCode: 403 },
      matchUnverified: false,
      isObserved: false,
    },
  ];
  await open([sessionOf()], { securityActions });
  await get("/shop");
  await until(() => delivered.length === 1);
  expect(infos("FlowInfo")).toContainEqual(expect.objectContaining({ "client_ip_resolution.used.fallback": "true" }));
  expect(infos("FlowInfo")).toContainEqual(
    expect.objectContaining({ "api_security_action.action": "DENY", "api_security_action.name": "no" }),
  );
  const messages = delivered[0]?.transaction.point.flatMap(({ results }) => results.filter(({ statusCode }) => statusCode !== undefined));
  expect(messages).toMatchObject([
    { ActionResult: "ErrorMessage", content: "CLIENT_DENIED", statusCode: "403" },
    { ActionResult: "ResponseMessage", statusCode: "403", reasonPhrase: "Forbidden" },
  ]);
});

test("what tells who somebody is or lets him in is hidden", async () => {
  await open([sessionOf({ maskedVariables: ["request.header.x-customer", "request.queryparam.name"] })]);
  const sent = ["Authorization: Basic QQ==", "Cookie: a=b", "X-Api-Key: k", "X-Customer: ann", "X-Open: yes"];
  await get("/shop?access_token=t&name=ann&page=2", ...sent);
  await until(() => delivered.length === 1);
  const text = JSON.stringify(delivered);
  for (const secret of ["QQ==", "a=b", '"k"', "ann", "=t&"]) expect(text).not.toContain(secret);
  const message = delivered[0]?.transaction.point[0]?.results[1];
  expect(message).toMatchObject({ verb: "GET", uRI: "/shop?access_token=*****&name=*****&page=2" });
  expect(message?.headers).toContainEqual({ name: "X-Open", value: "yes" });
  expect(message?.headers).toContainEqual({ name: "Cookie", value: "*****" });
});

/** Names of all that points tell but states and executions. */
const told = (): readonly string[] =>
  infos("FlowInfo").flatMap((info) => Object.keys(info).map((name) => name.replace(/^(wherefrom\.explanation)\.\d+$/, "$1")));

test("every variable that a request tells can be hidden by its name, and no other name is taken", async () => {
  await open([sessionOf(), sessionOf({ id: "s2", maskedVariables: DEBUG_VARIABLES })], {
    securityActions: [
      {
        name: "some",
        state: "ENABLED",
        conditionConfig: { httpMethods: ["GET"] },
        flag: { headers: [{ name: "x-some", value: "1" }] },
        matchUnverified: false,
        isObserved: false,
      },
    ],
  });
  await get("/shop/cart?x=1", "X-Forwarded-For: unknown");
  await until(() => delivered.length === 2);
  expect([...new Set(["request.uri", ...told()])].toSorted()).toEqual([...DEBUG_VARIABLES].toSorted());
  const hidden = infos("FlowInfo", 1).flatMap((info) => Object.values(info));
  expect(new Set(hidden)).toEqual(new Set(["*****"]));
  expect(delivered[1]?.transaction.point[0]?.results[1]).toMatchObject({ uRI: "*****" });
});

test("a target that does not answer has no states of an answer", async () => {
  await open([sessionOf()]);
  await target.close();
  await get("/shop");
  await until(() => delivered.length === 1);
  expect(
    infos("StateChange")
      .map(({ From, To }) => From && `${From} ${To}`)
      .filter(Boolean)
      .slice(-3),
  ).toEqual(["TARGET_REQ_FLOW REQ_SENT", "REQ_SENT RESP_SENT", "RESP_SENT END"]);
});

test.each([
  ["/a?%61pi_key=1", "/a?%61pi_key=*****"],
  ["/a?api%2Dkey=1&b", "/a?api%2Dkey=*****&b"],
  ["/a?%zz=1", "/a?%zz=1"],
  ["/a?b=1?c=2", "/a?b=1?c=2"],
  ["/a?token=b;c?d=e&f=1", "/a?token=*****&f=1"],
  ["/a?b=1;token=c&d=2", "/a?b=1;token=*****&d=2"],
  ["/a?code=x&key=y&sig=z&SAMLResponse=s&postcode=1", "/a?code=*****&key=*****&sig=*****&SAMLResponse=*****&postcode=1"],
  ["/a#access_token=t&state=1", "/a#access_token=*****&state=1"],
  ["/a?b=1#id_token=t", "/a?b=1#id_token=*****"],
])("the values of secret parameters are hidden however they are spelt: %s", (given, expected) => {
  expect(new Mask([]).uri(given)).toBe(expected);
});

test.each([
  ["Location", "https://a.example/cb?code=x&b=1", "https://a.example/cb?code=*****&b=1"],
  ["referer", "https://a.example/?access_token=x", "https://a.example/?access_token=*****"],
  ["X-Original-URL", "/a?token=x", "/a?token=*****"],
  ["X-Original-URI", "/a?token=x", "/a?token=*****"],
  ["Refresh", "0; url=/a?token=x", "0; url=/a?token=*****"],
  ["User-Agent", "a?b=1", "a?b=1"],
])("secret parameters are hidden in a field that holds an address of a page: %s", (name, given, expected) => {
  expect(new Mask([]).field(name, given)).toBe(expected);
});

const filters = [
  { filter: 'request.verb = "POST"', taken: 0 },
  { filter: 'proxy.pathsuffix MatchesPath "/cart/**" and request.queryparam.x = "1"', taken: 1 },
  { filter: 'request.header.x-forwarded-for.1 = "192.0.2.1"', taken: 1 },
  { filter: 'client.resolved.ip = "192.0.2.2"', taken: 1 },
];

test.each(filters)("a filter chooses: $filter", async ({ filter, taken }) => {
  await open([sessionOf({ filter }), sessionOf({ id: "all" })]);
  await get("/shop/cart/7?x=1", "X-Forwarded-For: 192.0.2.1, 192.0.2.2");
  await until(() => delivered.some(({ session }) => session === "all"));
  expect(delivered.filter(({ session }) => session === "s1")).toHaveLength(taken);
});

test("a session ends by its count and its time, and is for its own route", async () => {
  const sessions = [
    sessionOf({ id: "two", count: 2 }),
    sessionOf({ id: "over", expireTime: "2020-01-01T00:00:00.000Z" }),
    sessionOf({ id: "other", api: "x" }),
    sessionOf({ id: "all" }),
  ];
  await open(sessions);
  for (let sent = 0; sent < 3; sent++) await get("/shop");
  await until(() => delivered.filter(({ session }) => session === "all").length === 3);
  expect(delivered.filter(({ session }) => session !== "all").map(({ session }) => session)).toEqual(["two", "two"]);
});

test("a source that cannot hand anything on loses it, and no request", async () => {
  const opened = await openTestGateway({ ...snapshotOf([{ target: target.origin }], { policy }), debugSessions: [sessionOf()] });
  gateway = opened;
  expect((await get("/")).status).toBe(200);
});
