import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
  LIST,
  listValue,
  UHUGEINT,
  VARCHAR,
} from "@duckdb/node-api";
import type { TrafficEvent } from "@wherefrom/model";
import { repeatStatements } from "./repeat.ts";

const MAX_CHUNK_ROWS = 2_048;

type BareColumn = { readonly name: string; readonly type: DuckDBType; readonly of: (event: TrafficEvent) => DuckDBValue };

const text = (name: string, of: (event: TrafficEvent) => string | undefined): BareColumn => ({
  name,
  type: VARCHAR,
  of: (event) => of(event) ?? null,
});
const whole = (name: string, of: (event: TrafficEvent) => number | undefined): BareColumn => ({
  name,
  type: BIGINT,
  of: (event) => BigInt(of(event) ?? 0),
});
const real = (name: string, of: (event: TrafficEvent) => number | undefined): BareColumn => ({
  name,
  type: DOUBLE,
  of: (event) => of(event) ?? null,
});
const address = (name: string, of: (event: TrafficEvent) => string | undefined): BareColumn => ({
  name,
  type: UHUGEINT,
  of: (event) => numberOf(of(event) ?? ""),
});

/** The columns of our table in its order: with fewer, or smaller values in them, it would be another one that is written. */
const COLUMNS: readonly BareColumn[] = [
  text("organization", ({ organization }) => organization),
  text("environment", ({ environment }) => environment),
  whole("time", ({ time }) => time),
  text("gateway", ({ gateway }) => gateway),
  whole("revision", ({ revision }) => revision),
  real("sample_rate", ({ sampleRate }) => sampleRate),
  text("api", ({ api }) => api),
  text("target", ({ target }) => target),
  text("decision", ({ decision }) => decision),
  text("method", ({ method }) => method),
  text("path", ({ path }) => path),
  whole("status", ({ status }) => status),
  text("fault", ({ fault }) => fault),
  { name: "is_complete", type: BOOLEAN, of: ({ isComplete }) => isComplete },
  real("duration_ms", ({ durationMs }) => durationMs),
  real("target_ms", ({ targetMs }) => targetMs),
  whole("request_bytes", ({ requestBytes }) => requestBytes),
  whole("response_bytes", ({ responseBytes }) => responseBytes),
  address("resolved_ip", ({ resolvedIp }) => resolvedIp),
  text("trust", ({ trust }) => trust),
  text("outcome", ({ outcome }) => outcome),
  text("reason", ({ reason }) => reason),
  text("algorithm", ({ algorithm }) => algorithm),
  text("country", ({ country }) => country),
  text("asn", ({ asn }) => asn),
  address("client_ip", ({ clientIp }) => clientIp),
  address("proxy_client_ip", ({ proxyClientIp }) => proxyClientIp),
  text("true_client_ip", ({ trueClientIp }) => trueClientIp),
  text("x_forwarded_for", ({ xForwardedFor }) => xForwardedFor),
  text("x_forwarded_proto", ({ xForwardedProto }) => xForwardedProto),
  text("security_action", ({ securityAction }) => securityAction),
  text("observed_action", ({ observedAction }) => observedAction),
  text("user_agent", ({ userAgent }) => userAgent),
  text("evidence", ({ evidence }) => JSON.stringify(evidence)),
  whole("address_form", () => 0),
  {
    name: "header_addresses",
    type: LIST(UHUGEINT),
    of: ({ xForwardedFor, clientIp }) => listValue([...(xForwardedFor ?? "").split(", "), clientIp ?? ""].map(numberOf)),
  },
];

/** DuckDB alone: rows that are ready, through its appender into one table. No batches, no process of its own, nothing looked for. */
export type BareDuckdb = {
  /** Makes the values ready, and gives what writes them. */
  prepare(events: readonly TrafficEvent[]): () => Promise<void>;
  /** Gives each other part of the day the events of the first one. */
  repeat(parts: number): Promise<void>;
  ask(statement: string): Promise<readonly (readonly unknown[])[]>;
  /** Everything is on disk afterwards. */
  close(): Promise<void>;
};

/**
 * As ours has them. By its own 16 MB DuckDB compresses the end of the table again and again, which would be most of what is measured; and the memory of a
 * machine is not for one of its programs.
 */
const SETTINGS = { checkpoint_threshold: "64MB", memory_limit: "512MB" };

/** Makes a file with one table. */
export async function openBareDuckdb(path: string): Promise<BareDuckdb> {
  const instance = await DuckDBInstance.create(path, SETTINGS);
  const connection = await instance.connect();
  await connection.run(`CREATE TABLE events (${COLUMNS.map(({ name, type }) => `${name} ${type}`).join(", ")})`);
  return {
    prepare(events) {
      const chunks = Array.from({ length: Math.ceil(events.length / MAX_CHUNK_ROWS) }, (_, chunk) => {
        const rows = events.slice(chunk * MAX_CHUNK_ROWS, (chunk + 1) * MAX_CHUNK_ROWS);
        return { columns: COLUMNS.map(({ of }) => rows.map(of)), count: rows.length };
      });
      return () => append(connection, chunks);
    },
    repeat: (parts) => repeat(connection, parts),
    async ask(statement) {
      return (await connection.runAndReadAll(statement)).getRows();
    },
    async close() {
      await connection.run("CHECKPOINT");
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** Gives each other part of the day the events of the first one, in a file of ours that nobody has open. */
export async function repeatInDuckdb(path: string, parts: number): Promise<void> {
  const instance = await DuckDBInstance.create(path, SETTINGS);
  const connection = await instance.connect();
  await repeat(connection, parts);
  connection.closeSync();
  instance.closeSync();
}

async function repeat(connection: DuckDBConnection, parts: number): Promise<void> {
  const columns = (await connection.runAndReadAll("SELECT * FROM events LIMIT 0")).columnNames();
  for (const statement of repeatStatements(parts, columns)) await connection.run(statement);
  await connection.run("CHECKPOINT");
}

type Chunk = { readonly columns: DuckDBValue[][]; readonly count: number };

async function append(connection: DuckDBConnection, chunks: readonly Chunk[]): Promise<void> {
  const appender = await connection.createAppender("events");
  for (const { columns, count } of chunks) {
    const chunk = DuckDBDataChunk.create(
      COLUMNS.map(({ type }) => type),
      count,
    );
    chunk.setColumns(columns);
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

/** The 16 bytes of an address as events of the benchmark have them: IPv4, which is kept as IPv4-mapped, or IPv6 with one gap. */
function numberOf(text: string): bigint {
  if (!text.includes(":")) return text.split(".").reduce((number, part) => (number << 8n) | BigInt(part), 0xffffn);
  const [head = [], tail = []] = text.split("::").map((groups) => groups.split(":"));
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail];
  return BigInt(`0x${groups.map((group) => group.padStart(4, "0")).join("")}`);
}
