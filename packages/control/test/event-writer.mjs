// Appends batches of 50 events, each again until it is stored, and says its mark then; says "refused" for each attempt that was not.
// Arguments: database, first mark, count, and a file that is removed after the first refusal, to make room.
import { rmSync, writeSync } from "node:fs";
import { StoreUnavailable } from "../dist/config-store/port.js";
import { openEventStore } from "../dist/event-store/open-event-store.js";
import { DEFAULT_CONTROL_LIMITS } from "../dist/limits.js";

const [, , database, first, count, ballast] = process.argv;
const store = await openEventStore(database, { limits: DEFAULT_CONTROL_LIMITS, now: Date.now });
const last = Number(first) + Number(count) - 1;

for (let mark = Number(first); mark <= last; ) {
  const events = Array.from({ length: 50 }, (_, index) => ({
    time: mark,
    organization: "local",
    environment: "demo",
    gateway: "edge-1",
    revision: mark,
    method: "GET",
    path: `/${mark}/${index}/${"x".repeat(200)}${Math.random()}`,
    status: 200,
    isComplete: true,
    durationMs: index,
    requestBytes: 0,
    responseBytes: index,
    resolvedIp: `203.0.113.${index}`,
  }));
  const batch = { gateway: "edge-1", id: `${String(mark).padStart(15, "0")}-00000000-00000000-50`, events, privacy: { form: "plain" } };
  try {
    await store.append({ organization: "local", environment: "demo" }, batch);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    writeSync(1, "refused\n");
    if (ballast !== undefined) rmSync(ballast, { force: true });
    continue;
  }
  writeSync(1, `${mark}\n`);
  mark += 1;
}
await store.close();
