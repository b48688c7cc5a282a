import { ClickHouseError } from "@clickhouse/client";
import { StoreUnavailable } from "../config-store/port.ts";
import { QuestionTooCostly } from "./port.ts";

/** Too slow, too much memory, too many rows; and a regular expression that is too large. Source: ClickHouse, ErrorCodes.cpp. */
const COSTLY_CODES: ReadonlySet<string> = new Set(["158", "159", "160", "241", "396", "427"]);

/** Errors: the signal's reason; `QuestionTooCostly`; `StoreUnavailable` for everything else. */
export async function whileAvailable<Answer>(act: () => Promise<Answer>, signal?: AbortSignal): Promise<Answer> {
  try {
    return await act();
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof QuestionTooCostly) throw error;
    if (COSTLY_CODES.has(clickhouseFault(error).code)) throw new QuestionTooCostly(clickhouseFault(error).message);
    throw new StoreUnavailable("The event database cannot be used", { isOutcomeKnown: false, cause: error });
  }
}

/** ClickHouse's own code and words, in one line; for another error there is no code. The client does not read those of old servers. */
export function clickhouseFault(error: unknown): { readonly code: string; readonly message: string } {
  const message = error instanceof Error ? error.message : String(error);
  const told = /^Code: (?<code>\d+), e\.displayText\(\) = (?<words>[^\n]*?)(?:, e\.what\(\).*)?$/m.exec(message)?.groups;
  if (told !== undefined) return { code: told["code"] ?? "", message: told["words"] ?? "" };
  return { code: error instanceof ClickHouseError ? error.code : "", message: message.split("\n", 1)[0] ?? "" };
}
