import { escapeText } from "wherefrom";
import { z } from "zod";
import { accessLogSchema } from "./access-log/access-log-options.ts";
import { adminSchema } from "./admin/admin-options.ts";
import { geoDatabasesSchema } from "./admit/geo-databases.ts";
import { GatewayError } from "./errors.ts";
import { eventsSchema } from "./events/event-options.ts";
import { readJsonFile } from "./json-file.ts";
import { shapeIssues } from "./json-issue.ts";
import { limitsSchema } from "./limits.ts";
import { listenersSchema } from "./listen/listener-options.ts";
import { signedHopSchema } from "./signed-hop/hop-options.ts";
import { snapshotKeysSchema } from "./snapshot/snapshot-keys.ts";

/** What a gateway file may hold: a section for each subject, whose schema stands beside the subject. */
const gatewayFileSchema = z.strictObject({
  listeners: listenersSchema,
  limits: limitsSchema.exactOptional(),
  signedHop: signedHopSchema.exactOptional(),
  accessLog: accessLogSchema.exactOptional(),
  events: eventsSchema.exactOptional(),
  geoDatabases: geoDatabasesSchema.exactOptional(),
  admin: adminSchema.exactOptional(),
  /** Whose snapshots are taken: one or two keys, or `first-use`. */
  snapshotKeys: snapshotKeysSchema.exactOptional(),
  /** Folder in which the last good snapshot is kept. */
  snapshotCache: z.string().min(1, "Expected the path of a folder").exactOptional(),
});

/** What one gateway is told about itself and its machine. Not about its environment: policy and routes come in the snapshot. */
export type GatewayFile = z.input<typeof gatewayFileSchema>;

/** The largest gateway file that is read. */
const MAX_FILE_BYTES = 1_048_576;

/**
 * Reads a gateway file.
 *
 * Errors: `GATEWAY_FILE_UNREADABLE` when it cannot be read or is no JSON; `GATEWAY_FILE_INVALID` with every fault.
 */
export async function readGatewayFile(path: string): Promise<GatewayFile> {
  const json = await readJsonFile(path, { what: "gateway file", code: "GATEWAY_FILE_UNREADABLE", maxBytes: MAX_FILE_BYTES });
  const shape = gatewayFileSchema.safeParse(json);
  if (shape.success) return shape.data;
  const issues = shapeIssues(json, { found: shape.error.issues, code: "GATEWAY_FILE_INVALID" });
  throw new GatewayError("GATEWAY_FILE_INVALID", `The gateway file ${escapeText(path)} is not valid`, issues);
}
