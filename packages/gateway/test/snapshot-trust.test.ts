import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Notice, type Offered, openGateway, type SnapshotKeys, type SnapshotSink } from "@wherefrom/gateway";
import { type Snapshot, signSnapshot, snapshotKeyText } from "@wherefrom/model";
import { afterAll, afterEach, expect, test } from "vitest";
import { keptSource } from "../src/snapshot/kept-source.ts";
import { writeSealed } from "../src/snapshot/sealed-file.ts";
import { snapshotOf } from "./rig/gateway.ts";

const folder = mkdtempSync(join(tmpdir(), "wherefrom-trust-"));
afterAll(() => rmSync(folder, { recursive: true }));

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

type Signer = { readonly text: string; readonly privateKey: KeyObject };

function newKey(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return { text: snapshotKeyText(publicKey), privateKey };
}

const [ours, next, foreign] = [newKey(), newKey(), newKey()];

function plain(revision: number, more: object = {}): Snapshot {
  return { ...snapshotOf([{ target: "http://127.0.0.1:1" }], { revision }), ...more } as Snapshot;
}

const signed = (revision: number, { privateKey }: Signer = ours, more: object = {}): Snapshot =>
  signSnapshot(plain(revision, more), privateKey);

/** As it is after a proxy has read it and written it anew, its fields in another order. */
function rewritten(snapshot: Snapshot): unknown {
  return JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(snapshot).reverse()), undefined, 2));
}

type Scene = {
  offer(snapshot: unknown): Promise<Offered>;
  revision(): Promise<number>;
  metrics(): Promise<string>;
  readonly notices: Notice[];
  close(): Promise<void>;
};

let names = 0;

/** A gateway that takes snapshots by these keys, from a source that the test feeds. */
function begin(keys: SnapshotKeys, name = `gateway-${names++}`): Scene {
  let opened: (sink: SnapshotSink) => void = () => undefined;
  const sink = new Promise<SnapshotSink>((resolve) => {
    opened = resolve;
  });
  const inner = { open: async (given: SnapshotSink) => opened(given), close: async () => undefined };
  const place = { folder, name };
  const timing = { graceMs: 60_000, provenAfterMs: 60_000 };
  const source = keptSource(inner, { place, keys, organization: "local", environment: "demo", timing });
  const notices: Notice[] = [];
  const limits = { firstSnapshotTimeoutMs: 60_000, idleGraceMs: 1 };
  const opening = openGateway({ listeners: [{ port: 0 }], source, limits, onNotice: (notice) => notices.push(notice) });
  void opening.then((gateway) => open.push(gateway));
  return {
    notices,
    offer: async (snapshot) => (await sink).offer(snapshot),
    revision: async () => (await opening).revision(),
    metrics: async () => JSON.stringify((await (await opening).metrics()).flat().find(({ name }) => name === "wherefrom_notices_total")),
    close: async () => (await opening).close(),
  };
}

const codes = (notices: readonly Notice[]): string[] => notices.map(({ code }) => code);
const verdictOf = (offered: Offered): string => (offered.kind === "applied" ? "applied" : offered.issues.map(({ code }) => code).join(" "));

