import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { readSealed, writeSealed } from "../src/snapshot/sealed-file.ts";

const folder = mkdtempSync(join(tmpdir(), "wherefrom-sealed-"));
afterAll(() => rmSync(folder, { recursive: true }));

const MAX_BYTES = 1_000_000;
const text = JSON.stringify({ revision: 7, note: "ü\n" });
const read = (path: string) => readSealed(path, MAX_BYTES);

async function sealedBytes(name: string): Promise<{ path: string; bytes: Buffer }> {
  const path = join(folder, name);
  await writeSealed(path, text);
  return { path, bytes: readFileSync(path) };
}

test("what was written is read again, only its owner may read it, and nothing else is left in the folder", async () => {
  const { path } = await sealedBytes("good");
  expect(await read(path)).toEqual({ kind: "text", text });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("a file that ends early is never read, wherever it ends", async () => {
  const { path, bytes } = await sealedBytes("torn");
  for (let length = 0; length < bytes.length; length += 1) {
    writeFileSync(path, bytes.subarray(0, length));
    expect((await read(path)).kind, `${length} of ${bytes.length} bytes`).toBe("unusable");
  }
});

test("a file with one byte changed is never read as something else, whichever byte it is", async () => {
  const { path, bytes } = await sealedBytes("changed");
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(index) ^ 0x20, index);
    writeFileSync(path, changed);
    const reading = await read(path);
    expect(reading.kind, `byte ${index}`).toBe("unusable");
  }
});

const others: { says: string; make: (path: string) => Promise<void> | void; why: RegExp }[] = [
  {
    says: "a file that others may write",
    make: (path) => writeSealed(path, text).then(() => chmodSync(path, 0o620)),
    why: /only its owner/,
  },
  { says: "a file that is too long", make: (path) => writeSealed(path, "x".repeat(MAX_BYTES + 1_000)), why: /at most 1000000 bytes/ },
  { says: "a link", make: (path) => sealedBytes("target").then((good) => symlinkSync(good.path, path)), why: /ELOOP/ },
  {
    says: "text with more behind it",
    make: async (path) => writeFileSync(path, `${(await sealedBytes("longer")).bytes}x`, { mode: 0o600 }),
    why: /expected 28 bytes, received 29/,
  },
  { says: "a snapshot without a seal", make: (path) => writeFileSync(path, text, { mode: 0o600 }), why: /seal/ },
];

test.each(others)("$says is unusable, and the reason says why", async ({ says, make, why }) => {
  const path = join(folder, says.replaceAll(" ", "-"));
  await make(path);
  expect(await read(path)).toEqual({ kind: "unusable", why: expect.stringMatching(why) });
});

test("a pipe in its place is not waited for", async () => {
  const path = join(folder, "pipe");
  const child = spawn("mkfifo", [path]);
  await once(child, "exit");
  expect((await read(path)).kind).toBe("unusable");
});

test("no file is no fault", async () => {
  expect(await read(join(folder, "none"))).toEqual({ kind: "absent" });
});

test("a folder that cannot be written to leaves what was there", async () => {
  const path = join(folder, "none", "file");
  await expect(writeSealed(path, text)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a process that is killed while it writes leaves a whole text: the last one it had written, or the one it was writing", async () => {
  const path = join(folder, "killed");
  const script = fileURLToPath(new URL("seal-writer.mjs", import.meta.url));
  for (const lines of [1, 2, 5, 9, 14]) {
    const child = spawn(process.execPath, [script, path], { stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(child, "exit");
    let last = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      last = Number(line);
      // Some moment inside the next write: how far it has come by then is up to the machine.
      if (last === lines) setImmediate(() => child.kill("SIGKILL"));
    }
    await exited;
    const reading = await read(path);
    const marks = new Set(reading.kind === "text" ? reading.text.trim().split(" ") : []);
    expect(marks.size).toBe(1);
    expect([`${last}`, `${last + 1}`]).toContain([...marks][0]);
  }
});
