import { giveHeapRoom, openGateway, type SnapshotSource } from "@wherefrom/gateway";
import { networks } from "../inputs.ts";
import { serve, told } from "../traffic/answering.ts";

/** Events go to disk as they do anywhere, and no further. */
type Told = { readonly originPort: number; readonly isLogging: boolean; readonly folder: string };

const { originPort, isLogging, folder } = told<Told>();

const TRUSTED_CIDRS = 1_000;

const target = `http://127.0.0.1:${originPort}`;

const snapshot = {
  organization: "local",
  environment: "bench",
  revision: 1,
  clientIpResolutionConfig: {
    trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8", ...networks(TRUSTED_CIDRS, 4)] },
  },
  routes: [
    ...["api", "admin", "static", "media"].map((name) => ({ name, host: `${name}.example.com`, target })),
    ...["v1", "v2", "health"].map((name) => ({ name, basePath: `/${name}`, target })),
    { name: "everything", target },
  ],
};

// Program: our gateway with everything on: resolution with 1,000 trusted networks, sanitised and written headers, several routes, an event of every exchange and, where
// it is told to, a line of the access log. The process is set up as the command does it.
giveHeapRoom();
const source: SnapshotSource = { open: async (sink) => void sink.offer(snapshot), close: async () => undefined };
const gateway = await openGateway({
  listeners: [{ host: "127.0.0.1", port: 0 }],
  source,
  // On a machine that others use too the loop may be late for no fault of the gateway's: then it must not shed the load that is measured.
  limits: { maxLoopDelayMs: 60_000, maxEventSpoolBytes: 67_108_864 },
  events: { folder },
  ...(isLogging ? { accessLog: { file: "/dev/null" } } : {}),
});
await serve({ port: Number(new URL(gateway.url).port) });
