import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { medianOf } from "../median.ts";
import type { BenchOptions } from "../options.ts";
import { everythingOn } from "../proxies/everything-on.ts";
import { OURS, type Row } from "../report.ts";
import { intervalSamples } from "../traffic/interval-samples.ts";
import type { Program } from "../traffic/programs.ts";
import { inSession, type Sample, type Session } from "../traffic/session.ts";

/** `eventIntervalMs`: events are written so often, and what is written is looked for so often to be sent. The gateway's own limit is 500. */
const EFFORT = { warmUpRequests: 20_000, turns: 250, windowRequests: 400, batchTurns: 12, batchRequests: 5_000, eventIntervalMs: 500 };
const QUICK = { warmUpRequests: 0, turns: 2, windowRequests: 20, batchTurns: 1, batchRequests: 100, eventIntervalMs: 100 };

type Effort = typeof EFFORT;

const CONNECTIONS = 32;

/** What writing and sending themselves take, and how often it is looked whether they are done. */
const SEND_MS = 200;
const LOOK_PAUSE_MS = 50;

/**
 * What it costs a gateway to record an event of each exchange, in processor time of all its threads: for each request, until its event waits as bytes, and for each event, its share of writing
 * the batch to the spool and handing it to control on the same machine.
 *
 * Two gateways that differ by the recording alone are one process. Short windows of requests to the one and to the other take turns as recording, plain, plain, recording, and each is
 * compared with its neighbour. What is written and sent meanwhile falls into both alike; it is measured by itself after longer loads, beside the same time after loads
 * without events.
 */
export function measureRecording(options: BenchOptions): Promise<readonly Row[]> {
  const effort = options.quick ? QUICK : EFFORT;
  return inSession("http", {
    options: { ...options, only: [], cases: [] },
    async act(session) {
      const pair = await openPair(session, effort);
      for (const gateway of ["recording", "plain"] as const) await pair.load(gateway, effort.warmUpRequests);
      const requests = await compareRequests(pair, effort);
      const batches = await compareBatches(pair, effort);
      session.note({ name: OURS }, samplesOf(requests, batches));
    },
  });
}

/** As the program says it: processor time in microseconds, and what became of the events. */
type Spent = {
  readonly cpuMicros: number;
  readonly recorded: number;
  readonly waiting: number;
  readonly dropped: number;
  readonly accepted: number;
};

type Pair = {
  /** Resolves when so many requests to that gateway are answered. */
  load(gateway: "recording" | "plain", requests: number): Promise<unknown>;
  spent(): Promise<Spent>;
};

async function openPair({ programs, originPort }: Session, { eventIntervalMs }: Effort): Promise<Pair> {
  const start = (script: string, told: object, side: "proxy" | "traffic"): Program => {
    const file = fileURLToPath(new URL(`../${script}.js`, import.meta.url));
    return programs.start([process.execPath, "--expose-gc", file, JSON.stringify(told)], side);
  };
  const folder = programs.folder();
  const seed = everythingOn(`http://127.0.0.1:${originPort}`);
  const control = start("publish/control-node", { folder, originPort, analytics: `duckdb:${folder}/events.duckdb`, seed }, "traffic");
  const place = { folder, events: programs.folder(), eventIntervalMs };
  const gateways = start("record/two-gateways", { ...((await control.hears()) as object), ...place }, "proxy");
  const ports = (await gateways.hears()) as { readonly recording: number; readonly plain: number };
  const load = start("record/counted-load", { path: "/bytes/100", connections: CONNECTIONS }, "traffic");
  await load.hears();
  return {
    load: (gateway, requests) => load.ask({ ask: "load", port: ports[gateway], requests }),
    spent: async () => (await gateways.ask({ ask: "spent" })) as Spent,
  };
}

/** Microseconds a request, in four windows one after the other. */
type Turn = { readonly recording: readonly [number, number]; readonly plain: readonly [number, number] };

async function compareRequests(pair: Pair, { turns: count, windowRequests }: Effort): Promise<readonly Turn[]> {
  const microsOf = async (gateway: keyof Turn): Promise<number> => {
    const before = await pair.spent();
    await pair.load(gateway, windowRequests);
    return ((await pair.spent()).cpuMicros - before.cpuMicros) / windowRequests;
  };
  const turns: Turn[] = [];
  for (let turn = 0; turn < count; turn++) {
    const first = await microsOf("recording");
    const plain = [await microsOf("plain"), await microsOf("plain")] as const;
    turns.push({ recording: [first, await microsOf("recording")], plain });
  }
  return turns;
}

/** Microseconds an event that was written and sent after its load, in each turn. */
async function compareBatches(pair: Pair, { batchTurns, batchRequests, eventIntervalMs }: Effort): Promise<readonly number[]> {
  const settleMs = 2 * eventIntervalMs + SEND_MS;
  await settle(pair, settleMs);
  const micros: number[] = [];
  for (let turn = 0; turn < batchTurns; turn++) {
    await pair.load("plain", batchRequests);
    const idle = await settle(pair, settleMs);
    await pair.load("recording", batchRequests);
    const busy = await settle(pair, settleMs);
    micros.push((busy.cpuMicros - idle.cpuMicros) / busy.sent);
  }
  return micros;
}

/** Waits so long, and until nothing is to be written or sent, and says what that cost and how many events were sent in that time. Errors: an `Error` when any was dropped. */
async function settle(pair: Pair, leastMs: number): Promise<{ readonly cpuMicros: number; readonly sent: number }> {
  const before = await pair.spent();
  await sleep(leastMs);
  let after = await pair.spent();
  while (after.waiting > 0 || after.accepted < after.recorded) {
    await sleep(LOOK_PAUSE_MS);
    after = await pair.spent();
  }
  if (after.dropped > 0) throw new Error(`${after.dropped} events were dropped`);
  return { cpuMicros: after.cpuMicros - before.cpuMicros, sent: after.accepted - before.accepted };
}

/** `alike` is the difference of two windows without recording: its interval says what this run cannot tell from nothing. */
function samplesOf(turns: readonly Turn[], batches: readonly number[]): readonly Sample[] {
  const more = turns.flatMap(({ recording, plain }) => [recording[0] - plain[0], recording[1] - plain[1]]);
  return [
    { case: "record plain", value: medianOf(turns.flatMap(({ plain }) => plain)), unit: "µs" },
    { case: "record all", value: medianOf(more) + medianOf(batches), unit: "µs" },
    ...intervalSamples("record-request", { values: more, unit: "µs" }),
    ...intervalSamples("record-batch", { values: batches, unit: "µs" }),
    ...intervalSamples("record-alike", { values: turns.map(({ plain: [one, other] }) => one - other), unit: "µs" }),
  ];
}
