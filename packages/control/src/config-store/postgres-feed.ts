import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import pg from "pg";
import type { EnvironmentKey } from "./port.ts";
import { POSTGRES_CHANNEL } from "./postgres-migrations.ts";
import { connectionConfig, type PostgresLimits } from "./postgres-pool.ts";
import type { PostgresRunners } from "./postgres-runners.ts";
import type { SqlAccess } from "./sql-access.ts";

type FeedOptions = {
  readonly connectionString: string;
  readonly limits: PostgresLimits;
  readonly tell: (changed: EnvironmentKey) => void;
  /** Whom the connection that listens says to be there. */
  readonly runners: PostgresRunners;
};

/**
 * Follows what any node changes in the database. Looking every `databasePollMs` is what it relies on; a notification only makes it look at once, so one
 * that is lost, or a connection that cannot listen, costs no more than that time.
 *
 * Positions are given under the lock that every write holds until it is committed. So whoever has seen one has seen all below it.
 */
export class PostgresFeed {
  readonly #read: SqlAccess["read"];
  readonly #options: FeedOptions;
  readonly #closing = new AbortController();
  #position: number;
  #listener: pg.Client | undefined;
  #wake: () => void = () => undefined;
  #isAwake = false;
  #onTried: () => void = () => undefined;
  /** The first attempt to listen is over. */
  readonly #tried = new Promise<void>((resolve) => {
    this.#onTried = resolve;
  });
  readonly #running: Promise<unknown>;

  private constructor(read: SqlAccess["read"], position: number, options: FeedOptions) {
    this.#read = read;
    this.#position = position;
    this.#options = options;
    this.#running = Promise.all([this.#look(), this.#listen()]);
  }

  /** Begins with what is changed from now on. */
  static async open(read: SqlAccess["read"], options: FeedOptions): Promise<PostgresFeed> {
    const feed = new PostgresFeed(read, await newestPosition(read), options);
    await feed.#tried;
    return feed;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#awake();
    await this.#listener?.end().catch(() => undefined);
    await this.#running;
  }

  async #look(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      this.#isAwake = false;
      // What cannot be read now is read later, from the same position on.
      await this.#tellNewer().catch(() => undefined);
      if (!this.#isAwake) await this.#pause(this.#options.limits.databasePollMs);
    }
  }

  async #tellNewer(): Promise<void> {
    type Touched = { organization: string; name: string; position: number };
    const newer = sql<Touched>`SELECT * FROM wherefrom.touched WHERE position > ${this.#position} ORDER BY position`;
    const rows = await this.#read(async (db) => (await newer.execute(db)).rows);
    if (rows.length === 0 && (await newestPosition(this.#read)) < this.#position) {
      // The database was set back: restored, or a standby took over that had not got everything. What it says now is what stands.
      this.#position = 0;
      return this.#tellNewer();
    }
    for (const { organization, name, position } of rows) {
      this.#options.tell({ organization, environment: name });
      this.#position = position;
    }
  }

  async #pause(timeoutMs: number): Promise<void> {
    const over = new AbortController();
    this.#wake = () => over.abort();
    await sleep(timeoutMs, undefined, { signal: over.signal }).catch(() => undefined);
  }

  #awake(): void {
    this.#isAwake = true;
    this.#wake();
  }

  async #listen(): Promise<void> {
    const { connectionString, limits } = this.#options;
    while (!this.#closing.signal.aborted) {
      const client = new pg.Client({ ...connectionConfig(connectionString, limits), application_name: "wherefrom listener" });
      this.#listener = client;
      const ended = new Promise<void>((resolve) => client.once("end", resolve));
      client.on("error", () => undefined);
      client.on("notification", () => this.#awake());
      try {
        // One that is ended while it connects says nothing else.
        await Promise.race([this.#begin(client), ended]);
        this.#onTried();
        await ended;
      } catch {
        await client.end().catch(() => undefined);
      }
      this.#onTried();
      this.#options.runners.disappear();
      await sleep(limits.databasePollMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    }
  }

  async #begin(client: pg.Client): Promise<void> {
    await client.connect();
    await client.query(`LISTEN ${POSTGRES_CHANNEL}`);
    await this.#options.runners.appear(client);
    // What was told before this connection listened.
    this.#awake();
  }
}

async function newestPosition(read: SqlAccess["read"]): Promise<number> {
  const newest = sql<{ position: number }>`SELECT coalesce(max(position), 0) AS position FROM wherefrom.touched`;
  const [row] = await read(async (db) => (await newest.execute(db)).rows);
  return row?.position ?? 0;
}
