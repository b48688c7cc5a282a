import { isSnapshotKey } from "@wherefrom/model";
import { z } from "zod";

/** Two, so that a key can be changed without a gateway that knows only the wrong one. */
const MAX_KEYS = 2;

const keySchema = z.string().refine(isSnapshotKey, "Expected ed25519: and a public key of 32 bytes in base64url");

/** Whose snapshots are taken, as a gateway file holds it. */
export const snapshotKeysSchema = z.union([
  z.literal("first-use"),
  z.array(keySchema).min(1, "Expected at least one key").max(MAX_KEYS, `Expected at most ${MAX_KEYS} keys`),
]);

/** Whose snapshots a gateway takes: those signed by one of these keys, or by the key of the first that it sees and by no other from then on. */
export type SnapshotKeys = z.input<typeof snapshotKeysSchema>;
