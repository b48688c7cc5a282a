// Writes one revision after the other and says each number once it is stored, until it is killed. Arguments: database, first mark.
import { writeSync } from "node:fs";
import { openStore } from "../dist/config-store/open-store.js";
import { DEFAULT_CONTROL_LIMITS } from "../dist/limits.js";

const [, , database, first] = process.argv;
const store = await openStore(database, {
  // a machine that is busy is no reason for it to end
  limits: { ...DEFAULT_CONTROL_LIMITS, maxRevisions: 100_000, databaseConnectTimeoutMs: 200_000, databaseTimeoutMs: 200_000 },
  onAvailability: () => undefined,
});
const by = { author: "writer", isAuthorVerified: true, method: "test" };
await store.changeOrganization("local", { by: { ...by, at: 1 }, decide: () => ({ kind: "write", content: { settings: {} } }) });

for (let mark = Number(first); ; mark += 1) {
  const settings = { description: String(mark) };
  const routes = Array.from({ length: 40 }, (_, index) => ({ name: `route-${mark}-${index}` }));
  const { revision } = await store.of("local").change("demo", {
    by: { ...by, at: mark },
    decide: () => ({ kind: "write", content: { settings, routes } }),
  });
  writeSync(1, `${revision}\n`);
}
