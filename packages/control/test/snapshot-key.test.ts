import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { verifySnapshot } from "@wherefrom/model";
import { expect, onTestFinished, test } from "vitest";
import { openControl } from "../src/control.ts";
import { openTestControl, temporaryFolder } from "./control-under-test.ts";
import { openStream } from "./gateway-stream.ts";

async function openIn(folder: string) {
  const database = `sqlite:${join(folder, "control.db")}`;
  return openControl({ listen: { host: "127.0.0.1", port: 0 }, organization: "local", database });
}

const pemOf = (type: "ed25519" | "x25519"): string =>
  // Node's overloads know each type apart only.
  generateKeyPairSync(type as "ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;

test("the key is made at the first start, for its owner alone, and is the same at the next", async () => {
  const folder = await temporaryFolder();
  const first = await openIn(folder);
  await first.close();
  expect(first.snapshotKey).toMatch(/^ed25519:[A-Za-z0-9_-]{43}$/);
  expect((await stat(join(folder, "snapshot-key.pem"))).mode & 0o777).toBe(0o600);
  const second = await openIn(folder);
  onTestFinished(() => second.close());
  expect(second.snapshotKey).toBe(first.snapshotKey);
});

test("every snapshot is signed by it, however it is asked for, and no answer is signed by another", async () => {
  const under = await openTestControl();
  await under.control.seedEnvironment({ organization: "local", name: "demo" });
  const keys = [under.control.snapshotKey];
  expect(verifySnapshot((await under.ask("GET /demo/snapshot")).body, keys)).toEqual({ kind: "valid", key: keys[0] });
  const stream = await openStream(under);
  expect(verifySnapshot((await stream.next())?.data, keys).kind).toBe("valid");
  const poll = under.ask("GET /demo/snapshot?waitMs=60000", { headers: { "if-none-match": '"r1"' } });
  await under.ask("PATCH /demo", { body: { clientIpResolutionConfig: { peerAddressAlgorithm: {} } } });
  expect(verifySnapshot((await poll).body, keys).kind).toBe("valid");
  expect(verifySnapshot((await stream.next())?.data, keys).kind).toBe("valid");
});

const unusable: readonly { what: string; prepare: (file: string) => Promise<unknown>; says: string }[] = [
  { what: "others may read", prepare: (file) => writeFile(file, pemOf("ed25519")).then(() => chmod(file, 0o640)), says: "received 0640" },
  { what: "is no key", prepare: (file) => writeFile(file, "secret words", { mode: 0o600 }), says: "expected an Ed25519 private key" },
  {
    what: "is of another kind",
    prepare: (file) => writeFile(file, pemOf("x25519"), { mode: 0o600 }),
    says: "expected an Ed25519 private key",
  },
  { what: "is a folder", prepare: (file) => mkdir(file, { mode: 0o700 }), says: "expected a regular file" },
];

test.each(unusable)("a key file that $what is refused, and stays as it is", async ({ prepare, says }) => {
  const folder = await temporaryFolder();
  const file = join(folder, "snapshot-key.pem");
  await prepare(file);
  const before = await readFile(file).catch(String);
  const fault = await openIn(folder).catch((error: unknown) => error);
  expect(fault).toMatchObject({ code: "CONTROL_SNAPSHOT_KEY_UNUSABLE", message: expect.stringContaining(says) });
  expect(String(fault)).not.toContain("secret words");
  expect(await readFile(file).catch(String)).toEqual(before);
});
