import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { capability, postgresFolder } from "../../../tools/capabilities.mjs";
import { PATIENCE_MS } from "../../../tools/patience.ts";

/** A PostgreSQL server of the test's own, in a folder of its own, on a unix socket. It belongs to the user `postgres` when the test is root. */
export type PostgresCluster = {
  /** A new database: empty, or a copy of one that nobody is connected to. */
  database(like?: string): Promise<string>;
  /** Kills every process of the server at once, as a power cut would. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Asks one statement in the database of the URL. */
  ask(database: string, statement: string): Promise<readonly Record<string, unknown>[]>;
  pid(): number;
  stop(): Promise<void>;
};

export const hasPostgres = capability("postgres");

const program = (name: string): string => join(postgresFolder, name);

/** Debian's package makes the user; a server refuses to run as root. */
const owner = process.getuid?.() === 0 ? { uid: idOf("-u"), gid: idOf("-g") } : {};

function idOf(flag: "-u" | "-g"): number {
  return hasPostgres ? Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" })) : 0;
}

/** Makes a cluster and starts it. `settings` are lines of its configuration, such as `fsync=off`. */
export async function openCluster(...settings: readonly string[]): Promise<PostgresCluster> {
  const folder = mkdtempSync(join(tmpdir(), "wherefrom-postgres-"));
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, "data");
  const user = "wherefrom";
  const init = ["-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"];
  execFileSync(program("initdb"), init, { ...owner, cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  let server: ChildProcess | undefined;
  let databases = 0;
  const urlOf = (name: string): string => `postgres://${user}@/${name}?host=${encodeURIComponent(folder)}`;
  const ask = async (database: string, statement: string) => {
    const client = new pg.Client({ connectionString: database });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query(statement)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  };
  const isRunning = (): boolean => server !== undefined && server.exitCode === null && server.signalCode === null;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!isRunning()) return;
    const exited = new Promise((resolve) => server?.once("exit", resolve));
    server?.kill(signal);
    await exited;
  };
  const start = async (): Promise<void> => {
    const flags = ["-D", data, "-k", folder, "-c", "listen_addresses=", ...settings.flatMap((setting) => ["-c", setting])];
    await untilItWorks(async () => {
      // It ends by itself while a process of the one before, which was killed, still holds its memory.
      if (!isRunning()) server = spawn(program("postgres"), flags, { ...owner, cwd: folder, stdio: "ignore" });
      await ask(urlOf("postgres"), "SELECT 1");
    });
  };
  await start();
  return {
    async database(like) {
      databases += 1;
      const template = like === undefined ? "template1" : /test_\d+/.exec(like)?.[0];
      await ask(urlOf("postgres"), `CREATE DATABASE test_${databases} TEMPLATE ${template}`);
      return urlOf(`test_${databases}`);
    },
    // The server's other processes notice that the first one is gone, and end in the middle of what they do.
    kill: () => end("SIGKILL"),
    start,
    ask,
    pid: () => server?.pid ?? 0,
    async stop() {
      await end("SIGQUIT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilItWorks(work: () => Promise<unknown>): Promise<void> {
  for (const until = performance.now() + PATIENCE_MS; ; ) {
    try {
      await work();
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
