import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { changeAndPublish } from "../src/change.ts";
import { type ConfigStore, StoreUnavailable } from "../src/config-store/port.ts";
import { openSqliteStore } from "../src/config-store/sqlite.ts";
import { DEFAULT_CONTROL_LIMITS } from "../src/limits.ts";
import { createControlMetrics } from "../src/metrics.ts";
import type { ControlParts } from "../src/parts.ts";
import { createPublisher } from "../src/publish.ts";
import { BUILT_IN_RANGES } from "../src/ranges.ts";
import { openSnapshotKey } from "../src/snapshot-key.ts";
import { optionsOf } from "./config-store-contract.ts";
import { headerIndex, temporaryFolder } from "./control-under-test.ts";

/** The store, whose revisions cannot be read any more. */
function withoutRevisions(store: ConfigStore): ConfigStore {
  const revision = () => Promise.reject(new StoreUnavailable("Gone", { isOutcomeKnown: true, cause: undefined }));
  return { ...store, of: (organization) => ({ ...store.of(organization), revision }) };
}

test("a database that goes away when a change is stored makes it unknown, and not a change that was never made", async () => {
  const folder = await temporaryFolder();
  const store = await openSqliteStore(join(folder, "control.db"), optionsOf());
  onTestFinished(() => store.close());
  const limits = { ...DEFAULT_CONTROL_LIMITS, maxPublishWaitMs: 1 };
  const parts = {
    store: withoutRevisions(store),
    publisher: createPublisher(limits),
    metrics: createControlMetrics(),
    limits,
    ranges: BUILT_IN_RANGES,
    snapshotKey: openSnapshotKey({ file: join(folder, "key.pem") }),
    fleet: { among: () => [{ name: "gw-a", isConnected: true, isStale: false }] },
    onNotice: () => undefined,
    now: Date.now,
  } as unknown as ControlParts;
  const by = { at: 1, author: "alice", isAuthorVerified: false, method: "test" };
  await store.changeOrganization("local", { by, decide: () => ({ kind: "write", content: { settings: {} } }) });
  const change = (index: number) =>
    changeAndPublish(parts, {
      organization: "local",
      environment: "demo",
      by,
      audience: { kind: "first", share: 50 },
      decide: () => ({ kind: "write", content: { settings: { clientIpResolutionConfig: headerIndex(index) }, routes: [] } }),
    });
  await change(1);
  // tried on some gateways first, so what the others run has to be read
  await expect(change(2)).rejects.toMatchObject({ name: "StoreUnavailable", isOutcomeKnown: false });
  expect(await store.of("local").read("demo")).toMatchObject({ revision: 2 });
});
