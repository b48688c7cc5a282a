import { execFileSync, spawnSync } from "node:child_process";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { capability, findExecutable } from "../../../tools/capabilities.mjs";
import { openPostgresStore } from "../src/config-store/postgres.ts";
import { openSqliteStore } from "../src/config-store/sqlite.ts";
import { optionsOf } from "./config-store-contract.ts";
import { temporaryFolder } from "./control-under-test.ts";
import { type Held, heldBy, killAfter, newestWholeRevision, randomOf, SEED, survives } from "./crash-rounds.ts";
import { hasPostgres, openCluster, type PostgresCluster } from "./postgres-cluster.ts";

const CUTS = 40;
const options = optionsOf({ maxRevisions: 100_000 });
const killWriter = (writer: { kill(signal: "SIGKILL"): boolean }) => writer.kill("SIGKILL");

describe("SQLite", () => {
  test(`a writer that is killed leaves whole revisions, and every one that it was told is stored (seed ${SEED})`, async () => {
    const path = join(await temporaryFolder(), "control.db");
    await survives(`sqlite:${path}`, { rounds: 6, total: 500, kill: killWriter, open: () => openSqliteStore(path, options) });
  });

  test("a write-ahead log cut at any byte leaves the old or the new state", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "control.db");
    const told = await killAfter(`sqlite:${path}`, { first: 1, count: 12, random: randomOf(SEED), kill: killWriter });
    const log = await readFile(`${path}-wal`);
    let before = 0;
    for (let cut = 0; cut <= CUTS; cut += 1) {
      const copy = join(folder, `cut-${cut}.db`);
      await copyFile(path, copy);
      await writeFile(`${copy}-wal`, log.subarray(0, Math.floor((log.length * cut) / CUTS)));
      const store = await openSqliteStore(copy, options);
      const newest = newestWholeRevision(await heldBy(store));
      await store.close();
      expect(newest).toBeGreaterThanOrEqual(before);
      if (cut === 0) expect(newest).toBeLessThan(told);
      before = newest;
    }
    expect(before).toBeGreaterThanOrEqual(told);
  });

  const script = fileURLToPath(new URL("disk-writer.mjs", import.meta.url));

  /** What a writer over a bad disk said: what it was told is stored, how often it was refused and how, and what it found in the end. */
  const read = (output: string): { told: { stored: number; mark: number }[]; refusals: string[]; held: Held } => {
    const lines = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    return {
      told: lines.filter((line) => "stored" in line),
      refusals: lines.flatMap((line) => line.refused ?? []),
      held: lines.at(-1) as Held,
    };
  };
  const holdsWhatWasTold = ({ told, held }: ReturnType<typeof read>): void => {
    expect(newestWholeRevision(held)).toBe(told.length);
    expect(held.history.map(({ revision, at }) => ({ stored: revision, mark: at })).reverse()).toEqual(told);
  };

  const full = [
    { what: "and goes on when there is room", size: "2m", ballast: 1_600_000, ending: "" },
    // the log has grown so that there is no room to write it into the database
    { what: "and loses nothing when there is none for closing", size: "1m", ballast: 600_000, ending: "closed" },
  ];

  test.runIf(capability("namespaces")).each(full)(
    "a full disk refuses, stores nothing of what it refused, $what",
    async ({ size, ballast, ending }) => {
      const folder = await temporaryFolder();
      // a file system of its own, which nobody else sees and which goes with the process
      const fill = `mount -t tmpfs -o size=${size} tmpfs "$1" && head -c ${ballast} /dev/zero > "$1/ballast"`;
      const write = `"$2" "$3" "sqlite:$1/c.db" 25 "$1/ballast" ${ending}`;
      const look = ending === "" ? "" : ' && test -s "$1/c.db-wal" && mount -o remount,size=4m "$1" && "$2" "$3" "sqlite:$1/c.db" 0';
      const words = ["--mount", "sh", "-c", `${fill} && ${write}${look}`, "sh", folder, process.execPath, script];
      const outcome = read(execFileSync(String(findExecutable("unshare")), words, { encoding: "utf8" }));
      expect(new Set(outcome.refusals)).toEqual(new Set(["nothing stored"]));
      expect(outcome.told.length).toBe(25);
      holdsWhatWasTold(outcome);
    },
  );

  test.runIf(capability("strace"))("a disk that cannot flush never makes a write seem stored, and loses none that was", async () => {
    const folder = await temporaryFolder();
    const faults = ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO:when=20..24"];
    const log = join(folder, "trace");
    const traced = ["-f", "-qq", "-o", log, ...faults, process.execPath, script, `sqlite:${join(folder, "c.db")}`, "25"];
    const { stdout, stderr } = spawnSync(String(findExecutable("strace")), traced, { encoding: "utf8" });
    expect(stderr).toBe("");
    const outcome = read(stdout);
    expect(outcome.refusals).toEqual(Array(5).fill("unknown"));
    expect((await readFile(log, "utf8")).match(/EIO.*INJECTED/g)).toHaveLength(5);
    expect(outcome.told.length).toBe(25);
    holdsWhatWasTold(outcome);
  });
});

describe.runIf(hasPostgres)("PostgreSQL", () => {
  let cluster: PostgresCluster;
  beforeAll(async () => {
    cluster = await openCluster();
  });
  afterAll(() => cluster.stop());

  test(`a node that is killed leaves whole revisions, and every one that it was told is stored (seed ${SEED})`, async () => {
    const database = await cluster.database();
    await survives(database, { rounds: 3, total: 150, kill: killWriter, open: () => openPostgresStore(database, options) });
  });

  test(`a server that is killed leaves whole revisions, and every one that was told is stored (seed ${SEED})`, async () => {
    const database = await cluster.database();
    const open = async () => {
      await cluster.start();
      return openPostgresStore(database, options);
    };
    await survives(database, { rounds: 3, total: 150, kill: () => cluster.kill(), open });
  });
});
