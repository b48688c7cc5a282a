import type { FieldViolation } from "@wherefrom/model";
import type { Page } from "../config-store/port.ts";
import { refuseFaults } from "./api-error.ts";
import type { QueryParameter } from "./endpoint.ts";
import { shownValue } from "./violations.ts";

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1_000;

export const PAGE_SIZE: QueryParameter = {
  type: "integer",
  format: "int32",
  description: `How many to answer at the most. Default: ${DEFAULT_PAGE_SIZE}; more than ${MAX_PAGE_SIZE} means ${MAX_PAGE_SIZE}`,
};
export const PAGE_TOKEN: QueryParameter = { type: "string", description: "nextPageToken of the page before" };

type Listing<Item> = {
  readonly read: (page: Page) => Promise<readonly Item[]>;
  /** What the next page is to be below. */
  readonly numberOf: (item: Item) => number;
};

/**
 * The page that `pageSize` and `pageToken` ask for, newest first. A token is a number and not a place in a list, so what is added in the
 * meantime moves nothing.
 *
 * Errors: `ApiError` QUERY_INVALID.
 */
export async function readPage<Item>(
  query: URLSearchParams,
  { read, numberOf }: Listing<Item>,
): Promise<{ readonly items: readonly Item[]; readonly nextPageToken: string | undefined }> {
  const violations: FieldViolation[] = [];
  const pageSize = readCount(query.get("pageSize"), { field: "pageSize", violations });
  const before = readCount(query.get("pageToken"), { field: "pageToken", violations });
  refuseFaults(violations, "QUERY_INVALID");
  const limit = Math.min(pageSize || DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE);
  const found = await read({ limit: limit + 1, before });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, nextPageToken: found.length > limit && last !== undefined ? String(numberOf(last)) : undefined };
}

function readCount(text: string | null, { field, violations }: { field: string; violations: FieldViolation[] }): number | undefined {
  if (text === null || text === "") return undefined;
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  violations.push({ field, description: `Expected a count, received ${shownValue(text)}` });
  return undefined;
}
