import { readFileSync, statSync } from "node:fs";
import { makeRangeList, parseRangeList, type RangeReading, rangeIssue, readPublishedList } from "@wherefrom/model";
import { escapeText } from "wherefrom";
import { CliError } from "./errors.ts";
import { fetchText } from "./fetch-text.ts";

const MAX_BYTES = 5 * 1024 * 1024;
const TIMEOUT_MS = 10_000;
const DAY_LENGTH = 10;

type Published = { readonly text: string; readonly source: string; readonly retrievedAt: string };

/**
 * Reads the list of a provider's ranges that may become the next one: from a file or an http(s) URL, as the provider publishes it, or a range
 * file. A published list is of today when it was fetched, and of the day of its last change when it is a file.
 *
 * Errors: `CliError` when there is nothing to read. A list that is none is refused with all reasons.
 */
export async function readCandidate(provider: string, from: string): Promise<RangeReading> {
  const { text, source, retrievedAt } = /^https?:/i.test(from) ? await download(from) : readFile(from);
  const rangeFile = rangeFileOf(text);
  if (rangeFile !== undefined) return ofProvider(parseRangeList(rangeFile), provider);
  const prefixes = readPublishedList(text);
  if (prefixes !== undefined) return makeRangeList({ provider, source, retrievedAt }, prefixes);
  const message = "Expected one prefix a line, a provider's JSON or a range file, received something else";
  return { kind: "refused", issues: [rangeIssue("RANGES_NOT_A_LIST", message)] };
}

async function download(from: string): Promise<Published> {
  const url = URL.canParse(from) ? new URL(from) : undefined;
  if (url === undefined || url.username !== "" || url.password !== "") {
    throw new CliError("USAGE_OPTION_INVALID", "Expected a file, or an http:// or https:// URL without user name and password");
  }
  const text = await fetchText(url, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES });
  return { text, source: `${url.origin}${url.pathname}`, retrievedAt: dayOf(Date.now()) };
}

function readFile(path: string): Published {
  try {
    const { size, mtimeMs } = statSync(path);
    if (size > MAX_BYTES) throw new CliError("RANGES_SOURCE_TOO_LARGE", `${path}: expected at most ${MAX_BYTES} bytes, given ${size}`);
    const text = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
    return { text, source: path, retrievedAt: dayOf(Math.min(mtimeMs, Date.now())) };
  } catch (error) {
    if (error instanceof CliError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("RANGES_SOURCE_UNREADABLE", `Cannot read the list: ${escapeText(why)}`);
  }
}

function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, DAY_LENGTH);
}

/** Only a range file has a digest. */
function rangeFileOf(text: string): unknown {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" && json !== null && "sha256" in json ? json : undefined;
  } catch {
    return undefined;
  }
}

function ofProvider(reading: RangeReading, provider: string): RangeReading {
  if (reading.kind === "refused") return reading;
  const { list } = reading;
  if (list.provider !== provider) {
    const message = `Expected the ranges of ${provider}, received those of ${list.provider}`;
    return { kind: "refused", issues: [rangeIssue("RANGES_NOT_A_LIST", message)] };
  }
  // It would never be stale, and every later list would be older than it.
  const today = dayOf(Date.now());
  if (list.retrievedAt <= today) return reading;
  return {
    kind: "refused",
    issues: [rangeIssue("RANGES_FROM_FUTURE", `Expected a list of ${today} or earlier, received one of ${list.retrievedAt}`)],
  };
}
