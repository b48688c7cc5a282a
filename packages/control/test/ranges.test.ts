import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeRangeList, openRangesFolder } from "@wherefrom/model";
import { expect, test } from "vitest";
import type { ControlNotice } from "../src/notice.ts";
import { faultsOf, headerIndex, type Json, openTestControl, temporaryFolder, verdictOf } from "./control-under-test.ts";
import { openStream } from "./gateway-stream.ts";

/** So short that a test need not wait for it, and is not held up by it either. */
const limits = { rangesLookMs: 20, maxPublishWaitMs: 50 };

const OLD = ["13.32.0.0/16", "2600:9000::/28"];
const NEW = ["13.32.0.0/16", "13.33.0.0/16", "2600:9000::/28"];
const policy = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["10.0.0.0/8", "provider:edge"] } };
const fromEdge = { peer: "10.0.0.1", headers: [["X-Forwarded-For", "203.0.113.7, 13.33.0.9"]] };

/** In one step, as `ranges update` does it: control may look at any moment. */
async function writeFileOf(folder: string, text: string): Promise<void> {
  await writeFile(join(folder, "fresh"), text);
  await rename(join(folder, "fresh"), join(folder, "edge.json"));
}

async function writeRanges(folder: string, texts: readonly string[], retrievedAt = "2026-11-01"): Promise<void> {
  const made = makeRangeList({ provider: "edge", source: "https://edge.example/ranges", retrievedAt }, texts);
  if (made.kind === "refused") throw new Error(JSON.stringify(made.issues));
  await writeFileOf(folder, JSON.stringify(made.list));
}

/** A control that follows a folder with one file, and an environment whose policy names it. */
async function openWithRanges(retrievedAt?: string) {
  const folder = await temporaryFolder();
  await writeRanges(folder, OLD, retrievedAt);
  const notices: ControlNotice[] = [];
  const database = `sqlite:${join(await temporaryFolder(), "control.db")}`;
  const ranges = await openRangesFolder(folder);
  const options = { database, ranges, limits, onNotice: (notice: ControlNotice) => void notices.push(notice) };
  const opened = await openTestControl(options);
  const created = await opened.ask("POST ", { body: { name: "demo", clientIpResolutionConfig: policy } });
  expect(created.status).toBe(200);
  return { ...opened, folder, database, notices };
}

test("a provider that nobody knows is refused wherever a policy is taken", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo" } });
  const asked = {
    "POST ": { name: "other", clientIpResolutionConfig: policy },
    "PUT /demo": { clientIpResolutionConfig: policy },
    "PATCH /demo": { clientIpResolutionConfig: policy },
    "POST /demo:explain": { ...fromEdge, policy },
    "POST /demo:lint": { policy },
    "POST /demo:preview": { clientIpResolutionConfig: policy, evidence: [] },
  };
  for (const [line, body] of Object.entries(asked)) {
    const answer = await ask(line, { body });
    expect({ line, verdict: verdictOf(answer) }).toEqual({ line, verdict: "400 INVALID_ARGUMENT FIELDS_INVALID" });
    expect(faultsOf(answer).map((field) => field.replace(/^[^/]+/, ""))).toEqual(["/trustedProxiesAlgorithm/trustedProxies/1"]);
    expect(JSON.stringify(answer.body)).toContain("POLICY_PROVIDER_UNKNOWN");
  }
});

test("a snapshot carries the ranges that its policy names, and no others", async () => {
  const { ask } = await openWithRanges();
  const edge = { source: "https://edge.example/ranges", retrievedAt: "2026-11-01", prefixes: OLD };
  expect((await ask("GET /demo/snapshot")).body).toMatchObject({ revision: 1, ranges: { edge } });
  const walk = { ...policy.trustedProxiesAlgorithm, trustedProxies: ["provider:private", "provider:google-lb"] };
  await ask("PATCH /demo", { body: { clientIpResolutionConfig: { trustedProxiesAlgorithm: walk } } });
  const { ranges } = (await ask("GET /demo/snapshot")).body;
  expect(Object.keys(ranges)).toEqual(["google-lb"]);
  await ask("PATCH /demo", { body: { clientIpResolutionConfig: headerIndex(-1) } });
  expect((await ask("GET /demo/snapshot")).body).not.toHaveProperty("ranges");
});

test(":explain, :lint and :preview judge by the ranges that gateways get", async () => {
  const { ask, folder } = await openWithRanges("2019-01-01");
  const explained = async (body: Json) => (await ask("POST /demo:explain", { body })).body;
  expect(await explained(fromEdge)).toMatchObject({ ip: "13.33.0.9", trust: "verified" });
  expect(await explained({ ...fromEdge, policy })).toMatchObject({ ip: "13.33.0.9", policy: "tried" });
  await writeRanges(folder, NEW, "2020-01-01");
  await expect.poll(async () => (await explained(fromEdge)).ip).toBe("203.0.113.7");
  expect((await explained(fromEdge)).explanation.hops[0]).toMatchObject({ rule: "provider:edge (13.33.0.0/16)" });
  const { body } = await ask("POST /demo:lint", { body: {} });
  expect(body.advisories.map(({ code }: Json) => code)).toContain("ADVISORY_RANGES_STALE");
  const proposed = { clientIpResolutionConfig: { ...policy, fallback: "REJECT" }, evidence: [fromEdge] };
  const preview = await ask("POST /demo:preview", { body: proposed });
  expect(preview.body).toMatchObject({ otherAddress: 0, verified: { before: 1, after: 1 } });
  expect(preview.body.advisories.kept.map(({ code }: Json) => code)).toContain("ADVISORY_RANGES_STALE");
});

