import type { FieldViolation, RpcError } from "@wherefrom/model";
import { CliError, exitCodes } from "../errors.ts";
import { reasonOf } from "../fetch-text.ts";
import { printable } from "../output.ts";

/** A body as the API answers it. Its shape is the API's word: commands read what they know. */
// biome-ignore lint/suspicious/noExplicitAny: every field is looked at where it is used, and an API that answers otherwise is told so there
export type Body = any;

export type ApiAnswer = { readonly body: Body; readonly etag: string | undefined };

export type Sending = {
  readonly body?: unknown;
  readonly ifMatch?: string | undefined;
  readonly share?: number | undefined;
  readonly query?: Query;
};
type Query = Readonly<Record<string, string>>;

/** The management API, for one organization. Paths begin behind it: `/environments/demo`, `:apply`; or at the root: `/v1/sessions`. */
export type Api = {
  readonly organization: string;
  get(path: string, query?: Query): Promise<ApiAnswer>;
  /** The bytes of an event stream, as they come, until the API ends it. */
  follow(path: string): Promise<AsyncIterable<Uint8Array>>;
  send(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, sending: Sending): Promise<ApiAnswer>;
};

export type ApiTarget = {
  readonly url: string;
  readonly organization: string;
  readonly token: string | undefined;
  readonly author: string;
  readonly reason: string | undefined;
};

const TIMEOUT_MS = 60_000;
const ROOT = "/v1/";

/** Statuses that say that asking otherwise would help; all others are about the API's own state, or about who asks. */
const ASKED_WRONGLY: ReadonlySet<number> = new Set([400, 404, 405, 409, 412, 413, 415]);

const WAY_IN = ". Give one by --token-file (WHEREFROM_TOKEN_FILE), WHEREFROM_TOKEN, or wherefrom profile set --token-file";

/** The API said no. Its message has a line for each fault. */
export class ApiRefusal extends CliError {
  readonly reason: string;
  readonly violations: readonly FieldViolation[];

  constructor(status: number, { message, details }: RpcError["error"]) {
    const exitCode = ASKED_WRONGLY.has(status) ? exitCodes.usage : exitCodes.couldNotRun;
    const reason = details.flatMap((detail) => ("reason" in detail ? [detail.reason] : []))[0] ?? String(status);
    super(
      "API_REFUSED",
      message
        .split("\n")
        .map(printable)
        .join("\n")
        .concat(` (${printable(reason)})`, status === 401 ? WAY_IN : ""),
      { exitCode },
    );
    this.reason = reason;
    this.violations = details.flatMap((detail) => ("fieldViolations" in detail ? detail.fieldViolations : []));
  }
}

/** A client of the API. A redirect is not followed, so that no token goes where nobody sent it. */
export function createApi(target: ApiTarget): Api {
  const root = target.url.replace(/\/+$/, "");
  const urlOf = (path: string, query: Query): string => {
    requireNames(path);
    const place = path.startsWith(ROOT) ? "" : `${ROOT}organizations/${encodeURIComponent(target.organization)}`;
    return `${root}${place}${path}?${new URLSearchParams({ ...query, prettyPrint: "false" })}`;
  };
  const headers = {
    accept: "application/json",
    "x-wherefrom-author": wireText(target.author),
    ...(target.reason !== undefined && { "x-goog-request-reason": wireText(target.reason) }),
    ...(target.token !== undefined && { authorization: `Bearer ${target.token}` }),
  };
  const call = (method: string, path: string, { body, ifMatch, share, query = {} }: Sending): Promise<ApiAnswer> => {
    const json = body === undefined ? {} : { "content-type": "application/json" };
    const condition = ifMatch === undefined ? {} : { "if-match": ifMatch };
    const staging = share === undefined ? {} : { "x-wherefrom-rollout-share": String(share) };
    const init = {
      method,
      headers: { ...headers, ...json, ...condition, ...staging },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
    return answerTo(urlOf(path, query), init);
  };
  return {
    organization: target.organization,
    get: (path, query = {}) => call("GET", path, { query }),
    send: (method, path, sending) => call(method, path, sending),
    follow: (path) => streamOf(urlOf(path, {}), { ...headers, accept: "text/event-stream" }),
  };
}

/** In a URL these are no names but steps: what was to delete a thing in an environment would be sent to the environment itself. */
function requireNames(path: string): void {
  const step = path.split("/").find((segment) => segment === "." || segment === "..");
  if (step !== undefined) throw new CliError("USAGE_OPTION_INVALID", `Expected a name or an id, given ${JSON.stringify(step)}`);
}

/** A header carries bytes: those of the text in UTF-8, each as a character, as fetch wants them. */
function wireText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

async function answerTo(url: string, init: RequestInit): Promise<ApiAnswer> {
  const response = await ask(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  const body = parse(await response.text());
  if (response.ok && body !== undefined) return { body, etag: response.headers.get("etag") ?? undefined };
  throw refusalOf(response, body);
}

/** A stream lasts as long as what it tells of; only its beginning is waited for. */
async function streamOf(url: string, headers: Readonly<Record<string, string>>): Promise<AsyncIterable<Uint8Array>> {
  const begun = new AbortController();
  const timer = setTimeout(() => begun.abort(new Error("no answer in time")), TIMEOUT_MS);
  const response = await ask(url, { headers, signal: begun.signal }).finally(() => clearTimeout(timer));
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  if (response.ok && isStream && response.body !== null) return response.body;
  throw refusalOf(response, parse(await response.text()));
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: "manual" });
  } catch (error) {
    const wayOut = "is it running (wherefrom up, wherefrom control), and is --api-url (WHEREFROM_API_URL) right?";
    throw new CliError("API_UNREACHABLE", printable(`Cannot reach the API at ${new URL(url).origin}: ${reasonOf(error)}; ${wayOut}`), {
      cause: error,
    });
  }
}

function refusalOf({ status, url }: Response, body: unknown): CliError {
  const { error } = (body ?? {}) as Partial<RpcError>;
  if (typeof error?.message === "string" && Array.isArray(error.details)) return new ApiRefusal(status, error);
  const message = `Expected an answer of the management API at ${new URL(url).origin}, received status ${status}`;
  return new CliError("API_ANSWER_INVALID", printable(message));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
