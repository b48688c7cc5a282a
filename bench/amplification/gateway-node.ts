import { giveHeapRoom, openGateway, type SnapshotSource } from "@wherefrom/gateway";
import { answer, say, told } from "../traffic/answering.ts";

type Told = { readonly targetPort: number; readonly events: string };

const { targetPort, events } = told<Told>();

const snapshot = {
  organization: "local",
  environment: "bench",
  revision: 1,
  clientIpResolutionConfig: { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] } },
  routes: [{ name: "everything", target: `http://127.0.0.1:${targetPort}` }],
};
const source: SnapshotSource = { open: async (sink) => void sink.offer(snapshot), close: async () => undefined };
const trustedPeers = ["127.0.0.0/8"];

// Program: a gateway with a listener of each kind, that resolves, writes its access log and records events as anywhere.
giveHeapRoom();
const gateway = await openGateway({
  listeners: [{ port: 0 }, { port: 0, http2: true }, { port: 0, proxyProtocol: { trustedPeers } }, { port: 0, decide: { trustedPeers } }],
  source,
  events: { folder: events },
  accessLog: { file: "/dev/null" },
  // On a machine that others use too the loop may be late for no fault of the gateway's: then it must not shed what is measured.
  limits: { maxLoopDelayMs: 60_000, maxEventSpoolBytes: 67_108_864 },
});
const [http, http2, proxy, engine] = gateway.listeners.map(({ url }) => Number(new URL(url).port));
say({ http, http2, proxy, engine });
await answer({});
