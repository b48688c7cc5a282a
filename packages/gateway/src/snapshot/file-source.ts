import { type RangeIssue, type RangesFolderSource, rangesNamedIn } from "@wherefrom/model";
import { escapeText } from "wherefrom";
import { GatewayError } from "../errors.ts";
import { readJsonFile } from "../json-file.ts";
import type { Notice } from "../notice.ts";
import type { Offered, SnapshotSink, SnapshotSource } from "./source.ts";

/** The largest snapshot file that is read: about a million addresses. */
const maxFileBytes = 16_777_216;

/** What is told of one range file, in characters. */
const MAX_REFUSAL_LENGTH = 1_000;

/**
 * A snapshot in a JSON file. Read when it is opened, and again on `refresh`; a file is not watched, as an editor writes it in several steps.
 *
 * With `ranges`, a provider that the policy names and that has a file there means what that file says, before what the snapshot says. They are read with
 * the snapshot. A range file that is not taken is told and changes nothing.
 *
 * Errors: `GATEWAY_SNAPSHOT_UNREADABLE` for a file that cannot be read or holds no JSON, from `open` and `refresh`; `GATEWAY_SNAPSHOT_INVALID` from `open`
 *         for one that is no valid snapshot. `refresh` returns that as refused, because the gateway goes on with what it has.
 */
export function fileSource(path: string, { ranges }: { readonly ranges?: RangesFolderSource | undefined } = {}): SnapshotSource {
  let sink: SnapshotSink | undefined;
  const read = async (): Promise<Offered> => {
    if (sink === undefined) throw new GatewayError("GATEWAY_SNAPSHOT_UNREADABLE", "The snapshot file is not open");
    const json = await readJsonFile(path, { what: "snapshot file", code: "GATEWAY_SNAPSHOT_UNREADABLE", maxBytes: maxFileBytes });
    for (const { file, issues } of (await ranges?.reload()) ?? []) sink.notify(refusal(file, issues));
    return sink.offer(ranges === undefined ? json : withRanges(json, ranges));
  };
  return {
    async open(opened) {
      sink = opened;
      const offered = await read();
      if (offered.kind === "applied") return;
      throw new GatewayError("GATEWAY_SNAPSHOT_INVALID", `The snapshot file ${escapeText(path)} is not valid`, offered.issues);
    },
    async close() {
      sink = undefined;
    },
    refresh: read,
  };
}

/** What is no snapshot stays as it is, to be refused. */
function withRanges(json: unknown, ranges: RangesFolderSource): unknown {
  if (typeof json !== "object" || json === null) return json;
  const snapshot = json as { readonly clientIpResolutionConfig?: unknown; readonly ranges?: unknown };
  const named = rangesNamedIn(snapshot.clientIpResolutionConfig, ranges.current());
  return named === undefined ? json : { ...snapshot, ranges: { ...(snapshot.ranges as object | undefined), ...named } };
}

function refusal(file: string, issues: readonly RangeIssue[]): Notice {
  const why = issues.map(({ message }) => message).join("; ");
  return {
    level: "warning",
    code: "RANGES_REFUSED",
    message: `A range file is not used: ${escapeText(`${file}: ${why}`, MAX_REFUSAL_LENGTH)}`,
  };
}
