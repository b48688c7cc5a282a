import { statSync } from "node:fs";
import { join } from "node:path";
import { type EventStore, openEventStore } from "@wherefrom/control";
import type { TrafficEvent } from "@wherefrom/model";
import { openBareDuckdb, repeatInDuckdb } from "./events/bare-duckdb.ts";
import { openClickhouseServer, whyNoClickhouse } from "./events/clickhouse-server.ts";
import { type Delivery, openDelivery } from "./events/delivery.ts";
import { makeEvents } from "./events/make-events.ts";
import { COUNT, QUESTIONS } from "./events/questions.ts";
import { wholeParts } from "./events/repeat.ts";
import { medianOf } from "./median.ts";
import { type BenchOptions, pick } from "./options.ts";
import { measureRecording } from "./record/record-cost.ts";
import { OURS, type Row } from "./report.ts";
import { clearingUp } from "./traffic/interruption.ts";
import { whyNoCpuTime } from "./traffic/machine.ts";
import { Programs } from "./traffic/programs.ts";

/** Of more events than `maxWritten` only a part of the day is written, and repeated inside of the stores for its other parts. */
const EFFORT = { rounds: 5, count: 1_000_000, maxWritten: 1_000_000 };
const QUICK = { rounds: 1, count: 4_000, maxWritten: 2_000 };

/** As a gateway under load sends them. */
const BATCH_EVENTS = 2_000;
/** Batches that come at the same time, from as many gateways. */
const AT_ONCE = 8;
/** Events that are made while the clock stands. */
const WINDOW_EVENTS = 64_000;

const KEY = { organization: "local", environment: "bench" };

/** One store under measurement. */
type Subject = {
  readonly name: string;
  /** Makes events ready; what it gives writes them. */
  prepare(events: readonly TrafficEvent[]): () => Promise<void>;
  /** Gives each other part of the day the events of the first one. */
  repeat(parts: number): Promise<void>;
  /** How many events there are. */
  count(): Promise<number>;
  /** Asks the question at this place of the list. */
  ask(question: number): Promise<unknown>;
  /** What all rows take on the disk, in bytes. Nothing may be asked afterwards. */
  close(): Promise<number>;
};

/** Beside the questions. */
const RECORD = { name: "record" };

/** What recording costs a gateway, and how fast stores of events take them and answer. */
export async function measureEvents(options: BenchOptions): Promise<readonly Row[]> {
  const cases = pick([...QUESTIONS, RECORD], options.cases).map(({ name }) => name);
  const questions = cases.filter((name) => name !== RECORD.name);
  const stores = questions.length === 0 ? [] : await measureStores({ ...options, cases: questions });
  const obstacle = whyNoCpuTime();
  if (!cases.includes(RECORD.name)) return stores;
  if (obstacle === undefined) return [...stores, ...(await measureRecording(options))];
  process.stderr.write(`Left out: ${RECORD.name}: ${obstacle}\n`);
  return stores;
}

/**
 * How fast events are written and questions answered, and how much room they take: our store on DuckDB, the same on ClickHouse, and DuckDB alone, which is
 * the floor. Of ours the whole way counts: for `write rate` from the events as objects through the process that holds the database to the disk, each batch once; for
 * `write delivered` all that is before it too, from the lines of a gateway over HTTP through control, which judges them. DuckDB alone is the floor of both.
 */
async function measureStores(options: BenchOptions): Promise<readonly Row[]> {
  const { rounds, count, maxWritten } = { ...(options.quick ? QUICK : EFFORT), ...wanted(options) };
  const parts = wholeParts(count / maxWritten);
  const written = Math.ceil(count / parts);
  const programs = new Programs();
  const subjects: Subject[] = [];
  const run = async (): Promise<readonly Row[]> => {
    for (const { name, open, whyNot } of pick(SUBJECTS, options.only)) {
      const reason = whyNot();
      if (reason === undefined) subjects.push(await open(programs, name));
      else process.stderr.write(`Left out: ${name}: ${reason}\n`);
    }
    const delivery = await openDelivery(programs);
    const writers = [
      ...subjects.map((subject) => ({ case: "write rate", name: subject.name, prepare: subject.prepare })),
      { case: DELIVERED, name: OURS, prepare: delivery.prepare },
    ];
    const rates = await writeAll(writers, { count: written, all: written * parts });
    await endDelivery(delivery, written);
    await repeatAll(subjects, { parts, all: written * parts });
    const asked = await askAll(subjects, { rounds, cases: options.cases });
    const sizes: Row[] = [];
    for (const { name, close } of subjects)
      sizes.push({ case: "write size", subject: name, value: (await close()) / (written * parts), unit: "bytes/row" });
    return [...rates, ...sizes, ...asked];
  };
  try {
    return await clearingUp(() => programs.kill(), run);
  } finally {
    await programs.end();
  }
}

function wanted({ rounds, count }: BenchOptions): { readonly rounds?: number; readonly count?: number } {
  return { ...(rounds !== undefined && { rounds }), ...(count !== undefined && { count }) };
}

async function endDelivery(delivery: Delivery, count: number): Promise<void> {
  const found = await delivery.count();
  if (found !== count) throw new Error(`Of ${count} events that were delivered ${found} are stored`);
  await delivery.end();
}

const DELIVERED = "write delivered";

type Writer = { readonly case: string } & Pick<Subject, "name" | "prepare">;

