import { cpSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { freePort, runs } from "../traffic/machine.ts";
import type { Programs } from "../traffic/programs.ts";
import { repeatStatements } from "./repeat.ts";

/** ClickHouse while a benchmark runs. */
export type ClickhouseServer = {
  /** Of its database, as control takes it. */
  readonly url: string;
  /** Gives each other part of the day the events of the first one. */
  repeat(parts: number): Promise<void>;
  /** Of all rows together, as they lie on the disk. */
  bytes(): Promise<number>;
};

/** ClickHouse writes what it made of its configuration beside that, so it has copies. */
const CONFIG = fileURLToPath(new URL("../../../test/clickhouse", import.meta.url));
const PAUSE_MS = 50;
const START_TIMEOUT_MS = 120_000;
const STATEMENT_TIMEOUT_MS = 120_000;

/** Why there is no ClickHouse here; `undefined` when there is. */
export function whyNoClickhouse(): string | undefined {
  return runs("clickhouse-server", "--version") ? undefined : "no clickhouse-server on this machine";
}

/** Starts a server; `programs` owns it. */
export async function openClickhouseServer(programs: Programs): Promise<ClickhouseServer> {
  const [folder, port] = [programs.folder(), await freePort()];
  cpSync(CONFIG, folder, { recursive: true });
  const told = ["--", `--http_port=${port}`, `--path=${folder}/data/`, `--tmp_path=${folder}/tmp/`];
  programs.start(["clickhouse-server", `--config-file=${folder}/config.xml`, ...told], "any");
  const url = `http://127.0.0.1:${port}`;
  for (let waitedMs = 0; !(await answers(`${url}/ping`)); waitedMs += PAUSE_MS) {
    if (waitedMs >= START_TIMEOUT_MS) throw new Error("ClickHouse did not start");
    await sleep(PAUSE_MS);
  }
  return {
    url: `clickhouse://127.0.0.1:${port}`,
    async repeat(parts) {
      const client = createClient({ url, request_timeout: STATEMENT_TIMEOUT_MS, log: { level: ClickHouseLogLevel.OFF } });
      const { meta = [] } = await (await client.query({ query: "SELECT * FROM events LIMIT 0", format: "JSONCompact" })).json();
      const columns = meta.map(({ name }) => name);
      for (const query of repeatStatements(parts, columns)) await client.command({ query });
      await client.close();
    },
    async bytes() {
      const client = createClient({ url });
      const query = "SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND table = 'events'";
      const [row] = await (await client.query({ query, format: "JSONEachRow" })).json<{ readonly bytes: string }>();
      await client.close();
      return Number(row?.bytes);
    },
  };
}

function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}
