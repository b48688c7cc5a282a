import { controlSource, type EventOptions, giveHeapRoom, keptSource, openGateway } from "@wherefrom/gateway";
import { answer, say, told } from "../traffic/answering.ts";

/** `eventIntervalMs`: how long events wait until they are written. */
type Told = {
  readonly url: string;
  readonly snapshotKey: string;
  readonly folder: string;
  readonly events: string;
  readonly eventIntervalMs: number;
};

const { url, snapshotKey, folder, events, eventIntervalMs } = told<Told>();
const environment = { organization: "local", environment: "bench" };

// Program: two gateways that are alike, but that one of them records an event of each exchange and hands it to control. They are one process, so that they run the same compiled
// code on the same heap, and what that spends on a request of one and of the other differs by the recording alone.
giveHeapRoom();
const recording = await open("recording", { folder: events });
const plain = await open("plain", undefined);
say({ recording: portOf(recording), plain: portOf(plain) });
await answer({
  /** Processor time of all threads in microseconds, what the garbage until now costs included. */
  spent() {
    globalThis.gc?.({ type: "minor" });
    const { user, system } = process.cpuUsage();
    return { cpuMicros: user + system, ...recording.eventCounts(), ...recording.sentCounts() };
  },
});

function open(id: string, recorded: EventOptions | undefined) {
  return openGateway({
    listeners: [{ host: "127.0.0.1", port: 0 }],
    source: keptSource(controlSource({ url, ...environment, gatewayId: id }), {
      place: { folder, name: id },
      keys: [snapshotKey],
      ...environment,
    }),
    ...(recorded !== undefined && { events: recorded }),
    // On a machine that others use too the loop may be late for no fault of the gateway's: then it must not shed the load that is measured.
    limits: { maxLoopDelayMs: 60_000, eventIntervalMs },
  });
}

function portOf({ url: of }: { readonly url: string }): number {
  return Number(new URL(of).port);
}