test("new ranges are a new revision of the environments that name them: streamed, explained in history, and no other's", async () => {
  const opened = await openWithRanges();
  const { ask, folder } = opened;
  await ask("POST ", { body: { name: "other", clientIpResolutionConfig: headerIndex(-1) } });
  const stream = await openStream(opened, "gateway-1");
  expect((await stream.next())?.data.ranges.edge.prefixes).toEqual(OLD);
  await writeRanges(folder, NEW, "2026-11-20");
  expect((await stream.next())?.data).toMatchObject({ revision: 2, ranges: { edge: { retrievedAt: "2026-11-20", prefixes: NEW } } });
  const { body } = await ask("GET /demo/revisions/2");
  expect(body).toMatchObject({ author: "wherefrom", authorVerified: true, method: "ranges.refresh", ranges: { edge: { prefixes: NEW } } });
  expect(body.changes).toEqual([
    { pointer: "/ranges/edge/retrievedAt", kind: "changed", before: "2026-11-01", after: "2026-11-20" },
    { pointer: "/ranges/edge/prefixes/-", kind: "added", after: "13.33.0.0/16" },
  ]);
  expect((await ask("GET /other/revisions")).body.revisions).toHaveLength(1);
  stream.leave();
});

test("a rollback brings the policy back, with the ranges of today", async () => {
  const { ask, folder } = await openWithRanges();
  await ask("PATCH /demo", { body: { clientIpResolutionConfig: headerIndex(-1) } });
  await writeRanges(folder, NEW);
  await expect.poll(async () => (await ask("POST /demo:lint", { body: { policy } })).status).toBe(200);
  await expect.poll(async () => (await ask("POST /demo:explain", { body: { ...fromEdge, policy } })).body.ip).toBe("203.0.113.7");
  expect((await ask("POST /demo:rollback", { body: { revisionId: "1" } })).status).toBe(200);
  expect((await ask("GET /demo/snapshot")).body).toMatchObject({ revision: 3, ranges: { edge: { prefixes: NEW } } });
});

test("an export names providers and not their ranges, and applying it changes nothing", async () => {
  const { ask } = await openWithRanges();
  const { body: document } = await ask("GET //v1/organizations/local:export");
  expect(document.environments).toEqual([expect.objectContaining({ name: "demo", clientIpResolutionConfig: policy })]);
  expect(document.environments[0]).not.toHaveProperty("ranges");
  const applied = await ask("POST //v1/organizations/local:apply", { body: document });
  expect(applied.body).toMatchObject({ applied: true, changes: [], unchanged: ["demo"] });
});

test("a broken range file is told once, and what was in force stays", async () => {
  const { ask, folder, notices } = await openWithRanges();
  await writeFileOf(folder, "{");
  await expect.poll(() => notices).toEqual([expect.objectContaining({ kind: "ranges-refused", file: join(folder, "edge.json") })]);
  await writeRanges(folder, NEW);
  await expect.poll(async () => (await ask("GET /demo/snapshot")).body).toMatchObject({ revision: 2, ranges: { edge: { prefixes: NEW } } });
  expect(notices).toHaveLength(1);
});

test("new ranges that cannot be put in force are told once, and tried until they are", async () => {
  const folder = await temporaryFolder();
  await writeRanges(folder, OLD);
  const real = await openRangesFolder(folder);
  const notices: ControlNotice[] = [];
  // asked a second time in a look when an environment is to get them
  let [failures, asked] = [0, 0];
  const ranges = {
    reload() {
      asked = 0;
      return real.reload();
    },
    current() {
      asked += 1;
      if (asked === 2 && failures > 0) throw new Error(`not now: ${--failures} to come`);
      return real.current();
    },
  };
  const { ask } = await openTestControl({ ranges, limits, onNotice: (notice) => void notices.push(notice) });
  await ask("POST ", { body: { name: "demo", clientIpResolutionConfig: policy } });
  failures = 3;
  await writeRanges(folder, NEW);
  await expect.poll(() => failures).toBe(0);
  await expect.poll(async () => (await ask("GET /demo/snapshot")).body).toMatchObject({ revision: 2, ranges: { edge: { prefixes: NEW } } });
  expect(notices.map(({ kind }) => kind)).toEqual(["ranges-failed"]);
});

test("a list of an earlier day, as another control may have it, replaces none of a later one", async () => {
  const { control, database, folder } = await openWithRanges();
  await control.close();
  await writeRanges(folder, NEW, "2026-10-31");
  const { ask } = await openTestControl({ database, ranges: await openRangesFolder(folder) });
  expect((await ask("GET /demo/snapshot")).body).toMatchObject({ revision: 1, ranges: { edge: { prefixes: OLD } } });
  await ask("PATCH /demo", { body: { displayName: "Demo" } });
  expect((await ask("GET /demo/snapshot")).body).toMatchObject({ revision: 2, ranges: { edge: { prefixes: OLD } } });
});

test("a control that does not know a provider any more keeps what its environments have, and may change all else", async () => {
  const { control, database, folder } = await openWithRanges();
  await control.close();
  await rm(folder, { recursive: true });
  const { ask } = await openTestControl({ database });
  expect((await ask("PATCH /demo", { body: { displayName: "Demo" } })).status).toBe(200);
  expect((await ask("GET /demo/snapshot")).body).toMatchObject({ revision: 2, ranges: { edge: { prefixes: OLD } } });
  expect((await ask("POST /demo:explain", { body: { ...fromEdge, policy } })).body).toMatchObject({ ip: "13.33.0.9" });
  const another = await ask("POST ", { body: { name: "another", clientIpResolutionConfig: policy } });
  expect(verdictOf(another)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
});
