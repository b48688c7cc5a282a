import { statSync } from "node:fs";
import { join } from "node:path";
import { type EventStore, openEventStore } from "@wherefrom/control";
import type { TrafficEvent } from "@wherefrom/model";
import { openBareDuckdb } from "./events/bare-duckdb.ts";
import { openClickhouseServer, whyNoClickhouse } from "./events/clickhouse-server.ts";
import { makeEvents } from "./events/make-events.ts";
import { QUESTIONS } from "./events/questions.ts";
import { type BenchOptions, pick } from "./options.ts";
import { medianOf, OURS, type Row } from "./report.ts";
import { clearingUp } from "./traffic/interruption.ts";
import { Programs } from "./traffic/programs.ts";

const EFFORT = { rounds: 5, count: 1_000_000 };
const QUICK = { rounds: 1, count: 4_000 };

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
  /** Asks the question at this place of the list. */
  ask(question: number): Promise<unknown>;
  /** What all rows take on the disk, in bytes. Nothing may be asked afterwards. */
  close(): Promise<number>;
};

/**
 * How fast events are written and questions answered, and how much room they take: our store on DuckDB, the same on ClickHouse, and DuckDB alone, which is
 * the floor. Of ours the whole way counts: from the events as objects through the process that holds the database to the disk, each batch once.
 */
export async function measureEvents(options: BenchOptions): Promise<readonly Row[]> {
  const { rounds, count } = { ...(options.quick ? QUICK : EFFORT), ...wanted(options) };
  const programs = new Programs();
  const subjects: Subject[] = [];
  const run = async (): Promise<readonly Row[]> => {
    for (const { name, open, whyNot } of pick(SUBJECTS, options.only)) {
      const reason = whyNot();
      if (reason === undefined) subjects.push(await open(programs, name));
      else process.stderr.write(`Left out: ${name}: ${reason}\n`);
    }
    const written = await writeAll(subjects, count);
    const asked = await askAll(subjects, { rounds, cases: options.cases });
    const sizes: Row[] = [];
    for (const { name, close } of subjects)
      sizes.push({ case: "write size", subject: name, value: (await close()) / count, unit: "bytes/row" });
    return [...written, ...sizes, ...asked];
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

/** All of them the same events, a window one after the other. */
async function writeAll(subjects: readonly Subject[], count: number): Promise<readonly Row[]> {
  const seconds = new Map<Subject, number>(subjects.map((subject) => [subject, 0]));
  for (let from = 0; from < count; from += WINDOW_EVENTS) {
    const events = makeEvents({ from, count: Math.min(WINDOW_EVENTS, count - from), all: count });
    for (const subject of subjects) {
      const write = subject.prepare(events);
      const startedAt = performance.now();
      await write();
      seconds.set(subject, (seconds.get(subject) ?? 0) + (performance.now() - startedAt) / 1_000);
    }
    if (process.stderr.isTTY) process.stderr.write(`\r${from + events.length} of ${count} events written `);
  }
  return subjects.map((subject) => ({
    case: "write rate",
    subject: subject.name,
    value: count / (seconds.get(subject) ?? Number.NaN),
    unit: "rows/s",
  }));
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

const SUBJECTS = [
  {
    name: OURS,
    whyNot: () => undefined,
    async open(programs: Programs, name: string): Promise<Subject> {
      const path = join(programs.folder(), "events.duckdb");
      return subjectOf(name, await openEventStore(`duckdb:${path}`, { limits: LIMITS, now: Date.now }), async () => fileBytes(path));
    },
  },
  {
    name: "clickhouse",
    whyNot: whyNoClickhouse,
    async open(programs: Programs, name: string): Promise<Subject> {
      const server = await openClickhouseServer(programs);
      return subjectOf(name, await openEventStore(server.url, { limits: LIMITS, now: Date.now }), server.bytes);
    },
  },
  {
    name: "bare duckdb",
    whyNot: () => undefined,
    async open(programs: Programs, name: string): Promise<Subject> {
      const path = join(programs.folder(), "events.duckdb");
      const bare = await openBareDuckdb(path);
      return {
        name,
        prepare: (events) => bare.prepare(events),
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

function subjectOf(name: string, store: EventStore, bytes: () => Promise<number>): Subject {
  return {
    name,
    prepare(events) {
      const batches = Array.from({ length: Math.ceil(events.length / BATCH_EVENTS) }, (_, index) =>
        events.slice(index * BATCH_EVENTS, (index + 1) * BATCH_EVENTS),
      );
      return () => appendAll(store, batches);
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
