// Preloaded into a worker: has it end, at a signal, in ways that cannot be brought about from outside.
const { isWorker } = require("node:cluster");

if (isWorker) {
  process.on("SIGWINCH", () => {
    throw new Error("Nobody catches this");
  });
  process.on("SIGURG", () => {
    const kept = [];
    for (;;) kept.push(new Array(100_000).fill({}));
  });
}