/** All of them the same events, a window one after the other. */
async function writeAll(
  writers: readonly Writer[],
  { count, all }: { readonly count: number; readonly all: number },
): Promise<readonly Row[]> {
  const seconds = new Map<Writer, number>(writers.map((writer) => [writer, 0]));
  for (let from = 0; from < count; from += WINDOW_EVENTS) {
    const events = makeEvents({ from, count: Math.min(WINDOW_EVENTS, count - from), all });
    for (const writer of writers) {
      const write = writer.prepare(events);
      const startedAt = performance.now();
      await write();
      seconds.set(writer, (seconds.get(writer) ?? 0) + (performance.now() - startedAt) / 1_000);
    }
    if (process.stderr.isTTY) process.stderr.write(`\r${from + events.length} of ${count} events written `);
  }
  const rows = writers.map((writer) => ({
    case: writer.case,
    subject: writer.name,
    value: count / (seconds.get(writer) ?? Number.NaN),
    unit: "rows/s",
  }));
  return [...rows, ...rows.filter(({ subject }) => subject === BARE).map((row) => ({ ...row, case: DELIVERED }))];
}

async function repeatAll(subjects: readonly Subject[], { parts, all }: { readonly parts: number; readonly all: number }): Promise<void> {
  for (const { name, repeat, count } of subjects) {
    if (process.stderr.isTTY && parts > 1) process.stderr.write(`\rRepeated ${parts} times in ${name} `);
    if (parts > 1) await repeat(parts);
    const found = await count();
    if (found !== all) throw new Error(`${name} has ${found} events of ${all}`);
  }
}

/** They take turns, round by round. */
async function askAll(
  subjects: readonly Subject[],
  { rounds, cases }: { readonly rounds: number; readonly cases: readonly string[] },
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { name } of pick(QUESTIONS, cases)) {
    const index = QUESTIONS.findIndex((question) => question.name === name);
    const taken = new Map<string, number[]>(subjects.map((subject) => [subject.name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const subject of subjects) {
        const startedAt = performance.now();
        await subject.ask(index);
        taken.get(subject.name)?.push(performance.now() - startedAt);
      }
    }
    for (const [subject, values] of taken) rows.push({ case: `ask ${name}`, subject, value: medianOf(values), unit: "ms" });
  }
  return rows;
}

const BARE = "bare duckdb";

const SUBJECTS = [
  {
    name: OURS,
    whyNot: () => undefined,
    async open(programs: Programs, name: string): Promise<Subject> {
      const path = join(programs.folder(), "events.duckdb");
      const repeat = (parts: number): Promise<void> => repeatInDuckdb(path, parts);
      return subjectOf(name, `duckdb:${path}`, { repeat, bytes: async () => fileBytes(path) });
    },
  },
  {
    name: "clickhouse",
    whyNot: whyNoClickhouse,
    async open(programs: Programs, name: string): Promise<Subject> {
      const server = await openClickhouseServer(programs);
      return subjectOf(name, server.url, { repeat: server.repeat, bytes: server.bytes });
    },
  },
  {
    name: BARE,
    whyNot: () => undefined,
    async open(programs: Programs, name: string): Promise<Subject> {
      const path = join(programs.folder(), "events.duckdb");
      const bare = await openBareDuckdb(path);
      return {
        name,
        prepare: (events) => bare.prepare(events),
        repeat: (parts) => bare.repeat(parts),
        count: async () => Number((await bare.ask("SELECT count(*) FROM events"))[0]?.[0]),
        ask: (question) => bare.ask(QUESTIONS[question]?.bare ?? ""),
        async close() {
          await bare.close();
          return fileBytes(path);
        },
      };
    },
  },
];

/** Control's own, but for the time that a question over very many rows may take here. */
const LIMITS = { maxEventMemoryBytes: 536_870_912, eventQuestionTimeoutMs: 120_000, eventWriteTimeoutMs: 120_000 };

type Behind = { readonly repeat: (parts: number) => Promise<void>; readonly bytes: () => Promise<number> };

/** Our store on a database. Nobody else has that open while the events in it are repeated. */
async function subjectOf(name: string, analytics: string, { repeat, bytes }: Behind): Promise<Subject> {
  const open = (): Promise<EventStore> => openEventStore(analytics, { limits: LIMITS, now: Date.now });
  let store = await open();
  return {
    name,
    prepare(events) {
      const batches = Array.from({ length: Math.ceil(events.length / BATCH_EVENTS) }, (_, index) =>
        events.slice(index * BATCH_EVENTS, (index + 1) * BATCH_EVENTS),
      );
      return () => appendAll(store, batches);
    },
    async repeat(parts) {
      await store.close();
      await repeat(parts);
      store = await open();
    },
    async count() {
      return (await store.ask(KEY, COUNT))[0]?.points[0]?.measures[0] ?? 0;
    },
    async ask(question) {
      const asked = QUESTIONS[question];
      if (asked !== undefined && (await store.ask(KEY, asked.question)).length === 0)
        throw new Error(`${name} answers ${asked.name} with nothing`);
    },
    async close() {
      await store.close();
      return bytes();
    },
  };
}

async function appendAll(store: EventStore, batches: readonly (readonly TrafficEvent[])[]): Promise<void> {
  const left = batches.values();
  const append = async (): Promise<void> => {
    for (const events of left) {
      const id = `${events[0]?.time}-${events.length}`;
      await store.append(KEY, { gateway: "bench", id, events, privacy: { form: "plain" } });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, append));
}

function fileBytes(path: string): number {
  return [path, `${path}.wal`].reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
}
