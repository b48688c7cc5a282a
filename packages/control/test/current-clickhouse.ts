import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createClient } from "@clickhouse/client";
import { openClickhouseEvents } from "../src/event-store/clickhouse.ts";
import { DEFAULT_CONTROL_LIMITS } from "../src/limits.ts";
import { describeEventStore, RECEIVED_AT } from "./event-store-contract.ts";

/*
 * The contract against a current ClickHouse. Not among the tests of `npm test`: the package is half a gigabyte. CONTRIBUTING.md says how it is run.
 */

const folder = process.env["CHDB_FOLDER"];
if (folder === undefined) throw new Error("Expected CHDB_FOLDER, a folder with the npm package chdb installed: CONTRIBUTING.md says how");

describeEventStore("a current ClickHouse", async () => {
  const data = await mkdtemp(join(tmpdir(), "wherefrom-chdb-"));
  const program = join(import.meta.dirname, "chdb-server.mjs");
  const server = spawn(process.execPath, [program, resolve(folder, "node_modules/chdb"), data], { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = await once(server.stdout, "data");
  const place = `127.0.0.1:${String(port).trim()}`;
  const client = createClient({ url: `http://${place}` });
  await client.command({ query: "CREATE DATABASE events" });
  await client.close();
  return {
    open: () => openClickhouseEvents(`clickhouse://${place}/events`, { limits: DEFAULT_CONTROL_LIMITS, now: () => RECEIVED_AT }),
    async end() {
      const exited = once(server, "exit");
      server.kill("SIGKILL");
      await exited;
      await rm(data, { recursive: true, force: true });
    },
  };
});
