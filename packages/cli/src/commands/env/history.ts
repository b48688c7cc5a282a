import type { JsonChange } from "@wherefrom/model";
import type { Body } from "../../api/client.ts";
import { printFound } from "../../api/print.ts";
import { printChanges } from "../../api/print-changes.ts";
import { type ApiOptions, environmentOf, openTarget } from "../../api/target.ts";
import { CliError } from "../../errors.ts";
import { printTable } from "../../table.ts";
import { printEnvironment } from "./read.ts";

const REVISION = /^[0-9]{1,15}$/;

/** Differences that the table of versions names; all stand in `--revision`. */
const SHOWN_CHANGES = 3;

type HistoryOptions = ApiOptions & { readonly limit: number; readonly revision?: number; readonly from?: number };

export async function showHistory(argument: string | undefined, options: HistoryOptions): Promise<void> {
  const { limit, revision, from, json } = options;
  const { api, environment } = openTarget(options);
  const revisions = `/environments/${encodeURIComponent(environmentOf(argument, environment))}/revisions`;
  if (revision === undefined) {
    if (from !== undefined) throw new CliError("USAGE_OPTION_MISSING", "--from compares with a version: give that by --revision");
    const { body } = await api.get(revisions, { pageSize: String(limit) });
    return printFound(json, {
      json: { revisions: body.revisions, hasMore: body.nextPageToken !== undefined },
      text: () => printRevisions(body),
    });
  }
  const one = (await api.get(`${revisions}/${revision}`)).body;
  const changes = from === undefined ? one.changes : (await api.get(`${revisions}/${revision}:diff`, { from: String(from) })).body.changes;
  return printFound(json, {
    json: { revision: one, ...(from !== undefined && { from }), changes },
    text: () => printRevision(one, changes),
  });
}

type RollbackOptions = ApiOptions & { readonly ifMatch?: string };

/** One word alone is a version where it is a number, and else the environment. */
export async function rollbackEnvironment(first: string | undefined, second: string | undefined, options: RollbackOptions): Promise<void> {
  const isVersion = second === undefined && first !== undefined && REVISION.test(first);
  const [name, revisionId] = isVersion ? [undefined, first] : [first, second];
  if (revisionId !== undefined && !REVISION.test(revisionId))
    throw new CliError("USAGE_OPTION_INVALID", `REVISION: expected a number, given ${JSON.stringify(revisionId)}`);
  const { api, environment } = openTarget(options);
  const path = `/environments/${encodeURIComponent(environmentOf(name, environment))}:rollback`;
  const { body, etag } = await api.send("POST", path, { body: { revisionId }, ifMatch: options.ifMatch });
  await printFound(options.json, { json: { environment: body, etag }, text: () => printEnvironment(body, etag) });
}

function printRevisions({ revisions, nextPageToken }: Body): string {
  const rows = revisions.map((revision: Body) => [
    revision.revisionId,
    shownTime(revision.createTime),
    revision.change.toLowerCase(),
    shownAuthor(revision),
    revision.reason ?? "",
    shownPointers(revision.changes),
  ]);
  const table = printTable([["revision", "time", "change", "author", "reason", "what"], ...rows]);
  return nextPageToken === undefined ? table : `${table}\n(older ones: --limit)`;
}

function shownPointers(changes: readonly JsonChange[]): string {
  const pointers = changes.slice(0, SHOWN_CHANGES).map(({ pointer }) => pointer);
  return changes.length > SHOWN_CHANGES ? `${pointers.join(" ")} and ${changes.length - SHOWN_CHANGES} more` : pointers.join(" ");
}

function printRevision(revision: Body, changes: readonly JsonChange[]): string {
  const rows = [
    ["revision", revision.revisionId],
    ["time", shownTime(revision.createTime)],
    ["change", revision.change.toLowerCase()],
    ["author", shownAuthor(revision)],
    ["reason", revision.reason ?? "-"],
    ["method", revision.method],
    ["request", revision.requestId ?? "-"],
  ];
  return [printTable(rows), ...printChanges(changes)].join("\n");
}

function shownTime(time: string): string {
  return `${time.slice(0, 19).replace("T", " ")} UTC`;
}

/** An author that control did not check is marked, so that nobody takes the name for proof. */
function shownAuthor({ author, authorVerified }: { readonly author: string; readonly authorVerified: boolean }): string {
  return authorVerified ? author : `${author}?`;
}
