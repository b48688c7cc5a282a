import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { ConfigStore, EnvironmentContent } from "../src/config-store/port.ts";
import { openSqliteStore } from "../src/config-store/sqlite.ts";
import { describeConfigStore, optionsOf } from "./config-store-contract.ts";
import { temporaryFolder } from "./control-under-test.ts";

const ROUNDS = 6;
const CUTS = 40;

function openAt(path: string): Promise<ConfigStore> {
  return openSqliteStore(path, optionsOf({ maxRevisions: 100_000 }));
}

describeConfigStore("SQLite", async () => {
  const database = join(await temporaryFolder(), "control.db");
  return { open: (limits) => openSqliteStore(database, optionsOf(limits)) };
});

/** Starts a process that writes to the file, and kills it with SIGKILL in the middle of its work after `count` stored revisions. */
async function killAfter(path: string, { first, count }: { first: number; count: number }): Promise<number> {
  const script = fileURLToPath(new URL("crash-writer.mjs", import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [script, `sqlite:${path}`, String(first)], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  let last = 0;
  let left = count;
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    last = Number(line);
    left -= 1;
    if (left === 0) child.kill("SIGKILL");
  }
  await exited;
  expect(child.signalCode).toBe("SIGKILL");
  return last;
}

/** The mark that every part of a content agrees on; a mixture of two states fails the test. */
function markOf({ settings, routes }: EnvironmentContent): number {
  const marks = new Set([settings.description, ...routes.map((route) => route.name.split("-")[1])]);
  expect(marks.size).toBe(1);
  expect(routes).toHaveLength(200);
  return Number(settings.description);
}

/** Every revision is whole, none is missing below the newest, and the newest is what stands. */
async function newestWholeRevision(store: ConfigStore): Promise<number> {
  const history = await store.of("local").history("demo", { limit: 100_000 });
  const standing = await store.of("local").read("demo");
  expect(history.map(({ revision }) => revision)).toEqual(history.map((_, index) => history.length - index));
  for (const { content, at } of history) expect(markOf(content)).toBe(at);
  expect(standing?.revision ?? 0).toBe(history.length);
  if (standing !== undefined) expect(markOf(standing)).toBe(history[0]?.at);
  return history.length;
}

test("a process killed while it writes leaves whole revisions, and every one that it was told is stored", async () => {
  const path = join(await temporaryFolder(), "control.db");
  let newest = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const told = await killAfter(path, { first: newest + 1, count: 3 + round * 4 });
    const store = await openAt(path);
    newest = await newestWholeRevision(store);
    await store.close();
    expect(newest).toBeGreaterThanOrEqual(told);
    expect(newest).toBeLessThanOrEqual(told + 1);
  }
});

test("a write-ahead log cut at any byte leaves the old or the new state", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "control.db");
  const told = await killAfter(path, { first: 1, count: 12 });
  const log = await readFile(`${path}-wal`);
  let before = 0;
  for (let cut = 0; cut <= CUTS; cut += 1) {
    const copy = join(folder, `cut-${cut}.db`);
    await copyFile(path, copy);
    await writeFile(`${copy}-wal`, log.subarray(0, Math.floor((log.length * cut) / CUTS)));
    const store = await openAt(copy);
    const newest = await newestWholeRevision(store);
    await store.close();
    expect(newest).toBeGreaterThanOrEqual(before);
    if (cut === 0) expect(newest).toBeLessThan(told);
    before = newest;
  }
  expect(before).toBeGreaterThanOrEqual(told);
});
