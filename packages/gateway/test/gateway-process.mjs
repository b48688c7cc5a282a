import { openGateway } from "@wherefrom/gateway";

// Program: a gateway in front of one target, in a process of its own so that it can be measured and held up. Tells its port, and answers what it is asked.
const [target, limits = "{}"] = process.argv.slice(2);
const snapshot = {
  organization: "local",
  environment: "demo",
  revision: 1,
  clientIpResolutionConfig: { peerAddressAlgorithm: {} },
  routes: [{ name: "target", target }],
};
const source = {
  async open(sink) {
    sink.offer(snapshot);
  },
  async close() {},
};
const gateway = await openGateway({ listeners: [{ port: 0 }], source, limits: JSON.parse(limits), onExchange: () => undefined });
const answers = {
  memory() {
    globalThis.gc();
    return { bytes: process.memoryUsage.rss() };
  },
  targets: () => ({ targets: gateway.targetStates() }),
  /** For so many milliseconds, in the middle of its loop. */
  standStill: (ms) => ({ late: Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms) }),
};
process.on("message", ({ ask, ms }) => process.send(answers[ask](ms)));
process.send({ port: gateway.listeners[0].port });
