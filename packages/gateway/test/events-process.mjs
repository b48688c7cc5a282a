import cluster from "node:cluster";
import { controlSource, openGateway, openGatewayGroup } from "@wherefrom/gateway";

// Program: a gateway that spools events and sends them to control, in a process of its own so that it can be killed or have workers. Tells its port. Told
// "kill", it kills one of its workers; told "count", it tells the sums of its metrics by their names and first labels.
const [url, folder, workers] = process.argv.slice(2);
const source = controlSource({ url, organization: "local", environment: "demo", gatewayId: "edge-1" });
// a machine that is busy with other tests is not what it has too much of
const limits = { eventIntervalMs: 50, maxEventPauseMs: 200, idleGraceMs: 1, maxLoopDelayMs: 600_000 };
const options = { listeners: [{ port: 0 }], id: "edge-1", source, limits, events: { folder } };
const gateway = workers === undefined ? await openGateway(options) : await openGatewayGroup({ ...options, workers: Number(workers) });
process.on("message", async (order) => {
  if (order === "kill") return process.send({ killed: Object.values(cluster.workers)[0].process.kill("SIGKILL") });
  const sums = {};
  for (const { name, type, values } of (await gateway.metrics()).flat()) {
    for (const { labels, value } of type === "histogram" ? [] : values) {
      const key = [name, ...Object.values(labels).slice(0, 1)].join(" ");
      sums[key] = (sums[key] ?? 0) + value;
    }
  }
  process.send({ sums });
});
process.send({ port: gateway.listeners[0].port });