const forged = { ...signed(4), clientIpResolutionConfig: { peerAddressAlgorithm: {} } };
const { signature } = signed(4);
const offers: readonly { what: string; snapshot: unknown; says: string }[] = [
  { what: "signed by control", snapshot: signed(4), says: "applied" },
  { what: "signed by the key that control changes to", snapshot: signed(4, next), says: "applied" },
  { what: "signed and written anew on the way", snapshot: rewritten(signed(4)), says: "applied" },
  { what: "the one that runs, once more", snapshot: signed(3), says: "applied" },
  { what: "not signed", snapshot: plain(4), says: "SNAPSHOT_UNSIGNED" },
  { what: "with a signature of nothing", snapshot: { ...plain(4), signature: null }, says: "SNAPSHOT_UNSIGNED" },
  { what: "with a signature cut short", snapshot: { ...plain(4), signature: { ...signature, value: "AA" } }, says: "SNAPSHOT_UNSIGNED" },
  { what: "signed by somebody else", snapshot: signed(4, foreign), says: "SNAPSHOT_KEY_UNKNOWN" },
  {
    what: "signed by somebody else in control's name",
    snapshot: { ...signed(4, foreign), signature: { ...signed(4, foreign).signature, key: ours.text } },
    says: "SNAPSHOT_SIGNATURE_WRONG",
  },
  { what: "changed after it was signed", snapshot: forged, says: "SNAPSHOT_SIGNATURE_WRONG" },
  { what: "with a later revision written over it", snapshot: { ...signed(3), revision: 9 }, says: "SNAPSHOT_SIGNATURE_WRONG" },
  { what: "with a field more", snapshot: { ...signed(4), more: 1 }, says: "SNAPSHOT_SIGNATURE_WRONG" },
  { what: "older, replayed", snapshot: signed(2), says: "SNAPSHOT_OLDER" },
  { what: "of another environment, replayed", snapshot: signed(4, ours, { environment: "test" }), says: "SNAPSHOT_ENVIRONMENT_WRONG" },
  { what: "no snapshot at all", snapshot: undefined, says: "SNAPSHOT_UNSIGNED" },
];

test.each(offers)("while 3 runs, a snapshot $what: $says", async ({ snapshot, says }) => {
  const scene = begin([ours.text, next.text]);
  await scene.offer(signed(3));
  expect(verdictOf(await scene.offer(snapshot))).toBe(says);
  if (says === "applied") return;
  expect(await scene.revision()).toBe(3);
  expect(scene.notices.at(-1)).toMatchObject({ level: "warning", code: "SNAPSHOT_UNTRUSTED", message: expect.stringContaining(says) });
  expect(await scene.metrics()).toContain('{"labels":{"code":"SNAPSHOT_UNTRUSTED"},"value":1}');
  expect(verdictOf(await scene.offer(signed(5)))).toBe("applied");
});

test("what ran before a restart may not be gone back behind after it either", async () => {
  const first = begin([ours.text], "restarted");
  await first.offer(signed(7));
  expect(await first.revision()).toBe(7);
  await first.close();
  const second = begin([ours.text], "restarted");
  expect(verdictOf(await second.offer(signed(6)))).toBe("SNAPSHOT_OLDER");
  await second.offer(signed(7));
  expect(await second.revision()).toBe(7);
});

test("what is on disk is served only if control signed it", async () => {
  for (const [name, snapshot, served] of [
    ["kept", signed(7), true],
    ["kept-forged", { ...signed(7), routes: [] }, false],
  ] as const) {
    // Who may write the file can seal it, but not sign it.
    await writeSealed(join(folder, `${name}.current`), JSON.stringify(snapshot));
    const scene = begin([ours.text], name);
    expect(verdictOf(await scene.offer(signed(3))), name).toBe(served ? "SNAPSHOT_OLDER" : "applied");
    expect(codes(scene.notices).includes("SNAPSHOT_KEPT_UNUSABLE"), name).toBe(!served);
    if (served) await scene.offer(signed(8));
  }
});

test("first-use takes the key of the first snapshot that is signed, and no other from then on, also after a restart", async () => {
  const first = begin("first-use", "pinning");
  expect(verdictOf(await first.offer(plain(1)))).toBe("SNAPSHOT_UNSIGNED");
  expect(verdictOf(await first.offer({ ...signed(1), revision: 2 }))).toBe("SNAPSHOT_SIGNATURE_WRONG");
  expect(verdictOf(await first.offer(signed(1)))).toBe("applied");
  expect(verdictOf(await first.offer(signed(2, foreign)))).toBe("SNAPSHOT_KEY_UNKNOWN");
  expect(codes(first.notices)).toEqual([
    "SNAPSHOT_UNTRUSTED",
    "SNAPSHOT_UNTRUSTED",
    "SNAPSHOT_KEY_PINNED",
    "SNAPSHOT_APPLIED",
    "SNAPSHOT_UNTRUSTED",
  ]);
  await first.close();
  const second = begin("first-use", "pinning");
  expect(verdictOf(await second.offer(signed(2, foreign)))).toBe("SNAPSHOT_KEY_UNKNOWN");
  expect(verdictOf(await second.offer(signed(2)))).toBe("applied");
});
