import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, cpSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@clickhouse/client";
import { freePort } from "../../../test/process/free-port.ts";
import { capability, findExecutable } from "../../../tools/capabilities.mjs";
import { PATIENCE_MS } from "../../../tools/patience.ts";

/** A ClickHouse server of the test's own, in a folder of its own, on a port of loopback. */
export type ClickhouseServer = {
  /** A new, empty database of the user `wherefrom`, whose password is `CLICKHOUSE_TEST_PASSWORD`. */
  database(): Promise<string>;
  /** Runs one statement in the database of the URL. */
  ask(database: string, statement: string): Promise<readonly unknown[][]>;
  stop(): Promise<void>;
};

export const hasClickhouse = capability("clickhouse");

export const CLICKHOUSE_TEST_PASSWORD = "s'3cret/@:";

/** ClickHouse writes what it made of its configuration beside that, so it has copies. */
const CONFIG = fileURLToPath(new URL("../../../test/clickhouse", import.meta.url));

/** Ports that another process takes between the look and the start. */
const MAX_STARTS = 5;
/** How long a busy machine may take to start it. */
const PAUSE_MS = 20;

/** Starts a server. */
export async function openClickhouseServer(): Promise<ClickhouseServer> {
  const folder = mkdtempSync(join(tmpdir(), "wherefrom-clickhouse-"));
  const log = join(folder, "log");
  cpSync(CONFIG, folder, { recursive: true });
  for (let starts = 1; ; starts += 1) {
    const port = await freePort();
    const program = String(findExecutable("clickhouse-server"));
    const told = [`--config-file=${folder}/config.xml`, "--", `--http_port=${port}`, `--path=${folder}/data/`, `--tmp_path=${folder}/tmp/`];
    const output = openSync(log, "w");
    const server = spawn(program, told, { cwd: folder, stdio: ["ignore", output, output] });
    closeSync(output);
    if (await hasStarted(server, port)) return serverOf(server, folder, port);
    await end(server);
    if (starts === MAX_STARTS) throw new Error(`ClickHouse does not start: ${readFileSync(log, "utf8")}`);
  }
}

function serverOf(server: ChildProcess, folder: string, port: number): ClickhouseServer {
  let databases = 0;
  const ask = async (database: string, query: string): Promise<unknown[][]> => {
    const url = `http://127.0.0.1:${port}`;
    const client = createClient({ url, username: "wherefrom", password: CLICKHOUSE_TEST_PASSWORD, database });
    try {
      const isQuestion = /^SELECT/i.test(query);
      if (isQuestion) return (await (await client.query({ query, format: "JSONCompact" })).json<unknown[]>()).data;
      await client.command({ query });
      return [];
    } finally {
      await client.close();
    }
  };
  return {
    async database() {
      databases += 1;
      await ask("default", `CREATE DATABASE test_${databases}`);
      return `clickhouse://wherefrom@127.0.0.1:${port}/test_${databases}`;
    },
    ask: (database, statement) => ask(new URL(database).pathname.slice(1), statement),
    async stop() {
      await end(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function hasStarted(server: ChildProcess, port: number): Promise<boolean> {
  const until = Date.now() + PATIENCE_MS;
  while (server.exitCode === null && Date.now() < until) {
    const answer = await fetch(`http://127.0.0.1:${port}/ping`).then(
      (response) => response.text(),
      () => "",
    );
    if (answer.trim() === "Ok.") return server.exitCode === null;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return false;
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGKILL");
  await exited;
}
