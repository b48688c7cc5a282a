import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { capability, findExecutable } from "../../../tools/capabilities.mjs";
import { openDuckdbEvents } from "../src/event-store/duckdb.ts";
import { DEFAULT_CONTROL_LIMITS } from "../src/limits.ts";
import { temporaryFolder } from "./control-under-test.ts";
import { randomOf, SEED } from "./crash-rounds.ts";
import { COUNT } from "./event-store-contract.ts";

/** As many events as a batch of the writer has: see event-writer.mjs. */
const BATCH_EVENTS = 50;
const script = fileURLToPath(new URL("event-writer.mjs", import.meta.url));
const random = randomOf(SEED);

/** How many events the file has of each mark. */
async function heldBy(path: string): Promise<ReadonlyMap<number, number | undefined>> {
  const store = await openDuckdbEvents(path, { limits: DEFAULT_CONTROL_LIMITS, now: () => 0 });
  const groups = await store.ask({ organization: "local", environment: "demo" }, { ...COUNT, until: 1_000_000, dimensions: ["revision"] });
  await store.close();
  return new Map(groups.map(({ values, points }) => [Number(values[0]), points[0]?.measures[0]]));
}

type Writing = { readonly first: number; readonly count: number; readonly onMark?: (mark: number, writer: ChildProcess) => void };

/** Runs a writer to its end. Resolves with the marks that it was told are stored. */
async function write(path: string, { first, count, onMark }: Writing): Promise<number[]> {
  const writer = spawn(process.execPath, [script, `duckdb:${path}`, String(first), String(count)], { stdio: ["ignore", "pipe", "ignore"] });
  const exited = once(writer, "exit");
  const told: number[] = [];
  for await (const line of createInterface({ input: writer.stdout })) {
    if (line === "refused") continue;
    told.push(Number(line));
    onMark?.(Number(line), writer);
  }
  await exited;
  return told;
}

test(`when control is killed, each batch is whole or not there, and each that was told is (seed ${SEED})`, async () => {
  const path = join(await temporaryFolder(), "events.duckdb");
  let stored = 0;
  for (let round = 0; round < 2; round += 1) {
    const until = stored + 5 + Math.floor(random() * 20);
    const onMark = (mark: number, writer: ChildProcess): void => {
      if (mark === until) void sleep(random() * 4).then(() => writer.kill("SIGKILL"));
    };
    const told = await write(path, { first: stored + 1, count: 100_000, onMark });
    const held = await heldBy(path);
    expect(new Set(held.values())).toEqual(new Set([BATCH_EVENTS]));
    expect(told.length).toBeGreaterThan(0);
    stored = Math.max(...held.keys());
    expect([...held.keys()].sort((left, right) => left - right)).toEqual(Array.from({ length: stored }, (_, index) => index + 1));
    expect(stored - (told.at(-1) ?? 0)).toBeOneOf([0, 1]);
  }
});

test("when control is killed, questions that go on keep the file from nobody", async () => {
  const path = join(await temporaryFolder(), "events.duckdb");
  const asker = fork(fileURLToPath(new URL("event-asker.mjs", import.meta.url)), [`duckdb:${path}`], { execArgv: [] });
  const [said] = await once(asker, "message");
  expect(said).toBe("asked");
  asker.kill("SIGKILL");
  await once(asker, "exit");
  // it waits for whoever is just leaving, and not for what that was asked
  expect((await heldBy(path)).get(1)).toBe(20_000);
});

test.runIf(process.platform === "linux")(
  `when the database's process is killed, control goes on and loses nothing (seed ${SEED})`,
  async () => {
    const path = join(await temporaryFolder(), "events.duckdb");
    let kills = 0;
    const onMark = (mark: number, { pid }: ChildProcess): void => {
      if (mark % 20 !== 0) return;
      const [child = ""] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
      kills += 1;
      void sleep(random() * 4).then(() => process.kill(Number(child), "SIGKILL"));
    };
    const count = 50;
    expect(await write(path, { first: 1, count, onMark })).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    const held = await heldBy(path);
    expect(kills).toBe(2);
    expect(held).toEqual(new Map(Array.from({ length: count }, (_, index) => [index + 1, BATCH_EVENTS])));
  },
);

test.runIf(capability("namespaces"))("a full disk refuses, and each batch is stored once when there is room", async () => {
  const folder = await temporaryFolder();
  // a file system of its own, which nobody else sees and which goes with the process
  const fill =
    'mount -t tmpfs -o size=4m tmpfs "$1" && head -c 2000000 /dev/zero > "$1/ballast" && "$2" "$3" "duckdb:$1/e.duckdb" 1 120 "$1/ballast" && cp "$1/e.duckdb" "$4"';
  const path = join(await temporaryFolder(), "events.duckdb");
  const written = execFileSync(
    String(findExecutable("unshare")),
    ["--mount", "sh", "-c", fill, "sh", folder, process.execPath, script, path],
    { encoding: "utf8" },
  );
  const lines = written.trim().split("\n");
  expect(lines).toContain("refused");
  expect(lines.filter((line) => line !== "refused")).toEqual(Array.from({ length: 120 }, (_, index) => String(index + 1)));
  expect(await heldBy(path)).toEqual(new Map(Array.from({ length: 120 }, (_, index) => [index + 1, BATCH_EVENTS])));
});
