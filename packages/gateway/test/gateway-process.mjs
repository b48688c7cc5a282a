import { getHeapSpaceStatistics } from "node:v8";
import { openGateway } from "@wherefrom/gateway";

// Program: a gateway in front of one target, or with other routes or at other places too, in a process of its own so that it can be measured and held up. Tells its ports, and answers what it is asked.
const [target, given = "{}", more = "[]", listeners = '[{ "port": 0 }]'] = process.argv.slice(2);
/** A machine that others use too makes the loop late, and what is shed is not measured. */
const limits = { maxLoopDelayMs: 600_000, ...JSON.parse(given) };
const snapshot = {
  organization: "local",
  environment: "demo",
  revision: 1,
  clientIpResolutionConfig: { peerAddressAlgorithm: {} },
  routes: [{ name: "target", target }, ...JSON.parse(more)],
};
const source = {
  async open(sink) {
    sink.offer(snapshot);
  },
  async close() {},
};
const gateway = await openGateway({ listeners: JSON.parse(listeners), source, limits, onExchange: () => undefined });
const answers = {
  memory() {
    globalThis.gc();
    return { bytes: process.memoryUsage.rss() };
  },
  /** What only a collection of the whole heap would take away, and what lives. */
  old() {
    // What is alive goes to the old space with the second one.
    for (let time = 0; time < 2; time += 1) globalThis.gc({ type: "minor" });
    return { bytes: getHeapSpaceStatistics().find(({ space_name: name }) => name === "old_space").space_used_size };
  },
  /** What is left when all that can go has gone: what is closed lets go of some of it a turn later. */
  async heap() {
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      globalThis.gc();
    }
    const { heapUsed, external } = process.memoryUsage();
    return { bytes: heapUsed + external };
  },
  targets: () => ({ targets: gateway.targetStates() }),
  /** For so many milliseconds, in the middle of its loop. */
  standStill: (ms) => ({ late: Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms) }),
};
process.on("message", async ({ ask, ms }) => process.send(await answers[ask](ms)));
process.send({ port: gateway.listeners[0].port, ports: gateway.listeners.map(({ port }) => port) });
