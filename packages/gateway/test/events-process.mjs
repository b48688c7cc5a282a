import { controlSource, openGateway } from "@wherefrom/gateway";

// Program: a gateway that spools events and sends them to control, in a process of its own so that it can be killed. Tells its port.
const [url, folder] = process.argv.slice(2);
const source = controlSource({ url, organization: "local", environment: "demo", gatewayId: "edge-1" });
const limits = { eventIntervalMs: 50, maxEventPauseMs: 200 };
const { listeners } = await openGateway({ listeners: [{ port: 0 }], id: "edge-1", source, limits, events: { folder } });
process.send({ port: listeners[0].port });
