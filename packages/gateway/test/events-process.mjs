import { controlSource, openGateway, openGatewayGroup } from "@wherefrom/gateway";

// Program: a gateway that spools events and sends them to control, in a process of its own so that it can be killed or have workers. Tells its port.
const [url, folder, workers] = process.argv.slice(2);
const source = controlSource({ url, organization: "local", environment: "demo", gatewayId: "edge-1" });
const limits = { eventIntervalMs: 50, maxEventPauseMs: 200, idleGraceMs: 1 };
const options = { listeners: [{ port: 0 }], id: "edge-1", source, limits, events: { folder } };
const gateway = workers === undefined ? await openGateway(options) : await openGatewayGroup({ ...options, workers: Number(workers) });
process.on("message", async () => {
  const sent = (await gateway.metrics()).flat().filter(({ name }) => name === "wherefrom_events_sent_total");
  process.send({ accepted: sent.flatMap(({ values }) => values).find(({ labels }) => labels.result === "accepted")?.value });
});
process.send({ port: gateway.listeners[0].port });
