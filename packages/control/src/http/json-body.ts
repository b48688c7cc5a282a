import { ApiError } from "./api-error.ts";
import { shownValue } from "./violations.ts";

export type JsonObject = Record<string, unknown>;

type BodyLimits = { readonly maxBodyBytes: number; readonly maxBodyDepth: number };

/**
 * Reads a request body that must be one JSON object in UTF-8.
 *
 * Only `application/json` is taken. A page in a browser cannot send that to another site without asking first, and control
 * never says yes: so no page that an operator visits can write here.
 *
 * Errors: `ApiError` for another content type, a body that is too long or too deep, no JSON, no object.
 */
export async function readJsonBody(request: Request, limits: BodyLimits): Promise<JsonObject> {
  const contentType = request.headers.get("content-type");
  if (contentType?.split(";")[0]?.trim().toLowerCase() !== "application/json") {
    throw new ApiError(
      "CONTENT_TYPE_UNSUPPORTED",
      `Content-Type: Expected application/json, received ${shownValue(contentType ?? undefined)}`,
    );
  }
  const body = parseJson(await readBodyBytes(request, limits.maxBodyBytes));
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new ApiError("BODY_NOT_JSON", `Body: Expected a JSON object, received ${shownValue(body)}`);
  }
  if (isDeeperThan(body, limits.maxBodyDepth)) {
    throw new ApiError("BODY_NOT_JSON", `Body: Expected at most ${limits.maxBodyDepth} levels of nesting, received more`);
  }
  return body as JsonObject;
}

/** The body as it came. Errors: `ApiError` BODY_TOO_LARGE. */
export async function readBodyBytes(request: Request, maxBodyBytes: number): Promise<Uint8Array> {
  const tooLarge = new ApiError("BODY_TOO_LARGE", `Body: Expected at most ${maxBodyBytes} bytes, received more`);
  if (Number(request.headers.get("content-length") ?? 0) > maxBodyBytes) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > maxBodyBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const why = error instanceof SyntaxError ? error.message : "text that is not UTF-8";
    throw new ApiError("BODY_NOT_JSON", `Body: Expected JSON, received ${shownValue(why)}`);
  }
}

/** Level by level and not by recursion, which a hostile body could overflow. */
function isDeeperThan(value: object, maxDepth: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > maxDepth) return true;
    level = level.flatMap((item) => Object.values(item as object)).filter((item) => typeof item === "object" && item !== null);
  }
  return false;
}
