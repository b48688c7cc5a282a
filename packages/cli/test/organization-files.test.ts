import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readOrganizationFolder, writeOrganizationFolder } from "../src/organization-folder.ts";
import { openControlForCli, XFF_LEFTMOST } from "./control-for-cli.ts";
import { folderOf } from "./folder.ts";

const HEAD = { version: 1, settings: {} };

describe("a folder of files", () => {
  test("has the same bytes for the same organization, whatever the order of its fields", () => {
    const [left, right] = [join(folderOf({}), "a"), join(folderOf({}), "b")];
    writeOrganizationFolder(left, {
      organization: { b: 1, a: 2 },
      environments: [{ name: "x", routes: [{ name: "r", a: { d: 1, c: 2 } }], description: "d" } as never],
    });
    writeOrganizationFolder(right, {
      organization: { a: 2, b: 1 },
      environments: [{ description: "d", routes: [{ a: { c: 2, d: 1 }, name: "r" }], name: "x" } as never],
    });
    for (const file of ["organization.json", "environments/x.json"]) {
      expect(readFileSync(join(left, file), "utf8")).toBe(readFileSync(join(right, file), "utf8"));
    }
    expect(readFileSync(join(left, "environments/x.json"), "utf8").split("\n")[1]).toBe('  "name": "x",');
  });

  test("is read back as it was written, and loses what is gone", () => {
    const folder = folderOf({});
    const document = { organization: { displayName: "Ours" }, environments: [{ name: "a" }, { name: "b", description: "B" }] };
    expect(writeOrganizationFolder(folder, document)).toEqual([]);
    writeFileSync(join(folder, "README.md"), "ours too");
    expect(readOrganizationFolder(folder)).toEqual({ ...document, files: ["environments/a.json", "environments/b.json"] });
    expect(writeOrganizationFolder(folder, { environments: [{ name: "a" }] })).toEqual(["environments/b.json"]);
    expect(readdirSync(join(folder, "environments"))).toEqual(["a.json"]);
    expect(existsSync(join(folder, "README.md"))).toBe(true);
  });

  test("with other things in it is not written to", () => {
    const folder = folderOf({ "environments/mine.json": {} });
    expect(() => writeOrganizationFolder(folder, { environments: [] })).toThrow(
      expect.objectContaining({ code: "FILES_NOT_OURS", exitCode: 2 }),
    );
    expect(existsSync(join(folder, "environments/mine.json"))).toBe(true);
  });

  test("that cannot be written is told as what it is", () => {
    const folder = folderOf({ file: "" });
    expect(() => writeOrganizationFolder(join(folder, "file", "x"), { environments: [] })).toThrow(
      expect.objectContaining({ code: "FILES_UNWRITABLE", exitCode: 3 }),
    );
  });

  test("is refused with every file that is none", () => {
    const folder = folderOf({
      "organization.json": { version: 2, more: 1 },
      "environments/a.json": "{",
      "environments/b.json": [],
      "environments/c.json": { name: "d" },
      "environments/e.json": {},
      "environments/f.json": { name: "f" },
      "environments/notes.txt": "not read",
    });
    mkdirSync(join(folder, "environments", "g.json"));
    let message = "";
    try {
      readOrganizationFolder(folder);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(
      message
        .split("\n")
        .slice(1)
        .map((line) => line.replace(`${folder}/`, "").trim()),
    ).toEqual([
      "organization.json: /version: expected 1, given 2",
      "organization.json: /more: expected no field but version, settings",
      expect.stringMatching(/^environments\/a\.json: /),
      "environments/b.json: expected a JSON object",
      'environments/c.json: /name: expected "c" as the file is called, given "d"',
      'environments/e.json: /name: expected "e" as the file is called, given undefined',
      "environments/g.json: EISDIR",
    ]);
  });

  test("that is not there says so", () => {
    expect(() => readOrganizationFolder("/nowhere")).toThrow("organization.json: ENOENT");
  });
});

test("an organization goes out as files and comes back as they are changed, all or nothing", async () => {
  const { run, json, folder } = await openControlForCli();
  const files = join(folder, "acme");
  expect(await json(["export", files])).toMatchObject({ environments: ["prod"], removed: [] });
  expect((await run(["apply", files, "--dry-run"])).stdout).toBe("nothing to do, 1 unchanged\n");
  const prod = join(files, "environments", "prod.json");
  const exported = JSON.parse(readFileSync(prod, "utf8"));
  expect(exported).toMatchObject({ name: "prod", clientIpResolutionConfig: XFF_LEFTMOST, routes: [{ name: "all" }] });
  writeFileSync(prod, JSON.stringify({ ...exported, description: "from git" }));
  writeFileSync(join(files, "environments", "new.json"), '{"name":"new"}');
  const plan = await run(["apply", files, "--dry-run"]);
  const steps = '+ organizations/local/environments/new\n~ organizations/local/environments/prod\n    + /description  "from git"\n';
  expect(plan).toEqual({ code: 1, stderr: "", stdout: `${steps}1 to be created, 1 to be updated, 0 to be deleted, 0 unchanged\n` });
  expect(await run(["apply", files, "--reason", "main@abc"])).toEqual({
    code: 0,
    stderr: "",
    stdout: `${steps}1 created, 1 updated, 0 deleted, 0 unchanged\n`,
  });
  writeFileSync(prod, JSON.stringify({ ...exported, colour: 1, routes: [{ name: "-" }] }));
  const refused = await run(["apply", files]);
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr.split("\n").slice(1, 4)).toEqual([
    expect.stringMatching(/^ {2}environments\/prod\.json: \/colour: /),
    expect.stringMatching(/^ {2}environments\/prod\.json: \/routes\/0\/name: /),
    expect.stringMatching(/^ {2}environments\/prod\.json: \/routes\/0\/target: .* \[FILES_INVALID\]$/),
  ]);
});

test("an environment without a file stays, unless it is to be pruned", async () => {
  const { run } = await openControlForCli();
  const files = folderOf({ "organization.json": HEAD });
  expect((await run(["apply", files])).stdout).toBe(
    "kept, though without a file: prod (--prune deletes them)\nnothing to do, 0 unchanged\n",
  );
  expect((await run(["apply", files, "--prune"])).stdout).toBe(
    "- organizations/local/environments/prod\n0 created, 0 updated, 1 deleted, 0 unchanged\n",
  );
});
