import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { percentile } from "./median.ts";
import { type BenchOptions, pick } from "./options.ts";
import { changeUnderLoad } from "./publish/change-under-load.ts";
import { changeAgainAndAgain, tellFaults } from "./publish/changes.ts";
import { Fleet, type Node } from "./publish/fleet.ts";
import { OURS, type Row } from "./report.ts";
import { inSession, type Sample, type Session } from "./traffic/session.ts";

const EFFORT = { gateways: 20, changes: 100, changeSeconds: 60, turns: 20, windowSeconds: 2, settleSeconds: 1, warmUpSeconds: 4 };
const QUICK = { gateways: 2, changes: 2, changeSeconds: 0.3, turns: 1, windowSeconds: 0.2, settleSeconds: 0, warmUpSeconds: 0 };

/** Of the time in which nothing changes, to know what the processes cost anyway. */
const IDLE_PART = 0.1;

type Effort = typeof EFFORT;

type Subject = { readonly session: Session; readonly fleet: Fleet; readonly effort: Effort };

/** What `--case` chooses from. The last one leaves one gateway only. */
const PARTS: readonly { readonly name: string; readonly measure: (subject: Subject) => Promise<readonly Sample[]> }[] = [
  { name: "follow", measure: followChanges },
  { name: "minute", measure: changeForLong },
  { name: "load", measure: changeUnderLoad },
];

/**
 * How long after the answer of the API the last of 20 gateways resolves by the new policy, asked at each of them; whether all of them follow ten changes a
 * second for a minute, and what each costs in processor time; and how much more processor time a request costs a gateway under load that follows them. For the last one all other
 * gateways are gone: they would have machines of their own, and here they would slow down who asks.
 */
export function measurePublish(options: BenchOptions): Promise<readonly Row[]> {
  const effort = { ...(options.quick ? QUICK : EFFORT), ...(options.rounds && { changes: options.rounds, turns: options.rounds }) };
  const parts = pick(PARTS, options.cases);
  return inSession("http", {
    options,
    async act(session) {
      const fleet = await openFleet(session, effort);
      for (const { measure } of parts) session.note({ name: OURS }, await measure({ session, fleet, effort }));
    },
  });
}

async function openFleet({ programs, originPort }: Session, { gateways }: Effort): Promise<Fleet> {
  const script = (name: string): string => fileURLToPath(new URL(`publish/${name}.js`, import.meta.url));
  const folder = programs.folder();
  const start = (name: string, told: object, side: "proxy" | "traffic") =>
    programs.start([process.execPath, script(name), JSON.stringify(told)], side);
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
async function followChanges({ fleet, effort: { changes } }: Subject): Promise<readonly Sample[]> {
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

async function changeForLong({ fleet, effort: { changeSeconds } }: Subject): Promise<readonly Sample[]> {
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
