import { type AuditEntry, type AuditHead, auditFaults } from "@wherefrom/model";
import { type Command, InvalidArgumentError } from "commander";
import { type Api, ApiRefusal, type Body } from "../api/client.ts";
import { printFound } from "../api/print.ts";
import { type ApiOptions, addApiOptions, openTarget } from "../api/target.ts";
import { exitCodes } from "../errors.ts";
import { parseCount, valueOption } from "../option-values.ts";
import { printable } from "../output.ts";
import { printTable } from "../table.ts";
import { byEnvironment, type Held, versionFaults, versionOf } from "../version-faults.ts";

const EXAMPLES = `
Examples:
  $ wherefrom audit list
  $ wherefrom audit verify
  $ wherefrom audit verify --head 1042:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`;

const LIST_EXAMPLES = `
Examples:
  $ wherefrom audit list --limit 100
  $ wherefrom audit list --json | jq '.entries[] | select(.change == "DELETED")'`;

const VERIFY_EXAMPLES = `
Examples:
  $ wherefrom audit verify
  $ wherefrom audit verify --head 1042:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

It reads the whole log, every version that is kept and which of them stand, and computes each hash itself. A log whose end was cut off, or
that was made anew as a whole, shows only beside a head that was written down elsewhere: keep the one that is printed.

Exit codes: 0 nothing found; 1 the log or a version is not as it was written; 2 usage; 3 could not run.`;

const HEAD = /^([0-9]{1,15}):([0-9a-f]{64})$/;
const DEFAULT_LIMIT = 50;
const PAGE_SIZE = "1000";
const REVISIONS_PAGE_SIZE = "100";

/** Adds `wherefrom audit`: who changed what, and whether the log of it is as it was written. */
export function addAuditCommand(program: Command, exit: (code: number) => void): void {
  const audit = program.command("audit").description("Show and verify the audit log").addHelpText("after", EXAMPLES);
  addApiOptions(audit.command("list").description("List the newest entries"), false)
    .addOption(valueOption("--limit <count>", "how many", "WHEREFROM_LIMIT").argParser(parseCount).default(DEFAULT_LIMIT))
    .addHelpText("after", LIST_EXAMPLES)
    .action(listEntries);
  addApiOptions(audit.command("verify").description("Find out whether the log is as it was written"), false)
    .addOption(
      valueOption("--head <sequence:hash>", "an entry that was written down: it must be in the log", "WHEREFROM_AUDIT_HEAD").argParser(
        parseHead,
      ),
    )
    .addHelpText("after", VERIFY_EXAMPLES)
    .action(async (options: ApiOptions & { head?: AuditHead }) => exit(await verify(options)));
}

function parseHead(text: string): AuditHead {
  const [, sequence, hash] = HEAD.exec(text) ?? [];
  if (hash === undefined) throw new InvalidArgumentError("Expected the number of an entry, a colon, and its hash of 64 digits.");
  return { sequence: Number(sequence), hash };
}

async function listEntries(options: ApiOptions & { readonly limit: number }): Promise<void> {
  const { api } = openTarget(options);
  const entries = (await api.get("/auditLog", { pageSize: String(options.limit) })).body.entries as readonly AuditEntry[];
  await printFound(options.json, { json: { entries }, text: () => printEntries(entries) });
}

function printEntries(entries: readonly AuditEntry[]): string {
  const rows = entries.map(({ sequence, time, author, authorVerified, change, resource, revision, reason }) => [
    String(sequence),
    `${time.slice(0, 19).replace("T", " ")} UTC`,
    authorVerified ? author : `${author}?`,
    change.toLowerCase(),
    resource.split("/").slice(2).join("/") || resource,
    String(revision),
    reason ?? "",
  ]);
  return printTable([["entry", "time", "author", "change", "what", "revision", "reason"], ...rows]);
}

async function verify(options: ApiOptions & { readonly head?: AuditHead }): Promise<number> {
  const { api } = openTarget(options);
  const before = await readLog(api);
  const held = await readHeld(api, before);
  // what was changed while the rest was read has its entries now
  const entries = [...before, ...(await readLog(api, before.at(-1)?.sequence))];
  const last = entries.at(-1);
  const head = last === undefined ? undefined : `${last.sequence}:${last.hash}`;
  const faults = [...auditFaults(entries, options.head), ...versionFaults(held, { before, entries })];
  const versions = held.reduce((sum, environment) => sum + environment.versions.length, 0);
  faults.sort((left, right) => left.sequence - right.sequence);
  await printFound(options.json, {
    json: { entries: entries.length, versions, head, faults },
    text: () =>
      [
        ...faults.map(({ sequence, problem }) => printable(`entry ${sequence}: ${problem}`)),
        `entries: ${entries.length}, versions: ${versions}, faults: ${faults.length}`,
        `head ${head}`,
      ].join("\n"),
  });
  return faults.length === 0 ? exitCodes.ok : exitCodes.findings;
}

/** All that control holds of the environments that a log tells of, and of those that are there all the same. */
async function readHeld(api: Api, entries: readonly AuditEntry[]): Promise<readonly Held[]> {
  const held: Held[] = [];
  const there = (await api.get("/environments")).body as readonly string[];
  for (const environment of new Set([...byEnvironment(entries).keys(), ...there])) {
    const path = `/environments/${encodeURIComponent(environment)}`;
    const standing = await unlessGone(async (): Promise<number> => (await api.get(`${path}/rollout`)).body.revision);
    const listing = { field: "revisions", pageSize: REVISIONS_PAGE_SIZE, includeContent: "true" };
    const revisions = (await unlessGone(() => readAll<Body>(api, `${path}/revisions`, listing))) ?? [];
    held.push({ environment, standing, versions: revisions.map(versionOf) });
  }
  return held;
}

/** `undefined` where there is no such environment: one that was deleted, or of which somebody has taken out all that was kept. */
async function unlessGone<Found>(read: () => Promise<Found>): Promise<Found | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ApiRefusal && error.reason === "ENVIRONMENT_NOT_FOUND") return undefined;
    throw error;
  }
}

/** All entries above a number, oldest first. */
async function readLog(api: Api, above = 0): Promise<readonly AuditEntry[]> {
  const isKnown = ({ sequence }: AuditEntry): boolean => sequence <= above;
  const newestFirst = await readAll<AuditEntry>(api, "/auditLog", { field: "entries", pageSize: PAGE_SIZE, until: isKnown });
  return newestFirst.filter((entry) => !isKnown(entry)).reverse();
}

type Listing<Item> = {
  readonly field: string;
  readonly pageSize: string;
  readonly includeContent?: string;
  /** No page is asked for behind one that has such an item. */
  readonly until?: (item: Item) => boolean;
};

/** All pages, newest first. What is added in the meantime stands before the first page and is not read. */
async function readAll<Item>(api: Api, path: string, { field, until, ...query }: Listing<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for (let pageToken: string | undefined = ""; pageToken !== undefined; ) {
    const { body }: { body: Body } = await api.get(path, { ...query, ...(pageToken !== "" && { pageToken }) });
    items.push(...body[field]);
    pageToken = until !== undefined && items.some(until) ? undefined : body.nextPageToken;
  }
  return items;
}
