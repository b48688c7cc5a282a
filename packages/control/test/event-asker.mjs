// Program: holds a file of events and asks two questions of it that take long; says so when they are being answered, and waits for them.
// Argument: the database.
import { openEventStore } from "../dist/event-store/open-event-store.js";
import { DEFAULT_CONTROL_LIMITS } from "../dist/limits.js";

const KEY = { organization: "local", environment: "demo" };
const [, , database] = process.argv;
const limits = { ...DEFAULT_CONTROL_LIMITS, eventQuestionTimeoutMs: 600_000 };
const store = await openEventStore(database, { limits, now: Date.now });
const events = Array.from({ length: 20_000 }, (_, time) => ({
  time,
  gateway: "edge-1",
  revision: 1,
  method: "GET",
  path: `/${"a1".repeat(100)}`,
  isComplete: true,
  durationMs: 1,
  requestBytes: 0,
  responseBytes: 0,
}));
await store.append(KEY, { gateway: "edge-1", id: "000000000000001-00000000-00000001-20000", events, privacy: { form: "plain" } });
const patterns = Array.from({ length: 600 }, (_, index) => ({ kind: "matches", dimension: "path", pattern: `.*${index}x.*y.*` }));
const question = {
  from: 0,
  until: 1_000_000,
  dimensions: [],
  measures: [{ metric: "messages", aggregate: "sum" }],
  filter: { kind: "or", of: patterns },
  order: [],
  offset: 0,
  limit: 1,
  maxPoints: 1,
};
const asked = [1, 2].map(() => store.ask(KEY, question));
// what came before this was taken up
await store.environments();
process.send("asked");
await Promise.all(asked);
process.send("answered");
await store.close();
process.disconnect();
