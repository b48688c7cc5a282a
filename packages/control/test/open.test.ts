import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openSqlite } from "../src/config-store/sqlite-open.ts";
import { type ControlOptions, openControl } from "../src/control.ts";
import { headerIndex, openTestControl, temporaryFolder } from "./control-under-test.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

/** The code and the line that opening fails with. */
async function faultOf(options: Partial<ControlOptions>): Promise<{ code: string; message: string }> {
  const database = `sqlite:${join(await temporaryFolder(), "control.db")}`;
  try {
    const control = await openControl({ listen: LOOPBACK, organization: "local", database, ...options });
    await control.close();
    return { code: "none", message: "It opened" };
  } catch (error) {
    const { name, code, message } = error as Error & { code: string };
    expect(name).toBe("ControlError");
    expect(message).not.toContain("\n");
    return { code, message };
  }
}

describe("listens on loopback and nowhere else", () => {
  test.each([
    "0.0.0.0",
    "::",
    "[::]",
    "10.0.0.1",
    "192.168.1.1",
    "example.com",
    "localhost.example",
    "127.0.0.1.example",
    "127.1",
    "",
    "2130706433",
  ])("«%s» is refused before anything is opened", async (host) => {
    const folder = await temporaryFolder();
    const { code } = await faultOf({ listen: { host, port: 0 }, database: `sqlite:${join(folder, "new", "control.db")}` });
    expect(code).toBe("CONTROL_NOT_LOOPBACK");
    expect(await readdir(folder)).toEqual([]);
  });

  test.each(["127.0.0.1", "127.0.0.2", "localhost", "::1", "[::1]"])("«%s» is taken, and its URL answers", async (host) => {
    const { control } = await openTestControl({ listen: { host, port: 0 } });
    expect((await fetch(control.url)).status).toBe(200);
  });
});

describe("a fault is one line with a stable code and the way out", () => {
  test("a port in use", async () => {
    const { control } = await openTestControl();
    const { code, message } = await faultOf({ listen: { host: "127.0.0.1", port: control.port } });
    expect(code).toBe("CONTROL_PORT_IN_USE");
    expect(message).toBe(`Cannot listen on 127.0.0.1:${control.port}: the port is in use. Stop the other program or choose another port`);
  });

  test.each([
    "mysql://user:secret@host/db",
    "postgres://user:secret@host/db?colour=secret",
    "postgres://user:secret@[host/db",
    "sqlite:",
    "control.db",
  ])("the database «%s» is none we know", async (database) => {
    const { code, message } = await faultOf({ database });
    expect(code).toBe("CONTROL_DATABASE_UNSUPPORTED");
    expect(message).not.toContain("secret");
  });

  test("a PostgreSQL database where nobody listens, without the password", async () => {
    const { code, message } = await faultOf({ database: "postgres://user:secret@127.0.0.1:1/db" });
    expect(code).toBe("CONTROL_DATABASE_UNREACHABLE");
    expect(message).toContain("postgres://127.0.0.1:1/db");
    expect(message).not.toMatch(/user|secret/);
  });

  test("a folder that cannot be made, because a file stands in its place", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "file"), "");
    expect((await faultOf({ database: `sqlite:${join(folder, "file", "control.db")}` })).code).toBe("CONTROL_DATABASE_UNWRITABLE");
  });

  test("a folder in the place of the file", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "control.db"));
    expect((await faultOf({ database: `sqlite:${join(folder, "control.db")}` })).code).toBe("CONTROL_DATABASE_UNWRITABLE");
  });

  test("a file that is no database is left alone", async () => {
    const path = join(await temporaryFolder(), "control.db");
    await writeFile(path, "Dear diary, ".repeat(1_000));
    expect((await faultOf({ database: `sqlite:${path}` })).code).toBe("CONTROL_DATABASE_NOT_OURS");
  });

  test("a database that another control holds", async () => {
    const database = `sqlite:${join(await temporaryFolder(), "control.db")}`;
    await openTestControl({ database });
    expect((await faultOf({ database })).code).toBe("CONTROL_DATABASE_IN_USE");
  });

  test("a database of a newer version", async () => {
    const path = join(await temporaryFolder(), "control.db");
    const { db, close } = await openSqlite(path);
    await db
      .insertInto("kysely_migration" as never)
      .values({ name: "9999-later", timestamp: "2100-01-01" } as never)
      .execute();
    close();
    expect((await faultOf({ database: `sqlite:${path}` })).code).toBe("CONTROL_DATABASE_NEWER");
  });

  test.each(["", "a b", "a/b", "-a"])("the organization «%s»", async (organization) => {
    expect((await faultOf({ organization })).code).toBe("CONTROL_ORGANIZATION_INVALID");
  });
});

describe("seedEnvironment", () => {
  const routes = [{ name: "all", target: "http://127.0.0.1:9000" }];
  const seed = { organization: "local", name: "demo", clientIpResolutionConfig: headerIndex(-1), routes };

  test("creates the environment in one revision, and a second time changes nothing", async () => {
    const { control, ask } = await openTestControl();
    await control.seedEnvironment(seed);
    await ask("PUT /demo", { body: { clientIpResolutionConfig: headerIndex(5) } });
    await control.seedEnvironment(seed);
    expect((await ask("GET /demo/snapshot")).body).toMatchObject({ revision: 2, clientIpResolutionConfig: headerIndex(5) });
  });

  test.each([
    { ...seed, name: "a b" },
    { ...seed, clientIpResolutionConfig: { colour: 1 } },
    { ...seed, routes: [{ name: "all" }] },
    { ...seed, routes: [...routes, ...routes] },
  ])("refuses what the API would refuse: %j", async (broken) => {
    const { control, ask } = await openTestControl();
    await expect(control.seedEnvironment(broken)).rejects.toMatchObject({ code: "CONTROL_ENVIRONMENT_INVALID" });
    expect((await ask("GET ")).body).toEqual([]);
  });
});

test("what was written is there after closing and opening, and closing twice is once", async () => {
  const folder = await temporaryFolder();
  const options = { listen: LOOPBACK, organization: "local", database: `sqlite:${join(folder, "data", "control.db")}` };
  const first = await openControl(options);
  await first.seedEnvironment({ organization: "local", name: "demo", clientIpResolutionConfig: headerIndex(-2) });
  await Promise.all([first.close(), first.close()]);
  // checkpointed: nothing but the database itself is left, beside the key
  expect(await readdir(join(folder, "data"))).toEqual(["control.db", "snapshot-key.pem"]);
  const second = await openControl(options);
  onTestFinished(() => second.close());
  const authorization = `Bearer ${second.issueKey({ name: "test", role: "viewer", organization: "local" })}`;
  const environment = await (await fetch(`${second.url}/v1/organizations/local/environments/demo`, { headers: { authorization } })).json();
  expect(environment).toMatchObject({ clientIpResolutionConfig: headerIndex(-2) });
});
