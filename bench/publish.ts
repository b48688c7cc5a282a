import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { escapeText } from "wherefrom";
import type { BenchOptions } from "./options.ts";
import { Fleet, type FleetEnvironment, type Node } from "./publish/fleet.ts";
import { medianOf, OURS, type Row } from "./report.ts";
import { loadHttp } from "./traffic/load.ts";
import { cpuSeconds } from "./traffic/machine.ts";
import { inSession, type Sample, type Session } from "./traffic/session.ts";

const EFFORT = { gateways: 20, changes: 100, changeSeconds: 60, turns: 8, windowSeconds: 3 };
const QUICK = { gateways: 2, changes: 2, changeSeconds: 0.3, turns: 1, windowSeconds: 0.2 };

const CHANGES_PER_SECOND = 10;
const CONNECTIONS = 32;
const MAX_FAULT_CHARS = 500;
/** Of the time in which nothing changes, to know what the processes cost anyway. */
const IDLE_PART = 0.1;

type Effort = typeof EFFORT;

/**
 * How long after the answer of the API the last of 20 gateways resolves by the new policy, asked at each of them; whether all of them follow ten changes a
 * second for a minute, and what each costs in processor time; and how much more processor time a request costs a gateway under load that follows them. For the last one all other
 * gateways are gone: they would have machines of their own, and here they would slow down who asks.
 */
export function measurePublish(options: BenchOptions): Promise<readonly Row[]> {
  const effort = { ...(options.quick ? QUICK : EFFORT), ...(options.rounds && { changes: options.rounds }) };
  return inSession("http", {
    options,
    async act(session) {
      const fleet = await openFleet(session, effort);
      const samples = [
        await followChanges(fleet, effort),
        await changeForLong(fleet, effort),
        await changeUnderLoad(session, { fleet, effort }),
      ];
      session.note({ name: OURS }, samples.flat());
    },
  });
}

async function openFleet({ programs, originPort }: Session, { gateways }: Effort): Promise<Fleet> {
  const script = (name: string): string => fileURLToPath(new URL(`publish/${name}.js`, import.meta.url));
  const folder = programs.folder();
  const start = (name: string, told: object, side: "proxy" | "traffic") =>
    programs.start([process.execPath, "--max-semi-space-size=1", script(name), JSON.stringify(told)], side);
  const controlProgram = start("control-node", { folder, originPort }, "traffic");
  const control = (await controlProgram.hears()) as { url: string; snapshotKey: string };
  const nodes: Node[] = [];
  // One after another: twenty processes that compile at the same time help nobody.
  for (let at = 0; at < gateways; at++) {
    const program = start("gateway-node", { ...control, id: `gw-${at}`, folder }, at % 2 === 0 ? "proxy" : "traffic");
    nodes.push({ program, ...((await program.hears()) as { port: number; questionPort: number }) });
  }
  return new Fleet({ program: controlProgram, url: control.url }, nodes);
}

/** Changes one after another. A gateway counts as following when its own answer is that of the new policy. */
async function followChanges(fleet: Fleet, { changes }: Effort): Promise<readonly Sample[]> {
  const calls: number[] = [];
  const last: number[] = [];
  for (let at = 0; at < changes; at++) {
    const startedAt = performance.now();
    const address = await fleet.change();
    const answeredAt = performance.now();
    await fleet.untilAllSay(address);
    calls.push(answeredAt - startedAt);
    last.push(performance.now() - answeredAt);
  }
  return [
    { case: "answer-to-last-gateway p50", value: percentile(last, 50), unit: "ms" },
    { case: "answer-to-last-gateway p99", value: percentile(last, 99), unit: "ms" },
    { case: "call-to-answer p50", value: percentile(calls, 50), unit: "ms" },
    { case: "call-to-answer p99", value: percentile(calls, 99), unit: "ms" },
  ];
}

async function changeForLong(fleet: Fleet, { changeSeconds }: Effort): Promise<readonly Sample[]> {
  const idle = await fleet.cpuWhile(() => sleep(changeSeconds * IDLE_PART * 1_000));
  const stop = new AbortController();
  const changes = changeAgainAndAgain(fleet, { environment: "bench", signal: stop.signal });
  const busy = await fleet.cpuWhile(() => sleep(changeSeconds * 1_000));
  stop.abort();
  const { made, faults } = await changes;
  tellFaults(faults);
  await fleet.untilAllSay(await fleet.change());
  const costMs = (of: "control" | "gateway"): number => ((busy[of] - idle[of] / IDLE_PART) / made) * 1_000;
  return [
    { case: "changes made", value: made, unit: "changes" },
    { case: "changes faults", value: faults.length, unit: "faults" },
    { case: "change-cpu control", value: costMs("control"), unit: "ms" },
    { case: "change-cpu gateway", value: costMs("gateway"), unit: "ms" },
  ];
}

