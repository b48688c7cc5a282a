import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type AuditEntry, auditFaults } from "@wherefrom/model";
import { expect } from "vitest";
import type { ConfigStore, EnvironmentContent, Revision } from "../src/config-store/port.ts";

/** As many as a writer writes: see crash-writer.mjs. */
const ROUTES = 40;
const MAX_DELAY_MS = 4;
const ALL = { limit: 100_000 };

export type Random = () => number;

/** The seed stands in the name of a test, and a test is repeated with WHEREFROM_TEST_SEED. */
export const SEED = Number(process.env["WHEREFROM_TEST_SEED"] ?? Date.now() % 1_000_000);

/** Numbers from 0 to 1 that a seed gives again: a linear congruential generator. */
export function randomOf(seed: number): Random {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Killing = {
  readonly first: number;
  readonly count: number;
  readonly random: Random;
  readonly kill: (writer: ChildProcess) => unknown;
};

/** Starts a process that writes into the database, and kills at a random moment after `count` stored revisions. Resolves with the last that it was told. */
export async function killAfter(database: string, { first, count, random, kill }: Killing): Promise<number> {
  const script = fileURLToPath(new URL("crash-writer.mjs", import.meta.url));
  const child = spawn(process.execPath, [script, database, String(first)], { stdio: ["ignore", "pipe", "ignore"] });
  const exited = once(child, "exit");
  let last = 0;
  let left = count;
  let killing: Promise<unknown> | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    left -= 1;
    if (left === 0) killing = sleep(random() * MAX_DELAY_MS).then(() => kill(child));
  }
  await exited;
  await killing;
  expect(killing).toBeDefined();
  return last;
}

/** What a store holds of the environment that is written. */
export type Held = {
  readonly history: readonly Revision<EnvironmentContent>[];
  readonly audit: readonly AuditEntry[];
  readonly standing: (EnvironmentContent & { readonly revision: number }) | undefined;
};

export async function heldBy(store: ConfigStore): Promise<Held> {
  const local = store.of("local");
  return { history: await local.history("demo", ALL), audit: await local.audit(ALL), standing: await local.read("demo") };
}

/** Every revision is whole, none is missing below the newest, the newest is what stands, and each has its place in an audit log that is whole. */
export function newestWholeRevision({ history, audit, standing }: Held): number {
  expect(history.map(({ revision }) => revision)).toEqual(history.map((_, index) => history.length - index));
  for (const { content, at } of history) expect(markOf(content)).toBe(at);
  expect(standing?.revision ?? 0).toBe(history.length);
  if (standing !== undefined) expect(markOf(standing)).toBe(history[0]?.at);
  expect(auditFaults([...audit].reverse())).toEqual([]);
  expect(audit.filter(({ resource }) => resource.endsWith("/demo")).map(({ revision }) => revision)).toEqual(
    history.map(({ revision }) => revision),
  );
  return history.length;
}

/** The mark that every part of a content agrees on; a mixture of two states fails the test. */
function markOf({ settings, routes }: EnvironmentContent): number {
  const marks = new Set([settings.description, ...routes.map((route) => route.name.split("-")[1])]);
  expect(marks.size).toBe(1);
  expect(routes).toHaveLength(ROUTES);
  return Number(settings.description);
}

type Rounds = {
  readonly rounds: number;
  /** Stored revisions, over all rounds. */
  readonly total: number;
  readonly kill: (writer: ChildProcess) => unknown;
  /** Opens the store again, once everything runs. */
  readonly open: () => Promise<ConfigStore>;
};

/** Kills in each round, and looks after each: what was told is there, at most one more that was not told, and nothing is torn. */
export async function survives(database: string, { rounds, total, kill, open }: Rounds): Promise<void> {
  const random = randomOf(SEED);
  const shares = Array.from({ length: rounds }, () => 0.2 + random());
  const sum = shares.reduce((one, other) => one + other);
  let newest = 0;
  for (const share of shares) {
    const told = await killAfter(database, { first: newest + 1, count: Math.ceil((total * share) / sum), random, kill });
    const store = await open();
    const before = newest;
    newest = newestWholeRevision(await heldBy(store));
    await store.close();
    expect(told).toBeGreaterThan(before);
    expect(newest).toBeGreaterThanOrEqual(told);
    expect(newest).toBeLessThanOrEqual(told + 1);
  }
  expect(newest).toBeGreaterThanOrEqual(total);
}
