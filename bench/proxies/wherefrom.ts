import { type ExchangeRecord, openGateway, type SnapshotSource } from "@wherefrom/gateway";
import { networks } from "../inputs.ts";
import { serve, told } from "../traffic/answering.ts";

const { originPort, isLogging } = told<{ readonly originPort: number; readonly isLogging: boolean }>();

const TRUSTED_CIDRS = 1_000;

/** What recording keeps of an exchange before a batch goes out. */
const BATCH_ROWS = 1_024;

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

// Program: our gateway with everything on: resolution with 1,000 trusted networks, sanitised and written headers, several routes, a record of every exchange and, where
// it is told to, a line of the access log.
const source: SnapshotSource = { open: async (sink) => void sink.offer(snapshot), close: async () => undefined };
let rows: unknown[] = [];
const gateway = await openGateway({
  listeners: [{ host: "127.0.0.1", port: 0 }],
  source,
  // On a machine that others use too the loop may be late for no fault of the gateway's: then it must not shed the load that is measured.
  limits: { maxLoopDelayMs: 60_000 },
  ...(isLogging ? { accessLog: { file: "/dev/null" } } : {}),
  onExchange: note,
});
await serve({ port: Number(new URL(gateway.url).port) });

/** As a sink of events does: takes the fields, and drops the batch when it is full. */
function note({ durationMs, method, host, pathAndQuery, peer, resolution, route, status, fault, isComplete }: ExchangeRecord): void {
  rows.push({
    durationMs,
    method,
    host,
    pathAndQuery,
    peer,
    client: resolution?.ip,
    trust: resolution?.trust,
    route,
    status,
    fault,
    isComplete,
  });
  if (rows.length === BATCH_ROWS) rows = [];
}
