import { expect, test } from "vitest";
import { openControlForCli } from "./control-for-cli.ts";

test("metrics of an environment that had no traffic, and what cannot be asked", async () => {
  const { run, json } = await openControlForCli({ analytics: "events.duckdb" });
  expect(await run(["env", "stats", "prod", "--by", "apiproxy"])).toMatchObject({ stdout: "No events\n", code: 0 });
  expect(await json(["env", "stats", "prod", "--last", "30s"])).toMatchObject({
    stats: { environments: [{ name: "prod" }], metaData: { errors: [] } },
  });
  const wrong = await run(["env", "stats", "prod", "--by", "developer", "--filter", "apiproxy eq"]);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('received "developer"');
  expect(wrong.stderr).toContain("filter: At 11: Expected a text in single quotes, received the end");
  expect((await run(["env", "stats", "prod", "--last", "1y"])).stderr).toContain("Expected a number and s, m, h or d, such as 15m.");
});

test("a control that keeps no events says how to start one that does", async () => {
  const { run } = await openControlForCli();
  const { code, stderr } = await run(["env", "stats", "prod"]);
  expect(code).toBe(3);
  expect(stderr).toContain("started with --analytics");
});
