// Writes revisions until `count` are stored, over a disk that fails at times. A line for each attempt, then what is stored after closing and opening.
// Arguments: database, count, a file that is removed after the first refusal, to make room, and whether it ends when it has closed the database.
import { rmSync, writeSync } from "node:fs";
import { openStore } from "../dist/config-store/open-store.js";
import { StoreUnavailable } from "../dist/config-store/port.js";
import { DEFAULT_CONTROL_LIMITS } from "../dist/limits.js";

const [, , database, count, ballast, ends] = process.argv;
const options = { limits: { ...DEFAULT_CONTROL_LIMITS, maxRevisions: 100_000 }, onAvailability: () => undefined };
const by = { at: 1, author: "writer", isAuthorVerified: true, method: "test" };
const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);

async function attempt(write) {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    say({ refused: error.isOutcomeKnown ? "nothing stored" : "unknown" });
    if (ballast !== undefined) rmSync(ballast, { force: true });
    return undefined;
  }
}

const first = await openStore(database, options);
const create = () => first.changeOrganization("local", { by, decide: () => ({ kind: "write", content: { settings: {} } }) });
while ((await attempt(create)) === undefined);
for (let mark = 1, stored = 0; stored < Number(count); mark += 1) {
  const routes = Array.from({ length: 40 }, (_, index) => ({ name: `route-${mark}-${index}` }));
  const decide = () => ({ kind: "write", content: { settings: { description: String(mark) }, routes } });
  const changed = await attempt(() => first.of("local").change("demo", { by: { ...by, at: mark }, decide }));
  if (changed === undefined) continue;
  stored += 1;
  say({ stored: changed.revision, mark });
}
await first.close();
if (ends !== undefined) process.exit();

const second = await openStore(database, options);
const page = { limit: 100_000 };
say({
  history: await second.of("local").history("demo", page),
  audit: await second.of("local").audit(page),
  standing: await second.of("local").read("demo"),
});
await second.close();
