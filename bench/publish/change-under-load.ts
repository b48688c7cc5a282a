import { setTimeout as sleep } from "node:timers/promises";
import { medianOf } from "../median.ts";
import { intervalSamples } from "../traffic/interval-samples.ts";
import { loadHttpWhile } from "../traffic/load.ts";
import type { Program } from "../traffic/programs.ts";
import type { Sample, Session } from "../traffic/session.ts";
import { changeAgainAndAgain } from "./changes.ts";
import type { Fleet, FleetEnvironment } from "./fleet.ts";

/** How long is measured. After `settleSeconds` nothing of a change is left to be done: a gateway writes to disk once a second at most. */
type LoadEffort = {
  readonly turns: number;
  readonly windowSeconds: number;
  readonly settleSeconds: number;
  /** For the gateway to compile what it runs. */
  readonly warmUpSeconds: number;
};

type UnderLoad = { readonly session: Pick<Session, "programs">; readonly fleet: Fleet; readonly effort: LoadEffort };

const LOAD = { path: "/bytes/100", fields: ["X-Forwarded-For: 192.0.2.1, 192.0.2.2, 192.0.2.3"], connections: 32 };

/** What a gateway did and spent in a window, as it says itself. */
type Window = { readonly requests: number; readonly cpuMicros: number; readonly seconds: number; readonly changes: number };

/** Windows in which its own environment was changed, and in which another was. */
type Turn = { readonly here: readonly [Window, Window]; readonly elsewhere: readonly [Window, Window] };

/**
 * What ten changes a second cost a gateway at full load when they are its own environment's, beside when they are another's, of which it hears nothing. Control works
 * in both cases: beside it on one machine requests come less densely, and alone by that each costs more.
 *
 * The load is one and the same from before the first window to after the last. Windows take turns as here, elsewhere, elsewhere, here, so that a machine that gets slower
 * or faster favours neither, and each is compared with its neighbour. All processor time of the gateway is shared among its requests, also what it spends on the changes.
 */
export async function changeUnderLoad({ session, fleet, effort }: UnderLoad): Promise<readonly Sample[]> {
  const { turns: count, windowSeconds, settleSeconds, warmUpSeconds } = effort;
  const { port, program } = await fleet.keepOnlyFirst();
  const load = { ...LOAD, port };
  const turns = await loadHttpWhile({ programs: session.programs, load }, async () => {
    const look = (environment: FleetEnvironment) => windowOf({ fleet, program, environment, seconds: windowSeconds });
    const here = async (): Promise<Window> => {
      const window = await look("bench");
      await sleep(settleSeconds * 1_000);
      return window;
    };
    await sleep(warmUpSeconds * 1_000);
    await here();
    const taken: Turn[] = [];
    for (let at = 0; at < count; at++) {
      const first = await here();
      const elsewhere = [await look("aside"), await look("aside")] as const;
      taken.push({ here: [first, await here()], elsewhere });
    }
    return taken;
  });
  return samplesOf(turns);
}

type WindowParts = { readonly fleet: Fleet; readonly program: Program; readonly environment: FleetEnvironment; readonly seconds: number };

/** Lasts longer than it should where the load has not come by then: on a machine that has too much to do it takes a while to begin. */
async function windowOf({ fleet, program, environment, seconds }: WindowParts): Promise<Window> {
  const used = async () => (await program.ask({ ask: "used" })) as Pick<Window, "requests" | "cpuMicros">;
  const stop = new AbortController();
  const before = await used();
  const startedAt = performance.now();
  const changes = changeAgainAndAgain(fleet, { environment, signal: stop.signal });
  let after = before;
  while (after.requests === before.requests) {
    await sleep(seconds * 1_000);
    after = await used();
  }
  const tookSeconds = (performance.now() - startedAt) / 1_000;
  stop.abort();
  const { made, faults } = await changes;
  if (faults.length > 0) throw new Error(`A change failed: ${faults[0]}`);
  return {
    requests: after.requests - before.requests,
    cpuMicros: after.cpuMicros - before.cpuMicros,
    seconds: tookSeconds,
    changes: made,
  };
}

/** `more` is by how much a request costs more, `alike` the same of two windows without a difference: its interval says what this run cannot tell from nothing. */
function samplesOf(turns: readonly Turn[]): readonly Sample[] {
  const elsewhere = turns.flatMap((turn) => turn.elsewhere);
  const here = turns.flatMap((turn) => turn.here);
  const neighbours = turns.flatMap((turn) => [0, 1].map((at) => [turn.here[at], turn.elsewhere[at]] as readonly [Window, Window]));
  const changeMs = neighbours.map(([one, other]) => (one.cpuMicros - one.requests * requestMicros(other)) / one.changes / 1_000);
  return [
    { case: "request-cpu elsewhere", value: medianOf(elsewhere.map(requestMicros)), unit: "µs" },
    { case: "request-cpu here", value: medianOf(here.map(requestMicros)), unit: "µs" },
    { case: "request-cpu load", value: medianOf(here.map(({ cpuMicros, seconds }) => cpuMicros / seconds / 1e4)), unit: "% of a core" },
    ...intervalSamples("more", { values: neighbours.map(([one, other]) => percentMore(one, other)), unit: "%" }),
    ...intervalSamples("alike", { values: turns.map((turn) => percentMore(...turn.elsewhere)), unit: "%" }),
    ...intervalSamples("change", { values: changeMs, unit: "ms" }),
  ];
}

function requestMicros({ cpuMicros, requests }: Window): number {
  return cpuMicros / requests;
}

function percentMore(one: Window, other: Window): number {
  return (requestMicros(one) / requestMicros(other) - 1) * 100;
}
