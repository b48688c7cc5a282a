import { join } from "node:path";
import { auditFaults, snapshotSchema } from "@wherefrom/model";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type ControlUnderTest, headerIndex, type Json, openTestControl, temporaryFolder } from "./control-under-test.ts";
import { change, FIRST, OTHER, report } from "./fleet-under-test.ts";
import { type GatewayStream, openStream } from "./gateway-stream.ts";
import { hasPostgres, openCluster, type PostgresCluster } from "./postgres-cluster.ts";

const PATIENCE = { timeout: 15_000, interval: 50 };
const DENY = { state: "ENABLED", conditionConfig: { ipAddressRanges: ["203.0.113.0/24"] }, deny: {} };
const BANS = 6;

/** All that a stream brings, by revision, as it comes. */
function keep(stream: GatewayStream): Map<number, Json> {
  const got = new Map<number, Json>();
  const read = async (): Promise<void> => {
    for (let event = await stream.next(); event !== undefined; event = await stream.next()) {
      if (event.data !== undefined) got.set(event.data.revision, event.data);
    }
  };
  read().catch(() => undefined);
  return got;
}

const newest = (got: Map<number, Json>): Json => got.get(Math.max(...got.keys()));

describe.runIf(hasPostgres)("two controls on one database, while a change is tried", () => {
  let cluster: PostgresCluster;
  beforeAll(async () => {
    cluster = await openCluster("fsync=off");
  });
  afterAll(() => cluster.stop());

  test("bans at both nodes at a time reach every gateway, no revision says two things, and of two promotions one is it", async () => {
    const database = await cluster.database();
    const snapshotKey = { file: join(await temporaryFolder(), "key.pem") };
    const open = (): Promise<ControlUnderTest> => openTestControl({ database, snapshotKey, limits: { maxPublishWaitMs: 1 } });
    const [left, right] = [await open(), await open()];
    await left.control.seedEnvironment({ organization: "local", name: "demo", clientIpResolutionConfig: headerIndex(-1) });
    const [first, other] = [keep(await openStream(left, FIRST)), keep(await openStream(right, OTHER))];
    await Promise.all([report(left, FIRST, 1), report(right, OTHER, 1)]);
    // the second node hears of the other's gateways by the database
    await vi.waitFor(async () => expect((await left.ask("GET /demo/rollout")).body.gateways).toHaveLength(2), PATIENCE);
    expect((await change(left, 3)).status).toBe(200);
    const ban = ({ ask }: ControlUnderTest, name: string) => ask(`POST /demo/securityActions?securityActionId=${name}`, { body: DENY });
    const bans = Array.from({ length: BANS }, (_, number) => ban(number % 2 === 0 ? left : right, `ban-${number}`));
    for (const { status } of await Promise.all(bans)) expect(status).toBe(200);
    await vi.waitFor(() => {
      expect([newest(first)?.revision, newest(other)?.revision]).toEqual([2 + 2 * BANS, 1 + 2 * BANS]);
    }, PATIENCE);
    expect([newest(first), newest(other)].map(({ clientIpResolutionConfig }) => clientIpResolutionConfig)).toEqual([
      headerIndex(3),
      headerIndex(-1),
    ]);
    for (const got of [first, other]) expect(newest(got).securityActions).toHaveLength(BANS);
    const ended = await Promise.all([left.ask("POST /demo:promote"), right.ask("POST /demo:promote")]);
    expect(ended.map(({ status }) => status).toSorted()).toEqual([200, 400]);
    await vi.waitFor(() => expect([newest(first).revision, newest(other).revision]).toEqual([3 + 2 * BANS, 3 + 2 * BANS]), PATIENCE);
    expect(newest(first)).toEqual(newest(other));
    expect(newest(first)).toMatchObject({ clientIpResolutionConfig: headerIndex(3), securityActions: Array(BANS).fill({}) });
    for (const [revision, snapshot] of first)
      expect([snapshotSchema.parse(snapshot), other.get(revision) ?? snapshot]).toEqual([snapshot, snapshot]);
    const log = (await right.ask("GET //v1/organizations/local/auditLog?pageSize=100")).body.entries;
    expect(auditFaults([...log].reverse())).toEqual([]);
    expect(log.filter(({ resource }: Json) => resource.endsWith("/demo")).map(({ revision }: Json) => revision)).toEqual(
      Array.from({ length: 3 + 2 * BANS }, (_, index) => 3 + 2 * BANS - index),
    );
  });
});
