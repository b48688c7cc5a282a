import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openSqliteStore } from "../src/config-store/sqlite.ts";
import { type Control, type ControlOptions, openControl } from "../src/control.ts";
import { optionsOf } from "./config-store-contract.ts";

const ENVIRONMENTS = "/v1/organizations/local/environments";

/** A JSON body that a test looks into. */
// biome-ignore lint/suspicious/noExplicitAny: a test names the fields it expects, and a missing one fails it
export type Json = any;

export type Answer = { readonly status: number; readonly body: Json; readonly headers: Headers };

export type Ask = {
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly rawBody?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the answer may be no JSON. */
  readonly isText?: boolean;
};

export type ControlUnderTest = {
  readonly control: Control;
  /** A token that may do everything; `ask` sends it unless it is told another header field Authorization; none when that is empty. */
  readonly token: string;
  /** `"PATCH /demo"` asks below the environments, `"GET //openapi.json"` below the root. */
  ask(line: string, ask?: Ask): Promise<Answer>;
  /** The URL of a path, under the same rule. */
  urlOf(path: string): string;
  /** `fetch` of a path under the same rule, with the token. */
  get(path: string, init?: RequestInit): Promise<Response>;
};

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "wherefrom-control-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A control of its own for the running test, closed when the test is over. */
export async function openTestControl(options: Partial<ControlOptions> = {}): Promise<ControlUnderTest> {
  const database = await emptyDatabase(await temporaryFolder());
  const control = await openControl({ listen: { host: "127.0.0.1", port: 0 }, organization: "local", database, ...options });
  onTestFinished(() => control.close());
  return underTest(control);
}

/** A control for all tests of a file, which closes it. */
export async function openControlForFile(options: Partial<ControlOptions>): Promise<ControlUnderTest & { close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "wherefrom-control-"));
  const database = await emptyDatabase(folder);
  const control = await openControl({ listen: { host: "127.0.0.1", port: 0 }, organization: "local", database, ...options });
  const close = async (): Promise<void> => {
    await control.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { ...underTest(control), close };
}

let empty: Promise<Buffer> | undefined;

/** A database that holds nothing but its tables: to make those takes half of the time of opening control. Not for what a first start does. */
async function emptyDatabase(folder: string): Promise<string> {
  empty ??= readTables();
  const path = join(folder, "control.db");
  await writeFile(path, await empty);
  return `sqlite:${path}`;
}

async function readTables(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), "wherefrom-control-"));
  const path = join(folder, "control.db");
  await (await openSqliteStore(path, optionsOf())).close();
  const bytes = await readFile(path);
  await rm(folder, { recursive: true });
  return bytes;
}

function underTest(control: Control): ControlUnderTest {
  const urlOf = (path: string): string => `${control.url}${path.startsWith("//") ? path.slice(1) : `${ENVIRONMENTS}${path}`}`;
  const token = control.issueKey({ name: "test", role: "admin", organization: "-" });
  const get = (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers({ authorization: `Bearer ${token}`, ...(init.headers as Record<string, string>) });
    if (headers.get("authorization") === "") headers.delete("authorization");
    return fetch(urlOf(path), { ...init, headers });
  };
  return { control, token, urlOf, get, ask: (line, ask) => send(get, line, ask) };
}

async function send(get: ControlUnderTest["get"], line: string, { body, rawBody, headers, isText }: Ask = {}): Promise<Answer> {
  const [method = "", path = ""] = line.split(" ");
  const isJson = body !== undefined;
  const response = await get(path, {
    method,
    headers: { ...(isJson && { "content-type": "application/json" }), ...headers },
    body: isJson ? JSON.stringify(body) : (rawBody ?? null),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" || (isText === true && !text.startsWith("{") && !text.startsWith("[")) ? undefined : JSON.parse(text),
  };
}

/** An error answer in one line: status, google.rpc status, our reason. */
export function verdictOf({ status, body }: Answer): string {
  if (body?.error === undefined) return String(status);
  const reason = detailOf(body, "ErrorInfo")?.reason;
  return `${status} ${body.error.status} ${reason}`;
}

/** The fields at fault, in the order of the answer. */
export function faultsOf({ body }: Answer): readonly string[] {
  return (detailOf(body, "BadRequest")?.fieldViolations ?? []).map((violation: Json) => violation.field);
}

function detailOf(body: Json, type: string): Json {
  return body.error.details.find((detail: Json) => detail["@type"] === `type.googleapis.com/google.rpc.${type}`);
}

export function headerIndex(ipHeaderIndex: number): Json {
  return { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex } };
}
