import { type Admin, openAdmin } from "@wherefrom/gateway";
import { type SecurityAction, securityActionSchema } from "@wherefrom/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestGateway, portOf, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { linesOf, openTarget, type Target } from "./rig/target.ts";
import { ask } from "./rig/wire.ts";

const actionOf = (fields: object): SecurityAction => securityActionSchema.parse({ name: "a", state: "ENABLED", ...fields });

describe("in the gateway", () => {
  let target: Target;
  let gateway: TestGateway;
  let admin: Admin;
  /** Names of the action that decided, and of the one that would have. */
  const records: (readonly [string | undefined, string | undefined])[] = [];
  const policy = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.1"] } };
  const securityActions = [
    actionOf({ name: "no", conditionConfig: { ipAddressRanges: ["203.0.113.0/24"] }, deny: { responseCode: 429 } }),
    actionOf({
      name: "mark",
      conditionConfig: { ipAddressRanges: ["198.51.100.0/24"] },
      flag: { headers: [{ name: "X-Mark", value: "seen" }] },
    }),
    actionOf({ name: "try", conditionConfig: { httpMethods: ["DELETE"] }, deny: {}, isObserved: true }),
  ];

  beforeAll(async () => {
    target = await openTarget();
    const snapshot = { ...snapshotOf([{ target: target.origin }], { policy }), securityActions };
    gateway = await openTestGateway(snapshot, {
      listeners: [{ port: 0 }, { port: 0, decide: { trustedPeers: ["127.0.0.1"] } }],
      onExchange: ({ securityAction, observedAction }) => records.push([securityAction?.name, observedAction?.name]),
    });
    admin = await openAdmin({ port: 0 });
    admin.show(gateway);
  });
  afterAll(async () => {
    await admin.close();
    await gateway.close();
    await target.close();
  });

  const ABOUT = ["X-Original-Peer: 127.0.0.1", "X-Original-Host: a", "X-Original-Uri: /"];

  const from = (ip: string, ...lines: string[]) => ask(gateway.port, "GET / HTTP/1.1", "Host: a", `X-Forwarded-For: ${ip}`, ...lines);

  const lastSeen = (name: string): readonly string[] => linesOf(target.received.at(-1) ?? { fields: [] }, name);

  test("a denied client is answered here, and no target sees it", async () => {
    const before = target.received.length;
    const { status, body } = await from("203.0.113.5");
    expect({ status, code: JSON.parse(body).error.code, seen: target.received.length }).toEqual({
      status: 429,
      code: "CLIENT_DENIED",
      seen: before,
    });
  });

  test("a flagged client is told of to the target, and nobody can flag himself", async () => {
    await from("198.51.100.7", "X-Mark: mine", "X.Mark: mine");
    expect(lastSeen("x-mark")).toEqual(["seen"]);
    expect(lastSeen("x.mark")).toEqual([]);
    await from("192.0.2.1", "x-mark: mine");
    expect(lastSeen("x-mark")).toEqual([]);
  });

  test("an engine that asks is told of both", async () => {
    const about = [...ABOUT, "X-Original-Method: GET"];
    const askAbout = (ip: string) =>
      ask(portOf(gateway, 1), "GET /forward-auth HTTP/1.1", "Host: d", ...about, `X-Forwarded-For: ${ip}`, "X-Mark: mine");
    const denied = await askAbout("203.0.113.5");
    expect([denied.status, JSON.parse(denied.body).error.code]).toEqual([429, "CLIENT_DENIED"]);
    const flagged = await askAbout("198.51.100.7");
    expect(flagged.head.match(/^X-(?:Mark|Wherefrom-Security-Action): .*$/gm)).toEqual([
      "X-Wherefrom-Security-Action: mark",
      "X-Mark: seen",
    ]);
    const neither = await askAbout("192.0.2.1");
    // What is left out of an answer stays what the client said.
    expect(neither.head.match(/^(?:x-mark|X-Wherefrom-Security-Action):.*$/gm)).toEqual(["X-Wherefrom-Security-Action: none", "x-mark: "]);
  });

  test("what an action did or would have done is counted, and told of each request", async () => {
    records.length = 0;
    await ask(gateway.port, "DELETE / HTTP/1.1", "Host: a", "X-Forwarded-For: 192.0.2.9");
    const about = [...ABOUT, "X-Original-Method: DELETE", "X-Forwarded-For: 198.51.100.7"];
    await ask(portOf(gateway, 1), "GET /forward-auth HTTP/1.1", "Host: d", ...about);
    expect(records).toEqual([
      [undefined, "try"],
      // a deny would have gone before the flag
      ["mark", "try"],
    ]);
    const text = await (await fetch(`${admin.url}/metrics`)).text();
    expect(text).toContain('wherefrom_security_actions_total{action="no",mode="enforced"} 2');
    expect(text).toContain('wherefrom_security_actions_total{action="try",mode="observed"} 2');
  });

  test("a changed snapshot changes the next answer", async () => {
    const snapshot = { ...snapshotOf([{ target: target.origin }], { policy, revision: 2 }), securityActions: [] };
    gateway.source.offer(snapshot);
    expect((await from("203.0.113.5")).status).toBe(200);
  });
});
