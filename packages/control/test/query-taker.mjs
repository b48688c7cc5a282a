// Takes up a query for an hour, says its id, and is there until it is killed. Argument: database.
import { writeSync } from "node:fs";
import { openStore } from "../dist/config-store/open-store.js";
import { DEFAULT_CONTROL_LIMITS } from "../dist/limits.js";

const [, , database] = process.argv;
const store = await openStore(database, { limits: DEFAULT_CONTROL_LIMITS, onAvailability: () => undefined });
const { id } = await store.queries.take({ now: Date.now(), until: Date.now() + 3_600_000 });
writeSync(1, id);
