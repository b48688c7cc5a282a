import { afterAll, beforeAll, expect, test } from "vitest";
import type { Offered } from "../src/index.ts";
import { prepareActions } from "../src/snapshot/prepare-actions.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { linesOf, openTarget, type Target } from "./rig/target.ts";
import { ask } from "./rig/wire.ts";

const ACTIONS = 5;
const RANGES = 10_000;

let target: Target;
let gateway: TestGateway;

beforeAll(async () => {
  target = await openTarget();
  gateway = await openTestGateway(snapshot(1, 1));
});
afterAll(async () => {
  await gateway.close();
  await target.close();
});

/** Many clients that are flagged with the revision, and a policy that takes another hop in each revision. */
function snapshot(revision: number, actions: number): object {
  const policy = { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -revision, trustedPeers: ["127.0.0.1"] } };
  return { ...snapshotOf([{ target: target.origin }], { policy, revision }), ...lists(revision, actions) };
}

function lists(revision: number, actions: number) {
  const ranges = (at: number): string[] => Array.from({ length: RANGES }, (_, index) => `10.${at}.${index >> 8}.${index & 255}`);
  const securityActions = Array.from({ length: actions }, (_, at) => ({
    name: `a${at}`,
    state: "ENABLED",
    conditionConfig: { ipAddressRanges: ranges(at) },
    flag: { headers: [{ name: "X-Revision", value: String(revision) }] },
  }));
  return { securityActions };
}

/** What a target is told of one request: which hop is the client, and by which revision he was flagged. */
async function told(): Promise<string> {
  expect((await ask(gateway.port, "GET / HTTP/1.1", "Host: a", "X-Forwarded-For: 10.0.0.3, 10.0.0.2, 10.0.0.1")).status).toBe(200);
  const received = target.received.at(-1) ?? { fields: [] };
  return [...linesOf(received, "X-Real-IP"), ...linesOf(received, "X-Revision")].join(" by ");
}

test("while many rules are built requests go on by the old ones, and each is answered by one snapshot as a whole", async () => {
  const offered = gateway.source.offer(snapshot(2, ACTIONS)) as Offered | Promise<Offered>;
  expect(offered).toBeInstanceOf(Promise);
  // offered meanwhile: it comes after the one before it, though it is built at once
  const next = gateway.source.offer(snapshot(3, 1)) as Offered | Promise<Offered>;
  const heard: string[] = [];
  let isOver = false;
  const both = Promise.all([offered, next]).finally(() => {
    isOver = true;
  });
  while (!isOver) heard.push(await told());
  expect((await both).map((each) => each.kind === "applied" && each.revision)).toEqual([2, 3]);
  heard.push(await told());
  expect(heard[0]).toBe("10.0.0.1 by 1");
  expect(heard.at(-1)).toBe("10.0.0.3 by 3");
  const known = ["10.0.0.1 by 1", "10.0.0.2 by 2", "10.0.0.3 by 3"];
  expect(heard.filter((each) => !known.includes(each))).toEqual([]);
  expect(heard).toEqual(heard.toSorted());
});

test("they are built in many turns of the loop", async () => {
  let turns = 0;
  const prepared = prepareActions(lists(4, ACTIONS));
  let isBuilt = false;
  void prepared.finally(() => {
    isBuilt = true;
  });
  while (!isBuilt) {
    await new Promise((resolve) => setImmediate(resolve));
    turns += 1;
  }
  expect((await prepared).securityActions?.isEmpty).toBe(false);
  expect(turns).toBeGreaterThan(3);
});

test("one that is faulty among many is refused as a whole, with its place, and the running ones go on", async () => {
  const faulty = snapshot(5, ACTIONS) as { securityActions: { conditionConfig: { ipAddressRanges: string[] } }[] };
  faulty.securityActions[3]?.conditionConfig.ipAddressRanges.splice(9, 1, "10.0.0.1/8");
  const offered = await (gateway.source.offer(faulty) as Offered | Promise<Offered>);
  expect(offered).toMatchObject({ kind: "refused", running: 3 });
  expect(offered.kind === "refused" && offered.issues.map(({ pointer }) => pointer)).toEqual([
    "/securityActions/3/conditionConfig/ipAddressRanges/9",
  ]);
  expect(await told()).toBe("10.0.0.3 by 3");
});
