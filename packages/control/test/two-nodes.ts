import { join } from "node:path";
import { auditFaults, snapshotSchema } from "@wherefrom/model";
import pg from "pg";
import { expect, onTestFinished, test, vi } from "vitest";
import { PATIENT } from "../../../tools/patience.ts";
import { openPostgresStore } from "../src/config-store/postgres.ts";
import { optionsOf } from "./config-store-contract.ts";
import { type ControlUnderTest, headerIndex, type Json, openTestControl, temporaryFolder } from "./control-under-test.ts";
import { change, FIRST, OTHER, report } from "./fleet-under-test.ts";
import { type GatewayStream, openStream } from "./gateway-stream.ts";

const DENY = { state: "ENABLED", conditionConfig: { ipAddressRanges: ["203.0.113.0/24"] }, deny: {} };
const BANS = 6;
const WAITING =
  "SELECT count(*)::int FROM pg_locks JOIN pg_database ON oid = database WHERE datname = current_database() AND NOT granted AND locktype = $1";

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

async function openTwo(database: string): Promise<readonly [left: ControlUnderTest, right: ControlUnderTest]> {
  const snapshotKey = { file: join(await temporaryFolder(), "key.pem") };
  const open = (): Promise<ControlUnderTest> => openTestControl({ database, snapshotKey, limits: { maxPublishWaitMs: 1 } });
  return [await open(), await open()];
}

/**
 * Has one write begin after another one has, and before that is stored. The first waits for a table that it may read and not write, and the second,
 * which has read what it reads before its turn, for the first.
 */
async function interleave<First, Second>(
  database: string,
  writes: { readonly first: () => Promise<First>; readonly second: () => Promise<Second> },
): Promise<readonly [First, Second]> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  onTestFinished(() => client.end());
  const untilWaiting = (kind: "relation" | "advisory"): Promise<void> =>
    vi.waitFor(async () => {
      const { rows } = await client.query(WAITING, [kind]);
      expect(rows).toEqual([{ count: 1 }]);
    }, PATIENT);
  await client.query("BEGIN");
  await client.query("LOCK TABLE wherefrom.environments IN EXCLUSIVE MODE");
  const first = writes.first();
  await untilWaiting("relation");
  const second = writes.second();
  await untilWaiting("advisory");
  await client.query("COMMIT");
  return Promise.all([first, second]);
}

