import type { DuckDBConnection } from "@duckdb/node-api";
import type { EnvironmentKey } from "../config-store/port.ts";
import { ControlError } from "../errors.ts";
import { appendBatches, type ReadyAppending, readyAppending } from "./duckdb-append.ts";
import { compact, deleteAddress, deleteBefore, keepWithin } from "./duckdb-delete.ts";
import type { DuckdbAsk, DuckdbAsks, DuckdbReply } from "./duckdb-messages.ts";
import { type OpenedDuckdb, openDuckdb } from "./duckdb-open.ts";
import { askDuckdb, countDuckdbClients, type DuckdbReader, environmentsOf, environmentsOfEvents, requireWanted } from "./duckdb-query.ts";
import { heldEnvironments } from "./held-environments.ts";
import { QuestionTooCostly } from "./port.ts";
import { questionTurns } from "./question-turns.ts";
import { waitingAppends } from "./waiting-appends.ts";

/*
 * The process that holds the database, so that neither a long question nor an end of DuckDB's is one of control. It ends when control does, however
 * that ends; a signal to the whole group (Ctrl-C) is control's to hear.
 */

/** Batches in one transaction. */
const MAX_BATCHES = 64;

/** How soon a question ends that is over. DuckDB does not hear an interrupt while it plans a statement: so it is told again. */
const INTERRUPT_EVERY_MS = 50;

/** Questions at a time. Each takes one of the threads that appending needs too. */
const MAX_QUESTIONS = 2;

let opened: OpenedDuckdb | undefined;
/** The last write. Writes are made one after another. */
let written: Promise<unknown> = Promise.resolve();
/** What came during the write before goes to the disk together: each time on its own is most of what a small batch costs. */
const appends = waitingAppends((together: readonly ReadyAppending[]) => write((writer) => appendBatches(writer, together)), {
  maxTogether: MAX_BATCHES,
});
const environments = heldEnvironments();
/** The look for those that there were, and by what while it goes on. */
let looked: Promise<void> = Promise.resolve();
let looking: DuckDBConnection | undefined;
const inTurn = questionTurns(MAX_QUESTIONS);
/** What ends each question that is asked, by its id. */
const enders = new Map<number, AbortController>();
/** The questions that are asked. */
const asked = new Set<Promise<unknown>>();

process.umask(0o077);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
process.on("message", (ask: DuckdbAsk) => void reply(ask));
process.on("disconnect", () => void leave());

async function reply(ask: DuckdbAsk): Promise<void> {
  const { id } = ask;
  let message: DuckdbReply;
  try {
    message = { id, kind: "answer", answer: await answerTo(ask) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const code = error instanceof ControlError ? error.code : undefined;
    message = {
      id,
      kind: "fault",
      message: text,
      code,
      isCostly: error instanceof QuestionTooCostly || /^(INTERRUPT|Out of Memory|Invalid Input) Error/.test(text),
    };
  }
  if (process.connected) process.send?.(message);
}

function answerTo(ask: DuckdbAsk): Promise<DuckdbAsks[keyof DuckdbAsks]["answer"]> {
  switch (ask.name) {
    case "open":
      return open(ask.given);
    case "append":
      environments.note(ask.given);
      return appends.add(readyAppending(ask.given));
    case "ask":
      return question(ask, askDuckdb);
    case "countClients":
      return question(ask, countDuckdbClients);
    case "cancel":
      return cancel(ask.given);
    case "deleteBefore":
      return write((writer) => thenCompact(writer, deleteBefore(writer, ask.given)));
    case "deleteAddress":
      return write((writer) => thenCompact(writer, deleteAddress(writer, ask.given)));
    case "keepWithin":
      // the look of the start is a question too, and beside one there is nothing to be told
      return looked.then(() => write((writer) => keepWithin(writer, ask.given)));
    case "environments":
      return write(environmentsOf);
    case "close":
      return close();
  }
}

/** What is deleted stays deleted when there is no room for that, or a question is under way: it is compacted another time. */
async function thenCompact(writer: DuckDBConnection, deleting: Promise<number>): Promise<number> {
  const deleted = await deleting;
  if (deleted > 0) await compact(writer).catch(() => undefined);
  return deleted;
}

async function open({ path, limits }: DuckdbAsks["open"]["given"]): Promise<null> {
  opened = await openDuckdb(path, limits);
  looked = lookForEnvironments(opened).catch(() => undefined);
  return null;
}

/** Beside whatever is asked meanwhile: of many events it takes a while. Until then, and where it fails, questions compare the environment of each event. */
async function lookForEnvironments({ instance }: OpenedDuckdb): Promise<void> {
  looking = await instance.connect();
  try {
    for (const key of await environmentsOfEvents(looking)) environments.note(key);
    environments.complete();
  } finally {
    looking.closeSync();
    looking = undefined;
  }
}

function write<Answer>(act: (writer: DuckDBConnection) => Promise<Answer>): Promise<Answer> {
  const act1 = (): Promise<Answer> => act(held().writer);
  const done = written.then(act1, act1);
  written = done;
  return done;
}

type Asked<Question> = {
  readonly id: number;
  readonly given: { readonly key: EnvironmentKey; readonly question: Question; readonly timeoutMs: number };
};

async function question<Question, Answer>(
  { id, given: { key, question, timeoutMs } }: Asked<Question>,
  answer: (reader: DuckdbReader, key: EnvironmentKey, question: Question) => Promise<Answer>,
): Promise<Answer> {
  const ender = new AbortController();
  const { signal } = ender;
  enders.set(id, ender);
  const act = async (): Promise<Answer> => {
    const connection = await held().instance.connect();
    const timer = setTimeout(() => ender.abort(), timeoutMs);
    const interrupter = setInterval(() => signal.aborted && connection.interrupt(), INTERRUPT_EVERY_MS);
    try {
      const isAlone = environments.isOnly(key);
      const answered = await answer({ connection, signal, isAlone }, key, question);
      requireWanted(signal);
      // another environment got its first events meanwhile, and they may be in the answer
      if (isAlone && !environments.isOnly(key)) return await answer({ connection, signal, isAlone: false }, key, question);
      return answered;
    } finally {
      clearTimeout(timer);
      clearInterval(interrupter);
      connection.closeSync();
    }
  };
  const done = inTurn(act, { timeoutMs, signal });
  asked.add(done);
  try {
    return await done;
  } finally {
    enders.delete(id);
    asked.delete(done);
  }
}

async function cancel({ id }: DuckdbAsks["cancel"]["given"]): Promise<null> {
  enders.get(id)?.abort();
  return null;
}

async function close(): Promise<null> {
  await appends.settled();
  // which cannot be done beside a question
  looking?.interrupt();
  await looked;
  await write(compact);
  return null;
}

/**
 * Control is gone, and nobody hears an answer. The process cannot end before its questions do, and until then the next control would find the file in use:
 * so they are ended. What is being written is written.
 */
async function leave(): Promise<void> {
  for (const ender of enders.values()) ender.abort();
  looking?.interrupt();
  await Promise.allSettled([written, looked, ...asked]);
  // the database closes with its process: what is stored is stored
  process.exit(0);
}

function held(): OpenedDuckdb {
  if (opened === undefined) throw new Error("The database is not open");
  return opened;
}
