import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Gateway,
  type KeptSource,
  keptSource,
  type Notice,
  type Offered,
  openGateway,
  type SnapshotSink,
  type SnapshotSource,
} from "@wherefrom/gateway";
import { afterAll, afterEach, expect, test } from "vitest";
import { snapshotOf } from "./rig/gateway.ts";
import { until } from "./rig/wire.ts";

const folder = mkdtempSync(join(tmpdir(), "wherefrom-kept-"));
afterAll(() => rmSync(folder, { recursive: true }));

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

const revision = (number: number, more: object = {}): object => ({
  ...snapshotOf([{ target: "http://127.0.0.1:1" }], { revision: number }),
  ...more,
});

/** A source whose origin is away until the test says something. */
type DistantSource = SnapshotSource & { offer(snapshot: unknown): Promise<Offered>; lose(): Promise<void> };

function distantSource(): DistantSource {
  let opened: (sink: SnapshotSink) => void = () => undefined;
  const sink = new Promise<SnapshotSink>((resolve) => {
    opened = resolve;
  });
  return {
    open: async (given) => opened(given),
    close: async () => undefined,
    offer: async (snapshot) => (await sink).offer(snapshot),
    lose: async () => (await sink).control("away"),
  };
}

type Scene = {
  readonly source: DistantSource;
  readonly kept: KeptSource;
  readonly gateway: () => Promise<Gateway>;
  readonly notices: Notice[];
};

let names = 0;
const newName = (): string => `gateway-${names++}`;
/** Long enough for whatever is slow here, so that nothing proves itself and nobody is given up on by accident. */
const patient = { graceMs: 60_000, provenAfterMs: 60_000 };

/** A gateway that begins to open. It is open when it has a snapshot. */
function begin(name: string, timing: { graceMs?: number; provenAfterMs?: number } = {}): Scene {
  const source = distantSource();
  const kept = keptSource(source, {
    place: { folder: join(folder, "deep", "er"), name },
    organization: "local",
    environment: "demo",
    timing: { ...patient, ...timing },
  });
  const notices: Notice[] = [];
  const opening = openGateway({ listeners: [{ port: 0 }], source: kept, onNotice: (notice) => notices.push(notice) });
  opening.then(
    (gateway) => open.push(gateway),
    () => undefined,
  );
  return { source, kept, gateway: () => opening, notices };
}

const codes = (notices: readonly Notice[]): string[] => notices.map(({ code }) => code);
const pathOf = (name: string, what: string): string => join(folder, "deep", "er", `${name}.${what}`);

/** A gateway that ran these revisions and was stopped in good order. */
async function ran(name: string, revisions: readonly number[], timing: { provenAfterMs?: number } = {}): Promise<void> {
  const { source, gateway } = begin(name, timing);
  for (const number of revisions) await source.offer(revision(number));
  await (await gateway()).close();
  open.length = 0;
}

test("while control is away, the last snapshot is served from disk, and the gateway says so until control is back", async () => {
  const name = newName();
  await ran(name, [3, 4]);
  const { source, gateway, notices } = begin(name);
  await source.lose();
  const opened = await gateway();
  expect(opened.revision()).toBe(4);
  expect(await opened.readiness()).toEqual({ reasons: [], degraded: ["control-away", "last-good-snapshot"], revision: 4 });
  expect(codes(notices)).toEqual(["SNAPSHOT_APPLIED", "SNAPSHOT_KEPT_SERVED"]);
  await source.offer(revision(4));
  expect((await opened.readiness()).degraded).toEqual(["control-away"]);
  await source.offer(revision(5));
  expect(opened.revision()).toBe(5);
});

test("a source that says nothing is given up on after its time", async () => {
  const name = newName();
  await ran(name, [3]);
  const { gateway } = begin(name, { graceMs: 20 });
  expect((await gateway()).revision()).toBe(3);
});

test("control that answers in time is followed, whatever was kept", async () => {
  const name = newName();
  await ran(name, [7]);
  const { source, gateway, notices } = begin(name, { graceMs: 20 });
  await source.offer(revision(2));
  expect((await gateway()).revision()).toBe(2);
  // Longer than the time after which a kept snapshot would be served.
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect((await gateway()).revision()).toBe(2);
  expect(codes(notices)).toEqual(["SNAPSHOT_APPLIED"]);
});

test("with nothing kept the gateway waits, and does not open", async () => {
  const { source, gateway, notices } = begin(newName(), { graceMs: 10 });
  await source.lose();
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(notices).toEqual([]);
  await source.offer(revision(1));
  expect((await gateway()).revision()).toBe(1);
});

test("a refused snapshot is not kept", async () => {
  const name = newName();
  const { source, gateway } = begin(name);
  await source.offer(revision(1));
  expect(await source.offer(revision(2, { routes: [{ name: "" }] }))).toMatchObject({ kind: "refused", running: 1 });
  await (await gateway()).close();
  const next = begin(name);
  await next.source.lose();
  expect((await next.gateway()).revision()).toBe(1);
});

const spoilt: { says: string; spoil: (path: string) => void }[] = [
  { says: "half of it", spoil: (path) => truncateSync(path, Math.floor(statSync(path).size / 2)) },
  { says: "other content", spoil: (path) => writeFileSync(path, readFileSync(path, "utf8").replace('"revision":9', '"revision":8')) },
];

