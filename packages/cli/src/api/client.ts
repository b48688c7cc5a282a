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

/** The management API, for one organization. Paths begin behind it: `/environments/demo`, `:apply`. */
export type Api = {
  readonly organization: string;
  get(path: string, query?: Query): Promise<ApiAnswer>;
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
  const base = `${target.url.replace(/\/+$/, "")}/v1/organizations/${encodeURIComponent(target.organization)}`;
  const headers = {
    accept: "application/json",
    "x-wherefrom-author": wireText(target.author),
    ...(target.reason !== undefined && { "x-goog-request-reason": wireText(target.reason) }),
    ...(target.token !== undefined && { authorization: `Bearer ${target.token}` }),
  };
  const call = (method: string, path: string, { body, ifMatch, share, query = {} }: Sending): Promise<ApiAnswer> => {
    const search = new URLSearchParams({ ...query, prettyPrint: "false" });
    const json = body === undefined ? {} : { "content-type": "application/json" };
    const condition = ifMatch === undefined ? {} : { "if-match": ifMatch };
    const staging = share === undefined ? {} : { "x-wherefrom-rollout-share": String(share) };
    const init = {
      method,
      headers: { ...headers, ...json, ...condition, ...staging },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
    return answerTo(`${base}${path}?${search}`, init);
  };
  return {
    organization: target.organization,
    get: (path, query = {}) => call("GET", path, { query }),
    send: (method, path, sending) => call(method, path, sending),
  };
}

/** A header carries bytes: those of the text in UTF-8, each as a character, as fetch wants them. */
function wireText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

async function answerTo(url: string, init: RequestInit): Promise<ApiAnswer> {
  const { origin } = new URL(url);
  const response = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: unknown) => {
    const wayOut = "is it running (wherefrom up, wherefrom control), and is --api-url (WHEREFROM_API_URL) right?";
    throw new CliError("API_UNREACHABLE", printable(`Cannot reach the API at ${origin}: ${reasonOf(error)}; ${wayOut}`), { cause: error });
  });
  const body = parse(await response.text());
  if (response.ok && body !== undefined) return { body, etag: response.headers.get("etag") ?? undefined };
  const { error } = (body ?? {}) as Partial<RpcError>;
  if (typeof error?.message === "string" && Array.isArray(error.details)) throw new ApiRefusal(response.status, error);
  throw new CliError(
    "API_ANSWER_INVALID",
    printable(`Expected an answer of the management API at ${origin}, received status ${response.status}`),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
