import { Readable } from "node:stream";
import { main } from "../dist/main.js";

// Runs commands one after another, as `bin/wherefrom.js` runs one. It ends with whoever started it.
process.on("disconnect", () => process.exit());

/** What keeps this process from ending, by its kind. */
function counted() {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** A process of the command's own would end only when nothing is left that it has opened: a command that leaves something open never comes back from here either. */
async function untilItWouldEnd() {
  const mayEnd = () => [...counted()].every(([kind, count]) => count <= (own.get(kind) ?? 0));
  do await new Promise((resolve) => setTimeout(resolve, 1));
  while (!mayEnd());
}

const outputs = [process.stdout, process.stderr];

await new Promise((resolve) => setTimeout(resolve, 1));
const own = counted();

process.on("message", async (/** @type {{ args: string[], env: Record<string, string>, stdin: string, end: string }} */ message) => {
  const { args, env, stdin, end } = message;
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  const input = Readable.from(stdin === "" ? [] : [Buffer.from(stdin)]);
  Object.defineProperty(process, "stdin", { configurable: true, get: () => input });
  const code = await main(args);
  await untilItWouldEnd();
  for (const output of outputs) {
    // those of the command, which would be told of as too many after some
    output.removeAllListeners("error");
    output.write(end);
  }
  process.send?.({ code });
});
