import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { ENV_LIMITS } from "../../src/env-files/limits.ts";
import { scanEnvTree } from "../../src/env-files/scan.ts";
import { layTree } from "./tree-cases.ts";

let laid: ReturnType<typeof layTree> | undefined;
afterEach(() => {
  laid?.remove();
  laid = undefined;
});

function lay(files: Record<string, string>): string {
  laid = layTree({ files });
  return laid.root;
}

const outside = "/etc/hostname";

/** Things that look like env files and are none to open. */
const traps: { says: string; make: (path: string, root: string) => unknown; why: string }[] = [
  { says: "a link out of the folder", make: (path) => symlinkSync(outside, path), why: "link-leads-out" },
  { says: "a link to a device that never ends", make: (path) => symlinkSync("/dev/zero", path), why: "link-leads-out" },
  { says: "a link into /proc", make: (path) => symlinkSync("/proc/self/environ", path), why: "link-leads-out" },
  {
    says: "a link by way of the folder's parent",
    make: (path, root) => symlinkSync(`${root}/../../etc/hostname`, path),
    why: "link-leads-out",
  },
  { says: "a link to itself", make: (path) => symlinkSync(path, path), why: "link-leads-out" },
  { says: "a link to nothing", make: (path) => symlinkSync("nowhere", path), why: "link-leads-out" },
  { says: "a pipe that nobody writes to", make: (path) => execFileSync("mkfifo", [path]), why: "not-regular" },
  {
    says: "a file that is too large",
    make: (path) => writeFileSync(path, Buffer.alloc(ENV_LIMITS.maxEnvFileBytes + 1, 0x41)),
    why: "too-large",
  },
];

describe("nothing is opened that is no regular file inside of the folder", () => {
  test.each(traps)("$says is $why", async ({ make, why }) => {
    const root = lay({ "good.env": "A=1\n" });
    make(join(root, ".env"), root);
    const tree = await scanEnvTree(root);
    expect([...tree.files.keys()]).toEqual(["good.env"]);
    expect(tree.skipped).toEqual([{ path: ".env", why }]);
  });

  test("a socket is none either", async () => {
    const root = lay({ "good.env": "A=1\n" });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root, ".env"), resolve));
    const tree = await scanEnvTree(root);
    await new Promise((resolve) => server.close(resolve));
    expect(tree.skipped).toEqual([{ path: ".env", why: "unreadable" }]);
  });

  test("a linked folder is not gone into, neither outside nor in a circle", async () => {
    const root = lay({ "app/.env": "A=1\n" });
    symlinkSync(root, join(root, "app/circle"));
    symlinkSync("/etc", join(root, "app/out"));
    const tree = await scanEnvTree(root);
    expect([...tree.files.keys()]).toEqual(["app/.env"]);
    expect(tree.skipped).toEqual([]);
  });

  test("a folder named .env is a virtual environment, and other people's code is passed over", async () => {
    const root = lay({ ".env/bin/x.env": "A=1\n", "node_modules/x/.env": "A=1\n", "app/.venv/.env": "A=1\n", "app/.env.local": "A=1\n" });
    expect([...(await scanEnvTree(root)).files.keys()]).toEqual(["app/.env.local"]);
  });

  test("too deep is told", async () => {
    const deep = Array.from({ length: ENV_LIMITS.maxDepth + 2 }, (_, index) => `d${index}`).join("/");
    const root = lay({ [`${deep}/.env`]: "A=1\n" });
    const tree = await scanEnvTree(root);
    expect({ files: tree.files.size, skipped: tree.skipped.map(({ why }) => why) }).toEqual({ files: 0, skipped: ["limit"] });
  });
});

const refused = [
  { folder: "/proc", code: "ENV_FOLDER_REFUSED" },
  { folder: "/proc/self", code: "ENV_FOLDER_REFUSED" },
  { folder: "/dev", code: "ENV_FOLDER_REFUSED" },
  { folder: "/nowhere/at/all", code: "ENV_FOLDER_UNREADABLE" },
  { folder: outside, code: "ENV_FOLDER_UNREADABLE" },
];

test.each(refused)("$folder is refused with $code", async ({ folder, code }) => {
  await expect(scanEnvTree(folder)).rejects.toMatchObject({ code });
});

test("the folder may itself be a link", async () => {
  const root = lay({ "real/.env": "A=1\n" });
  mkdirSync(join(root, "links"));
  symlinkSync(join(root, "real"), join(root, "links/app"));
  const tree = await scanEnvTree(join(root, "links/app"));
  expect({ root: tree.root, files: [...tree.files.keys()] }).toEqual({ root: join(root, "real"), files: [".env"] });
});
