import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** The controls over one database, as those that run queries. Each has a number, another one each time it opens the database. */
export type QueryRunners = {
  /** The number of this one, while others would see that it is gone. */
  own(): number | undefined;
  /** Of some, those that are gone. */
  goneOf(db: Kysely<Tables>, runners: readonly number[]): Promise<readonly number[]>;
};

/** For a database that one process has: who had it before is gone when it is opened. */
export const NO_OTHER_RUNNERS: QueryRunners = { own: () => undefined, goneOf: async () => [] };
