import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { ApiError } from "./api-error.ts";
import { readBodyBytes } from "./json-body.ts";
import { shownValue } from "./violations.ts";

const unzip = promisify(gunzip);

/** Lines that are no values yet: text takes little room and none of the collector's time while it waits. */
export type JsonLines = {
  /** Errors: `ApiError` for a line that is no JSON. */
  parse(): readonly unknown[];
};

/**
 * Reads a request body that must be lines of JSON in UTF-8, as they are or in gzip. `maxBytes` bounds what comes, and what it unfolds to.
 *
 * As with `application/json`, a page in a browser cannot send `application/x-ndjson` to another site.
 *
 * Errors: `ApiError` for another content type or coding, a body that is too long, broken gzip, other bytes than UTF-8.
 */
export async function readJsonLines(request: Request, maxBytes: number): Promise<JsonLines> {
  const contentType = request.headers.get("content-type");
  if (contentType?.split(";")[0]?.trim().toLowerCase() !== "application/x-ndjson") {
    throw new ApiError(
      "CONTENT_TYPE_UNSUPPORTED",
      `Content-Type: Expected application/x-ndjson, received ${shownValue(contentType ?? undefined)}`,
    );
  }
  const coding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (coding !== "gzip" && coding !== "identity") {
    throw new ApiError("CONTENT_TYPE_UNSUPPORTED", `Content-Encoding: Expected gzip or none, received ${shownValue(coding)}`);
  }
  const sent = await readBodyBytes(request, maxBytes);
  const text = textOf(coding === "gzip" ? await unfold(sent, maxBytes) : sent);
  return { parse: () => parseLines(text) };
}

/** No more than `maxBytes` are ever unfolded: a few bytes of gzip may stand for gigabytes. */
async function unfold(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  try {
    return await unzip(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      throw new ApiError("BODY_TOO_LARGE", `Body: Expected at most ${maxBytes} bytes in gzip, received more`);
    }
    throw new ApiError("BODY_NOT_JSON", `Body: Expected gzip, as Content-Encoding says, received a fault: ${shownValue(messageOf(error))}`);
  }
}

function parseLines(text: string): readonly unknown[] {
  const lines = text.split("\n");
  // A line ends with its line break, the last one too.
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line, index) => {
    try {
      return JSON.parse(line) as unknown;
    } catch (error) {
      throw new ApiError("BODY_NOT_JSON", `Line ${index + 1}: Expected JSON, received ${shownValue(messageOf(error))}`);
    }
  });
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ApiError("BODY_NOT_JSON", "Body: Expected UTF-8, received other bytes");
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
