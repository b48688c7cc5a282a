import { afterAll, beforeAll, describe } from "vitest";
import { openPostgresStore } from "../src/config-store/postgres.ts";
import { DEFAULT_CONTROL_LIMITS } from "../src/limits.ts";
import { DEFAULT_STORE_LIMITS, describeConfigStore } from "./config-store-contract.ts";
import { hasPostgres, openCluster, type PostgresCluster } from "./postgres-cluster.ts";

describe.runIf(hasPostgres)("PostgreSQL", () => {
  let cluster: PostgresCluster;
  beforeAll(async () => {
    cluster = await openCluster("fsync=off");
  });
  afterAll(() => cluster.stop());

  describeConfigStore("PostgreSQL", async () => {
    const database = await cluster.database();
    return { open: (limits) => openPostgresStore(database, { ...DEFAULT_CONTROL_LIMITS, ...DEFAULT_STORE_LIMITS, ...limits }) };
  });
});
