import { join } from "node:path";
import { openSqliteStore } from "../src/config-store/sqlite.ts";
import { describeConfigStore, optionsOf } from "./config-store-contract.ts";
import { temporaryFolder } from "./control-under-test.ts";

describeConfigStore("SQLite", async () => {
  const database = join(await temporaryFolder(), "control.db");
  return { open: (limits) => openSqliteStore(database, optionsOf(limits)) };
});