type LoadParts = { readonly fleet: Fleet; readonly effort: Effort };

/**
 * What the same ten changes a second cost a gateway when they are its own environment's, and when they are another's, which it hears nothing of. Control works in both
 * cases: beside it on one machine requests come less densely, and alone by that each costs more. Windows take turns as here, elsewhere, elsewhere, here, so that
 * a machine that gets slower or faster favours neither. All processor time of the gateway is shared among the requests, also what it spends on the changes themselves.
 */
async function changeUnderLoad({ programs }: Session, { fleet, effort }: LoadParts): Promise<readonly Sample[]> {
  const { port, program } = await fleet.keepOnlyFirst();
  const fields = ["X-Forwarded-For: 192.0.2.1, 192.0.2.2, 192.0.2.3"];
  const load = { port, path: "/bytes/100", fields, connections: CONNECTIONS, seconds: effort.windowSeconds };
  const changing = async (environment: FleetEnvironment): Promise<number> => {
    const stop = new AbortController();
    const changes = changeAgainAndAgain(fleet, { environment, signal: stop.signal });
    const before = cpuSeconds(program.pid);
    const { requests } = await loadHttp(programs, load);
    const spent = cpuSeconds(program.pid) - before;
    stop.abort();
    await changes;
    return (spent / requests) * 1e6;
  };
  await changing("bench");
  const turns: Turn[] = [];
  for (let at = 0; at < effort.turns; at++) {
    const first = await changing("bench");
    const elsewhere = [await changing("aside"), await changing("aside")] as const;
    turns.push({ here: [first, await changing("bench")], elsewhere });
  }
  return samplesOf(turns);
}

/** Processor time of a request in microseconds, in each window of a turn. */
type Turn = { readonly here: readonly [number, number]; readonly elsewhere: readonly [number, number] };

/** Each turn is compared within itself. `more-from` and `more-to` are the quartiles of what the turns say, `alike` is by how much two windows without a difference differ. */
function samplesOf(turns: readonly Turn[]): readonly Sample[] {
  const more = turns.map(({ here, elsewhere }) => ((here[0] + here[1]) / (elsewhere[0] + elsewhere[1]) - 1) * 100);
  const alike = turns.map(({ elsewhere: [one, other] }) => Math.abs(one / other - 1) * 100);
  return [
    { case: "request-cpu elsewhere", value: medianOf(turns.flatMap(({ elsewhere }) => elsewhere)), unit: "µs" },
    { case: "request-cpu here", value: medianOf(turns.flatMap(({ here }) => here)), unit: "µs" },
    { case: "request-cpu more", value: medianOf(more), unit: "%" },
    { case: "request-cpu more-from", value: percentile(more, 25), unit: "%" },
    { case: "request-cpu more-to", value: percentile(more, 75), unit: "%" },
    { case: "request-cpu alike", value: medianOf(alike), unit: "%" },
  ];
}

/** How many were asked for, and why those that failed did. */
type Changes = { readonly made: number; readonly faults: readonly string[] };

/** Ten a second whether or not the last one has been answered. */
async function changeAgainAndAgain(
  fleet: Fleet,
  { environment, signal }: { readonly environment: FleetEnvironment; readonly signal: AbortSignal },
): Promise<Changes> {
  const asked: Promise<unknown>[] = [];
  const faults: string[] = [];
  const startedAt = performance.now();
  while (!signal.aborted) {
    asked.push(fleet.change(environment).catch((error: unknown) => faults.push(String(error))));
    const next = startedAt + (asked.length * 1_000) / CHANGES_PER_SECOND;
    await sleep(Math.max(next - performance.now(), 0));
  }
  await Promise.all(asked);
  return { made: asked.length, faults };
}

/** On a machine that has too much to do it is that the answer took longer than a client waits: changes of one environment are made one after another. */
function tellFaults(faults: readonly string[]): void {
  for (const why of new Set(faults)) {
    const count = faults.filter((fault) => fault === why).length;
    process.stderr.write(`${count} changes failed: ${escapeText(why, MAX_FAULT_CHARS)}\n`);
  }
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}
