import { giveHeapRoom, openGateway, type SnapshotSource } from "@wherefrom/gateway";
import { serve, told } from "../traffic/answering.ts";
import { everythingOn } from "./everything-on.ts";

/** Events go to disk as they do anywhere, and no further. */
type Told = { readonly originPort: number; readonly isLogging: boolean; readonly folder: string };

const { originPort, isLogging, folder } = told<Told>();

const snapshot = { organization: "local", environment: "bench", revision: 1, ...everythingOn(`http://127.0.0.1:${originPort}`) };

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
