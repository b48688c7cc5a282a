import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { statsTime } from "@wherefrom/model/stats-time";
import { openClickhouseServer, whyNoClickhouse } from "./events/clickhouse-server.ts";
import { type BenchOptions, pick } from "./options.ts";
import { type Answer, differences, expectedAnswer, REPLAY_QUESTIONS, type ReplayQuestion, readAnswer } from "./replay/questions.ts";
import { REPLAY_APIS, REPLAY_POLICY } from "./replay/requests.ts";
import { openTee } from "./replay/tee.ts";
import { OURS, type Row } from "./report.ts";
import type { Program, Programs } from "./traffic/programs.ts";
import { inSession, type Session } from "./traffic/session.ts";

const EFFORT = { count: 1_000_000, connections: 32 };
const QUICK = { count: 5_000, connections: 16 };

/** How long events may take after the last request, and how often that is looked at. */
const EVENTS_TIMEOUT_MS = 3_600_000;
const LOOK_PAUSE_MS = 100;

/** A control with one kind of event store. */
type Store = { readonly name: string; readonly url: string; readonly snapshotKey: string };

/**
 * Sends generated requests, with honest chains, forged ones and ones that give no client, through the gateway; its events go to two controls, with DuckDB and with ClickHouse. Then both are asked for stats, and
 * so is the list of the requests itself. What is told are differences, of which there have to be none.
 */
export function replayRequests(options: BenchOptions): Promise<readonly Row[]> {
  const { count, connections } = { ...(options.quick ? QUICK : EFFORT), ...(options.count !== undefined && { count: options.count }) };
  return inSession("http", {
    options: { ...options, only: [] },
    async act(session) {
      const stores = await openStores(session);
      const [first, second] = stores;
      if (first === undefined) throw new Error("There is a control with DuckDB");
      const tee = await openTee(first.url, second?.url);
      try {
        const from = Date.now();
        const { gateway, port } = await openGateway(session.programs, { url: tee.url, snapshotKey: first.snapshotKey });
        const sent = await sendAll(session.programs, { port, count, connections });
        const { recorded, sampled, dropped } = await untilTaken(gateway, count);
        session.note({ name: OURS }, [
          { case: "requests: rate", value: count / sent.seconds, unit: "req/s" },
          { case: "requests: recorded", value: recorded, unit: "events" },
          { case: "requests: sampled or dropped", value: sampled + dropped, unit: "events" },
        ]);
        await compareAll(session, { stores, count, from, cases: options.cases });
      } finally {
        tee.close();
      }
    },
  });
}

async function openStores({ programs, originPort }: Session): Promise<readonly Store[]> {
  const routes = REPLAY_APIS.map((name) => ({ name, basePath: `/${name}`, target: `http://127.0.0.1:${originPort}` }));
  const seed = { clientIpResolutionConfig: REPLAY_POLICY, routes };
  const folder = programs.folder();
  const places = [{ name: OURS, folder, analytics: `duckdb:${folder}/events.duckdb` }];
  const obstacle = whyNoClickhouse();
  if (obstacle === undefined)
    places.push({ name: "clickhouse", folder: programs.folder(), analytics: (await openClickhouseServer(programs)).url });
  else process.stderr.write(`Left out: clickhouse: ${obstacle}\n`);
  const stores: Store[] = [];
  for (const { name, ...place } of places) {
    const program = start(programs, { script: "publish/control-node", told: { ...place, originPort, seed } });
    stores.push({ name, ...((await program.hears()) as Omit<Store, "name">) });
  }
  return stores;
}

async function openGateway(
  programs: Programs,
  control: { readonly url: string; readonly snapshotKey: string },
): Promise<{ readonly gateway: Program; readonly port: number }> {
  const told = { ...control, id: "replay", folder: programs.folder(), events: programs.folder() };
  const gateway = start(programs, { script: "publish/gateway-node", told });
  const { port } = (await gateway.hears()) as { readonly port: number };
  return { gateway, port };
}

function start(programs: Programs, { script, told }: { readonly script: string; readonly told: object }): Program {
  const file = fileURLToPath(new URL(`${script}.js`, import.meta.url));
  return programs.start([process.execPath, file, JSON.stringify(told)], "any");
}

type Sending = { readonly port: number; readonly count: number; readonly connections: number };

async function sendAll(programs: Programs, sending: Sending): Promise<{ readonly seconds: number }> {
  const program = start(programs, { script: "replay/send-requests", told: sending });
  const { answered, seconds } = (await program.hears()) as { readonly answered: number; readonly seconds: number };
  if (answered !== sending.count) throw new Error(`Of ${sending.count} requests ${answered} were answered`);
  return { seconds };
}

type Counts = {
  readonly recorded: number;
  readonly sampled: number;
  readonly dropped: number;
  readonly accepted: number;
  readonly refused: number;
};

/** Until each request is an event that control took, or is counted as none. */
async function untilTaken(gateway: Program, count: number): Promise<Counts> {
  for (let waitedMs = 0; waitedMs < EVENTS_TIMEOUT_MS; waitedMs += LOOK_PAUSE_MS) {
    const counts = (await gateway.ask({ ask: "counts" })) as Counts;
    const { recorded, sampled, dropped, accepted, refused } = counts;
    if (recorded + sampled + dropped === count && accepted + refused === recorded) return counts;
    await sleep(LOOK_PAUSE_MS);
  }
  throw new Error(`Events of ${count} requests did not come: ${JSON.stringify(await gateway.ask({ ask: "counts" }))}`);
}

type Comparing = { readonly stores: readonly Store[]; readonly count: number; readonly from: number; readonly cases: readonly string[] };

/** Errors: an `Error` that names the first differences. */
async function compareAll({ note }: Session, { stores, count, from, cases }: Comparing): Promise<void> {
  const timeRange = `${statsTime(from - 60_000)}~${statsTime(Date.now() + 60_000)}`;
  const faults: string[] = [];
  for (const question of pick(REPLAY_QUESTIONS, cases)) {
    const answers: [string, Answer][] = [];
    for (const store of stores) answers.push([store.name, await askStats(store, question, timeRange)]);
    if (question.expected !== undefined) answers.push(["requests", expectedAnswer(question.expected, count)]);
    const [, ...others] = answers;
    const [[, ours] = ["", new Map()]] = answers;
    const samples = [{ case: `${question.name}: groups`, value: ours.size, unit: "groups" }];
    if (ours.size === 0) faults.push(`${question.name}: no groups`);
    for (const [name, answer] of others) {
      const different = differences(ours, answer);
      samples.push({ case: `${question.name}: other than ${name}`, value: different.length, unit: "groups" });
      faults.push(
        ...different.slice(0, 3).map((group) => `${question.name}: ${group}: ${ours.get(group)} and of ${name} ${answer.get(group)}`),
      );
    }
    note({ name: OURS }, samples);
  }
  if (faults.length > 0) throw new Error(`Answers are different:\n${faults.join("\n")}`);
}

async function askStats({ url }: Store, { dimensions, query }: ReplayQuestion, timeRange: string): Promise<Answer> {
  const path = `/v1/organizations/local/environments/bench/stats/${dimensions}`;
  const asked = `${url}${path}?${new URLSearchParams({ ...query, timeRange })}`;
  // a connection that was kept may have been closed meanwhile
  const response = await fetch(asked).catch(() => fetch(asked));
  const text = await response.text();
  if (!response.ok) throw new Error(`The API answered ${response.status} ${text}`);
  return readAnswer(JSON.parse(text));
}