test.each(spoilt)("a file with $says is not served: the one that has proven itself is", async ({ spoil }) => {
  const name = newName();
  const first = begin(name, { provenAfterMs: 1 });
  await first.source.offer(revision(8));
  await until(() => wasWritten(name, "proven"));
  await (await first.gateway()).close();
  await ran(name, [9]);
  spoil(pathOf(name, "current"));
  const { source, gateway, notices } = begin(name);
  await source.lose();
  expect((await gateway()).revision()).toBe(8);
  expect(codes(notices)[0]).toBe("SNAPSHOT_KEPT_UNUSABLE");
});

test("what was kept of another environment is not served", async () => {
  const name = newName();
  const first = begin(name);
  await first.source.offer(revision(1));
  await (await first.gateway()).close();
  const source = distantSource();
  const kept = keptSource(source, { place: { folder: join(folder, "deep", "er"), name }, organization: "local", environment: "other" });
  const notices: Notice[] = [];
  await kept.open({
    offer: () => expect.fail("It was served"),
    notify: (notice) => notices.push(notice),
    control: () => undefined,
    served: () => undefined,
  });
  await source.lose();
  await kept.close();
  expect(codes(notices)).toEqual(["SNAPSHOT_KEPT_UNUSABLE"]);
});

function wasWritten(name: string, what: string): boolean {
  return statSync(pathOf(name, what), { throwIfNoEntry: false }) !== undefined;
}

/** Begins to run a snapshot and dies without a word: nothing is closed that could write. */
async function dies(name: string, number: number): Promise<Offered> {
  const source = distantSource();
  const kept = keptSource(source, { place: { folder: join(folder, "deep", "er"), name }, timing: patient });
  await kept.open({
    offer: (snapshot) => ({ kind: "applied", revision: (snapshot as { revision: number }).revision }),
    notify: () => undefined,
    control: () => undefined,
    served: () => undefined,
  });
  return source.offer(revision(number));
}

async function proven(name: string, number: number): Promise<void> {
  const { source, gateway } = begin(name, { provenAfterMs: 1 });
  await source.offer(revision(number));
  await until(() => wasWritten(name, "proven"));
  await (await gateway()).close();
}

test("a snapshot under which the process died three times is withdrawn: the proven one runs, and control is told why", async () => {
  const name = newName();
  await proven(name, 1);
  for (const time of [1, 2, 3]) expect(await dies(name, 2), `death ${time}`).toEqual({ kind: "applied", revision: 2 });
  const { source, gateway, notices } = begin(name);
  expect(await source.offer(revision(2))).toMatchObject({
    kind: "refused",
    running: 1,
    issues: [{ code: "SNAPSHOT_UNSTABLE", given: "2" }],
  });
  const opened = await gateway();
  expect(opened.revision()).toBe(1);
  expect((await opened.readiness()).degraded).toEqual(["snapshot-withdrawn"]);
  expect(codes(notices)).toContain("SNAPSHOT_WITHDRAWN");
  // Another one is another chance.
  expect(await source.offer(revision(3))).toEqual({ kind: "applied", revision: 3 });
  expect((await opened.readiness()).degraded).toEqual([]);
});

test("ends in good order are no deaths, and a proven snapshot is never withdrawn", async () => {
  const name = newName();
  await proven(name, 1);
  await dies(name, 2);
  await dies(name, 2);
  await ran(name, [2]);
  expect(await dies(name, 2)).toMatchObject({ kind: "applied" });
  for (const _time of [1, 2, 3, 4]) await dies(name, 1);
  const { source } = begin(name);
  expect(await source.offer(revision(1))).toEqual({ kind: "applied", revision: 1 });
});

test("with no other to run, the unstable one runs", async () => {
  const name = newName();
  for (const _time of [1, 2, 3, 4]) await dies(name, 2);
  const { source } = begin(name);
  expect(await source.offer(revision(2))).toEqual({ kind: "applied", revision: 2 });
});

test("workers that die count while it runs", async () => {
  const name = newName();
  await proven(name, 1);
  const { source, kept, gateway, notices } = begin(name);
  await source.offer(revision(2));
  const opened = await gateway();
  for (const _time of [1, 2, 3]) kept.died();
  await until(() => opened.revision() === 1);
  expect(codes(notices)).toContain("SNAPSHOT_WITHDRAWN");
  expect(await source.offer(revision(2))).toMatchObject({ kind: "refused", running: 1 });
});

test("a disk that takes nothing is said once, and the gateway goes on", async () => {
  const source = distantSource();
  const notices: Notice[] = [];
  const kept = keptSource(source, { place: { folder: "/proc/wherefrom/nothing", name: "x" } });
  const opening = openGateway({ listeners: [{ port: 0 }], source: kept, onNotice: (notice) => notices.push(notice) });
  for (const number of [1, 2, 3]) await source.offer(revision(number));
  const gateway = await opening;
  expect(gateway.revision()).toBe(3);
  await gateway.close();
  expect(codes(notices).filter((code) => code === "SNAPSHOT_NOT_KEPT")).toHaveLength(1);
});

test("many changes in a row are not each waited for, and the last one is what is kept", async () => {
  const name = newName();
  await ran(
    name,
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
  const { source, gateway } = begin(name);
  await source.lose();
  expect((await gateway()).revision()).toBe(100);
});
