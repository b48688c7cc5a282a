import { isUtf8 } from "node:buffer";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { ApiError } from "./api-error.ts";
import { readBodyBytes } from "./json-body.ts";
import { shownValue } from "./violations.ts";

const unzip = promisify(gunzip);

/** Lines that are no values yet: bytes take little room and none of the collector's time while they wait. */
export type JsonLines = {
  /** Their values, each made when it is asked for. Errors: `ApiError` for a line that is no JSON. */
  values(): Iterable<unknown>;
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
  const bytes = coding === "gzip" ? await unfold(sent, maxBytes) : sent;
  if (!isUtf8(bytes)) throw new ApiError("BODY_NOT_JSON", "Body: Expected UTF-8, received other bytes");
  return { values: () => parseLines(bytes) };
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

const LINE_BREAK = 0x0a;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** A text for each line, which costs a twentieth of one for the whole body: that is large enough for the collector to keep apart. */
function* parseLines({ buffer, byteOffset, byteLength }: Uint8Array): Iterable<unknown> {
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  let number = 0;
  // A line ends with its line break, the last one too.
  for (let begin = BYTE_ORDER_MARK.every((byte, at) => bytes[at] === byte) ? 3 : 0; begin < byteLength; ) {
    const found = bytes.indexOf(LINE_BREAK, begin);
    const end = found === -1 ? byteLength : found;
    number += 1;
    yield parseLine(bytes.toString("utf8", begin, end), number);
    begin = end + 1;
  }
}

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new ApiError("BODY_NOT_JSON", `Line ${number}: Expected JSON, received ${shownValue(messageOf(error))}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