/** What several controls on one database keep to. `databaseOf` makes one that holds nothing. */
export function describeTwoNodes(databaseOf: () => Promise<string>): void {
  test("bans at both nodes at a time reach every gateway, no revision says two things, and of two promotions one is it", async () => {
    const [left, right] = await openTwo(await databaseOf());
    await left.control.seedEnvironment({ organization: "local", name: "demo", clientIpResolutionConfig: headerIndex(-1) });
    const [first, other] = [keep(await openStream(left, FIRST)), keep(await openStream(right, OTHER))];
    await Promise.all([report(left, FIRST, 1), report(right, OTHER, 1)]);
    // the second node hears of the other's gateways by the database
    await vi.waitFor(async () => expect((await left.ask("GET /demo/rollout")).body.gateways).toHaveLength(2), PATIENT);
    expect((await change(left, 3)).status).toBe(200);
    const ban = ({ ask }: ControlUnderTest, name: string) => ask(`POST /demo/securityActions?securityActionId=${name}`, { body: DENY });
    const bans = Array.from({ length: BANS }, (_, number) => ban(number % 2 === 0 ? left : right, `ban-${number}`));
    for (const { status } of await Promise.all(bans)) expect(status).toBe(200);
    await vi.waitFor(() => {
      expect([newest(first)?.revision, newest(other)?.revision]).toEqual([2 + 2 * BANS, 1 + 2 * BANS]);
    }, PATIENT);
    expect([newest(first), newest(other)].map(({ clientIpResolutionConfig }) => clientIpResolutionConfig)).toEqual([
      headerIndex(3),
      headerIndex(-1),
    ]);
    for (const got of [first, other]) expect(newest(got).securityActions).toHaveLength(BANS);
    const ended = await Promise.all([left.ask("POST /demo:promote"), right.ask("POST /demo:promote")]);
    expect(ended.map(({ status }) => status).toSorted()).toEqual([200, 400]);
    await vi.waitFor(() => expect([newest(first).revision, newest(other).revision]).toEqual([3 + 2 * BANS, 3 + 2 * BANS]), PATIENT);
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

  const ROLLED_OUT = { name: "demo", rollout: { share: 50 } };
  const withIndex = (index: number) => ({ ...ROLLED_OUT, clientIpResolutionConfig: headerIndex(index) });

  test("what is applied to an environment that the other node makes meanwhile is tried on some of its gateways first", async () => {
    const database = await databaseOf();
    const [left, right] = await openTwo(database);
    const store = await openPostgresStore(database, optionsOf());
    onTestFinished(() => store.close());
    const heard = (name: string) => ({ organization: "local", environment: "demo", name, heardAt: Date.now(), report: { revision: 1 } });
    await store.saveGateways([FIRST, OTHER].map(heard), { forgetBefore: 0 });
    const [made, applied] = await interleave(database, {
      first: () => left.ask("POST ", { body: withIndex(-1) }),
      second: () => right.ask("POST //v1/organizations/local:apply", { body: { environments: [withIndex(3)] } }),
    });
    expect([made.status, applied.body.changes.map(({ change: kind }: Json) => kind)]).toEqual([200, ["UPDATED"]]);
    expect((await left.ask("GET /demo/rollout")).body).toMatchObject({ state: "STAGED", stage: { firstGateways: [FIRST] } });
  });

  test("a rollback that names no revision undoes what the other node writes meanwhile, and says to where", async () => {
    const database = await databaseOf();
    const [left, right] = await openTwo(database);
    await left.ask("POST ", { body: { name: "demo", clientIpResolutionConfig: headerIndex(-1) } });
    await change(left, -2, {});
    const [, back] = await interleave(database, {
      first: () => change(left, -3, {}),
      second: () => right.ask("POST /demo:rollback", { body: {} }),
    });
    expect(back.body).toMatchObject({ clientIpResolutionConfig: headerIndex(-2) });
    expect((await left.ask("GET /demo/revisions/4")).body.reason).toBe("Back to revision 2");
  });

  test("what a gateway hands to one node is listed, followed and deleted at the other", async () => {
    const [left, right] = await openTwo(await databaseOf());
    const routes = [{ name: "all", target: "http://127.0.0.1:9000" }];
    await left.control.seedEnvironment({ organization: "local", name: "demo", routes });
    const sessions = "/demo/apis/all/revisions/1/debugsessions";
    const data = `${sessions}/${(await right.ask(`POST ${sessions}`, { body: {} })).body.name}/data`;
    const transaction = { completed: true, point: [] };
    const deliver = async ({ ask }: ControlUnderTest, id: string) => {
      const body = { transactions: [{ session: data.split("/").at(-2), id, transaction }] };
      expect((await ask("POST /demo/gateways/g:deliverTransactions", { body })).status).toBe(200);
    };
    await deliver(left, "t1");
    expect((await right.ask(`GET ${data}`)).body.transactions).toEqual([{ id: "t1", gateway: "g", transaction }]);
    expect((await right.ask(`GET ${data}/t1`)).body).toEqual(transaction);
    const tail = await right.get(data, { headers: { accept: "text/event-stream" } });
    const text = tail.text();
    await deliver(left, "t2");
    await deliver(right, "t3");
    await vi.waitFor(async () => expect((await right.ask(`GET ${data}`)).body.transactions).toHaveLength(3), PATIENT);
    // the tail ends with the session, and begins and ends with all that there is
    await left.ask(`DELETE ${data.replace(/\/data$/, "")}`);
    expect([...(await text).matchAll(/^id: (\S+)$/gm)].map(([, id]) => id).toSorted()).toEqual(["t1", "t2", "t3"]);
    await left.ask(`DELETE ${data}`);
    expect((await right.ask(`GET ${data}`)).body.transactions).toEqual([]);
  });
}
