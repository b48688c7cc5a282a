import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TrafficEvent } from "@wherefrom/model";
import { openDuckdbEvents } from "../src/event-store/duckdb.ts";
import type { ControlLimits } from "../src/limits.ts";
import { DEFAULT_CONTROL_LIMITS } from "../src/limits.ts";
import type { ControlNotice } from "../src/notice.ts";
import { openControlForFile } from "./control-under-test.ts";
import { batchOf } from "./event-store-contract.ts";

type Recorded = {
  /** Events by environment. */
  readonly events: Readonly<Record<string, readonly TrafficEvent[]>>;
  /** When they came, in milliseconds since 1970. */
  readonly receivedAt: number;
  readonly limits?: Partial<ControlLimits>;
  readonly onNotice?: (notice: ControlNotice) => void;
  readonly now?: () => number;
};

/** A control that has events of environments, which are not made yet. */
export async function openControlWithEvents({ events, receivedAt, ...options }: Recorded): ReturnType<typeof openControlForFile> {
  const folder = await mkdtemp(join(tmpdir(), "wherefrom-events-"));
  const path = join(folder, "events.duckdb");
  const store = await openDuckdbEvents(path, { limits: DEFAULT_CONTROL_LIMITS, now: () => receivedAt });
  for (const [environment, those] of Object.entries(events)) await store.append({ organization: "local", environment }, batchOf(those));
  await store.close();
  const control = await openControlForFile({ analytics: `duckdb:${path}`, ...options });
  const close = async (): Promise<void> => {
    await control.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { ...control, close };
}
