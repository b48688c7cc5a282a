import { escapeText } from "wherefrom";
import { GatewayError } from "../errors.ts";
import { readJsonFile } from "../json-file.ts";
import { describeIssues } from "../json-issue.ts";
import type { Offered, SnapshotSink, SnapshotSource } from "./source.ts";

/** The largest snapshot file that is read: about 500,000 address ranges. */
const maxFileBytes = 16_777_216;

/**
 * A snapshot in a JSON file. Read when it is opened, and again on `refresh`; a file is not watched, as an editor writes it in several steps.
 *
 * Errors: `GATEWAY_SNAPSHOT_UNREADABLE` for a file that cannot be read or holds no JSON, from `open` and `refresh`; `GATEWAY_SNAPSHOT_INVALID` from `open`
 *         for one that is no valid snapshot. `refresh` returns that as refused, because the gateway goes on with what it has.
 */
export function fileSource(path: string): SnapshotSource {
  let sink: SnapshotSink | undefined;
  const read = async (): Promise<Offered> => {
    if (sink === undefined) throw new GatewayError("GATEWAY_SNAPSHOT_UNREADABLE", "The snapshot file is not open");
    return sink.offer(await readJsonFile(path, { what: "snapshot file", code: "GATEWAY_SNAPSHOT_UNREADABLE", maxBytes: maxFileBytes }));
  };
  return {
    async open(opened) {
      sink = opened;
      const offered = await read();
      if (offered.kind === "applied") return;
      const message = `The snapshot file ${escapeText(path)} is not valid: ${describeIssues(offered.issues)}`;
      throw new GatewayError("GATEWAY_SNAPSHOT_INVALID", message, offered.issues);
    },
    async close() {
      sink = undefined;
    },
    refresh: read,
  };
}
