import type { z } from "zod";
import type { ControlParts } from "../parts.ts";
import type { JsonObject } from "./json-body.ts";

/** One request to an endpoint. */
export type Call = {
  readonly parts: ControlParts;
  /** The value of a `{name}` of the path, decoded. */
  param(name: string): string;
  readonly query: URLSearchParams;
  header(name: string): string | null;
  /** Reads the body, once. */
  body(): Promise<JsonObject>;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
};

/** What the API does for one method of one path, and what its documentation says. It throws `ApiError` to refuse. */
export type Endpoint = {
  readonly summary: string;
  /** The body it takes, for the documentation. The endpoint itself reads and judges it. */
  readonly takes?: z.ZodType;
  /** The body it answers with status 200. */
  readonly answers: z.ZodType;
  /** Query parameters it knows. All others but Google's standard ones are refused. */
  readonly query?: readonly string[];
  readonly handle: (call: Call) => Promise<Response>;
};

/** One line of the route table. `{name}` in a path is one segment; a path may end in a custom verb, as in `{env}:explain` (AIP-136). */
export type RouteLine = readonly [method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, endpoint: Endpoint];

/** A JSON answer, with the entity tag of what was read where there is one. */
export function jsonAnswer(body: unknown, etag?: string): Response {
  return Response.json(body, etag === undefined ? {} : { headers: { etag } });
}
