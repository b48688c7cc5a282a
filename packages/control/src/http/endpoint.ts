import type { z } from "zod";
import type { OrganizationStore, Stamp } from "../config-store/port.ts";
import type { ControlParts } from "../parts.ts";
import type { Caller } from "./caller.ts";
import type { JsonObject } from "./json-body.ts";
import type { JsonLines } from "./json-lines-body.ts";

/** One request to an endpoint. */
export type Call = {
  readonly parts: ControlParts;
  /** The organization of the path. Empty when the path has none. */
  readonly organization: string;
  readonly caller: Caller;
  /** What belongs to that organization. */
  readonly store: OrganizationStore;
  /** The value of a `{name}` of the path, decoded. */
  param(name: string): string;
  /** By their names in lowerCamelCase, however the client spelt them. */
  readonly query: URLSearchParams;
  header(name: string): string | null;
  /** Where the client reached control: scheme, host and port. */
  readonly origin: string;
  /** Reads the body, once. */
  body(): Promise<JsonObject>;
  /** Reads a body of lines of JSON, once. */
  lines(options: { readonly maxBytes: number }): Promise<JsonLines>;
  /** What history and audit log keep of a change that this call makes: the caller, when and why. Throws `ApiError` HEADERS_INVALID. */
  stamp(): Stamp;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
};

/** A query parameter, as both API documents describe it. */
export type QueryParameter = {
  readonly type: "string" | "integer" | "boolean";
  /** As in Google's discovery documents: `int32`, `google-fieldmask`. */
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly description: string;
};

/** What the API does for one method of one path, and what its documentation says. It throws `ApiError` to refuse. */
export type Endpoint = {
  readonly summary: string;
  /** The body it takes, for the documentation. The endpoint itself reads and judges it. */
  readonly takes?: z.ZodType;
  /** Whether its body is lines of JSON, each as `takes` says. */
  readonly takesLines?: boolean;
  /** Whether its body may have `maxLargeBodyBytes`. */
  readonly takesLargeBody?: boolean;
  /** The body it answers with status 200. It has an id, by which both documents name it. */
  readonly answers: z.ZodType;
  /** Query parameters it knows. All others but Google's standard ones are refused. */
  readonly query?: Readonly<Record<string, QueryParameter>>;
  /** Whether it honours If-Match. */
  readonly isConditional?: boolean;
  /** Whether its change may be tried on some gateways first. */
  readonly isStaged?: boolean;
  /** Whether it also answers for an organization that is not there. */
  readonly isForMissingOrganization?: boolean;
  /** Whether it also answers for all organizations together, in place of one. */
  readonly isForEveryOrganization?: boolean;
  readonly handle: (call: Call) => Promise<Answer>;
};

/**
 * One line of the route table. `{name}` in a path is one segment; a path may end in a custom verb, as in `{env}:explain` (AIP-136).
 * The id names the method as Google's discovery document does, and is what the audit log says was asked for.
 */
export type RouteLine = readonly [method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, id: string, endpoint: Endpoint];

/** JSON, written as the client asked for it; or an answer that is written already. */
export type Answer = JsonAnswer | Response;

export type JsonAnswer = {
  readonly kind: "json";
  readonly body: unknown;
  readonly etag: string | undefined;
  /** More header fields. */
  readonly headers?: Readonly<Record<string, string>>;
};

/** A JSON answer, with the entity tag of what was read where there is one. */
export function jsonAnswer(body: unknown, etag?: string): JsonAnswer {
  return { kind: "json", body, etag };
}
