import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

/** What a database has to do for the records. */
export type SqlAccess = {
  /** Reads by one statement. */
  read<Result>(work: (db: Db) => Promise<Result>): Promise<Result>;
  /** Reads and writes as one step: what was read still stands when it is written. It may call `work` again. */
  write<Result>(work: (db: Db) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
};
