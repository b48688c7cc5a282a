import { openGateway } from "@wherefrom/gateway";

// Program: a gateway in front of one target, in a process of its own so that its memory can be measured. Tells its port; tells its memory when asked.
const [target] = process.argv.slice(2);
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
const { listeners } = await openGateway({ listeners: [{ port: 0 }], source, onExchange: () => undefined });
process.on("message", () => {
  globalThis.gc();
  process.send({ bytes: process.memoryUsage.rss() });
});
process.send({ port: listeners[0].port });
