import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type BenchOptions, pick } from "./options.ts";
import type { OpenProxy } from "./proxies/proxy.ts";
import type { Row } from "./report.ts";
import { cpuSeconds, residentBytes } from "./traffic/machine.ts";
import type { Program } from "./traffic/programs.ts";
import { inSession } from "./traffic/session.ts";

const LOAD = fileURLToPath(new URL("traffic/websocket-load.js", import.meta.url));

/** What the handshakes carry beside what makes them handshakes. */
const FIELDS = ["Origin: https://example.com", "User-Agent: bench", "X-Forwarded-For: 203.0.113.7, 10.0.2.5"];

const TALKING = 32;

/**
 * How far apart the handshakes of `handshake-paced` begin. There all proxies are measured at the same rate. As fast as they can each has another: whoever is faster than the traffic
 * finds its programs awake, and whoever is slower pays for waking them up with nearly every packet. At this rate in turn none has the next packet waiting, and all cost about twice as much.
 */
const HANDSHAKE_EVERY_MS = 1;

/** How long a proxy has to come to rest before its memory is looked at, how often it is looked at, and from one time to the next what is no fall any more. */
const SETTLE_MS = 300;
const MAX_LOOKS = 12;
const SETTLED_BYTES = 131_072;

const EFFORT = { rounds: 5, warmUps: 4_000, handshakes: 4_000, messages: 100_000, idle: 2_000 };
const QUICK = { rounds: 1, warmUps: 50, handshakes: 50, messages: 500, idle: 100 };

type Effort = typeof EFFORT;

/**
 * What a WebSocket costs each proxy: its handshake (opened and closed) as fast as it can and at a rate that all keep, a message of 64 bytes there and back, and the memory of one that is idle. Each round
 * opens every proxy anew: memory that a process has had once it does not ask for again.
 */
export function measureWebSocket(options: BenchOptions): Promise<readonly Row[]> {
  const effort = { ...(options.quick ? QUICK : EFFORT), ...(options.rounds && { rounds: options.rounds }) };
  const cases = pick(CASES, options.cases);
  return inSession("websocket", {
    options,
    async act({ programs, proxies, originPort, note }) {
      for (let round = 0; round < effort.rounds; round++) {
        for (const proxy of proxies) {
          const running = await proxy.open(programs, originPort);
          const told = JSON.stringify({ port: running.port, path: "/", fields: FIELDS });
          const load = programs.start([process.execPath, LOAD, told], "traffic");
          await load.hears();
          // What it does first is slower than what it does then, by half for thousands of handshakes; and memory that it takes for itself is none of a connection's.
          await load.ask({ ask: "handshakes", count: effort.warmUps });
          for (const { name, unit, measure } of cases) note(proxy, [{ case: name, unit, value: await measure({ running, load, effort }) }]);
          await load.end();
          await running.end();
        }
      }
    },
  });
}

type Visit = { readonly running: OpenProxy; readonly load: Program; readonly effort: Effort };
type Case = { readonly name: string; readonly unit: string; readonly measure: (visit: Visit) => Promise<number> };

const CASES: readonly Case[] = [
  { name: "handshake", unit: "µs", measure: (visit) => handshakes(visit, { ask: "handshakes" }) },
  { name: "handshake-paced", unit: "µs", measure: (visit) => handshakes(visit, { ask: "pacedHandshakes", everyMs: HANDSHAKE_EVERY_MS }) },
  { name: "round-trip", unit: "µs", measure: messages },
  { name: "idle", unit: "KB", measure: idle },
];

async function handshakes(
  { running, load, effort }: Visit,
  question: { readonly ask: string; readonly everyMs?: number },
): Promise<number> {
  const before = cpuSeconds(running.pid);
  await load.ask({ ...question, count: effort.handshakes });
  return ((cpuSeconds(running.pid) - before) / effort.handshakes) * 1e6;
}

async function messages({ running, load, effort }: Visit): Promise<number> {
  await load.ask({ ask: "open", count: TALKING });
  await load.ask({ ask: "messages", count: effort.messages / 10 });
  const before = cpuSeconds(running.pid);
  await load.ask({ ask: "messages", count: effort.messages });
  const cpu = cpuSeconds(running.pid) - before;
  await load.ask({ ask: "close" });
  return (cpu / effort.messages) * 1e6;
}

async function idle({ running, load, effort }: Visit): Promise<number> {
  const before = await settledBytes(running);
  await load.ask({ ask: "open", count: effort.idle });
  const bytes = (await settledBytes(running)) - before;
  await load.ask({ ask: "close" });
  return bytes / effort.idle / 1_024;
}

/** What a process gives back after its work it gives back little by little: memory is looked at until it falls no more. */
async function settledBytes(running: OpenProxy): Promise<number> {
  let bytes = Number.POSITIVE_INFINITY;
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    const before = bytes;
    await running.collect();
    await sleep(SETTLE_MS);
    bytes = residentBytes(running.pid);
    if (bytes > before - SETTLED_BYTES) return bytes;
  }
  return bytes;
}
