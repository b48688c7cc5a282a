import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type DeliveredTransaction, type GatewayReport, rpcErrorSchema } from "@wherefrom/model";
import { errors, Pool } from "undici";
import type { ClockReading } from "./control-clock.ts";
import { ControlRefusal } from "./control-refusal.ts";
import { isLoopback } from "./control-urls.ts";
import type { BatchAnswer, EventBatch } from "./source.ts";

/** The largest snapshot that is taken from control. */
export const maxSnapshotBytes = 16_777_216;

/** An answer with a snapshot, or none because nothing has changed. */
export type PollAnswer =
  | { readonly kind: "snapshot"; readonly text: string; readonly etag: string | undefined }
  | { readonly kind: "unchanged" };

export type ControlPlace = {
  readonly url: URL;
  readonly organization: string;
  readonly environment: string;
  readonly gatewayId: string;
  /** What control knows this gateway by. Asked for each request, so that a new one needs no restart. */
  readonly token?: (() => string) | undefined;
};

const REFUSALS: ReadonlySet<number> = new Set([401, 403, 429]);
/** Of a batch of events: it is not as control takes it, and never will be. */
const BATCH_REFUSALS: ReadonlySet<number> = new Set([400, 413, 422]);
/** What is told of an answer to a batch that is not taken. */
const MAX_WHY_CHARS = 1_000;

const compress = promisify(gzip);

/** The HTTP side of a control source. It owns the connections to control and decides nothing. */
export class ControlClient {
  readonly #pool: Pool;
  readonly #environmentPath: string;
  readonly #gatewayId: string;
  readonly #token: (() => string) | undefined;
  readonly #signal: AbortSignal;
  readonly #requestTimeoutMs: number;
  /** Not on this machine: to compress events costs more than all else that is done with them. */
  readonly #compresses: boolean;

  constructor(
    { url, organization, environment, gatewayId, token }: ControlPlace,
    { signal, requestTimeoutMs }: { signal: AbortSignal; requestTimeoutMs: number },
  ) {
    this.#pool = new Pool(url.origin, { connectTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs, allowH2: false });
    const basePath = url.pathname.replace(/\/$/, "");
    this.#environmentPath = `${basePath}/v1/organizations/${encodeURIComponent(organization)}/environments/${encodeURIComponent(environment)}`;
    this.#gatewayId = gatewayId;
    this.#token = token;
    this.#signal = signal;
    this.#requestTimeoutMs = requestTimeoutMs;
    this.#compresses = !isLoopback(url);
  }

  /**
   * The event stream of snapshots; `undefined` when control, or something before it, does not offer one, or holds its header back. While nothing of it comes for
   * `silenceTimeoutMs`, reading it ends by an error: see `isSilence`.
   */
  async events(silenceTimeoutMs: number): Promise<(AsyncIterable<Uint8Array> & { destroy(error?: Error): unknown }) | undefined> {
    const asked = this.#pool.request({
      path: `${this.#environmentPath}/snapshot?gatewayId=${encodeURIComponent(this.#gatewayId)}`,
      method: "GET",
      headers: { ...this.#authorization(), accept: "text/event-stream" },
      bodyTimeout: silenceTimeoutMs,
      signal: this.#signal,
    });
    const answer = await asked.catch((error: unknown) => {
      // a proxy that collects what it passes on, as nginx does, keeps the header too
      if (error instanceof errors.HeadersTimeoutError) return undefined;
      throw error;
    });
    if (answer === undefined) return undefined;
    const { statusCode, headers, body } = answer;
    if (statusCode === 200 && String(headers["content-type"]).startsWith("text/event-stream")) return body;
    await body.dump({ limit: maxSnapshotBytes });
    requireLetIn(statusCode);
    return undefined;
  }

  /** The snapshot, or after `waitMs` the answer that `etag` is still the newest. Errors: for every other status. */
  async poll({ etag, waitMs, timeoutMs }: { etag: string | undefined; waitMs: number; timeoutMs: number }): Promise<PollAnswer> {
    const { statusCode, headers, body } = await this.#pool.request({
      path: `${this.#environmentPath}/snapshot?waitMs=${waitMs}&gatewayId=${encodeURIComponent(this.#gatewayId)}`,
      method: "GET",
      headers: { ...this.#authorization(), accept: "application/json", ...(etag === undefined ? {} : { "if-none-match": etag }) },
      headersTimeout: waitMs + timeoutMs,
      bodyTimeout: timeoutMs,
      signal: this.#signal,
    });
    if (statusCode === 200) {
      const tag = headers["etag"];
      return { kind: "snapshot", text: await boundedText(body), etag: typeof tag === "string" ? tag : undefined };
    }
    await body.dump({ limit: maxSnapshotBytes });
    requireLetIn(statusCode);
    if (statusCode === 304) return { kind: "unchanged" };
    throw new Error(`Control answered ${statusCode} to the request for the snapshot`);
  }

  /** Tells control what runs here. Resolves with what control's clock showed then. Errors: for every status but 200. */
  async report(report: GatewayReport): Promise<ClockReading> {
    const askedAtMs = Date.now();
    const { statusCode, headers, body } = await this.#pool.request({
      path: `${this.#environmentPath}/gateways/${encodeURIComponent(this.#gatewayId)}`,
      method: "PUT",
      headers: { ...this.#authorization(), "content-type": "application/json" },
      body: JSON.stringify(report),
      signal: this.#signal,
    });
    const answeredAtMs = Date.now();
    await body.dump({ limit: maxSnapshotBytes });
    if (statusCode !== 200) throw new Error(`Control answered ${statusCode} to the report`);
    return { askedAtMs, answeredAtMs, date: String(headers["date"]) };
  }

  /** Hands over what debug sessions recorded. Errors: for every status but 200. */
  async deliver(transactions: readonly DeliveredTransaction[]): Promise<void> {
    const { statusCode, body } = await this.#pool.request({
      path: `${this.#environmentPath}/gateways/${encodeURIComponent(this.#gatewayId)}:deliverTransactions`,
      method: "POST",
      headers: { ...this.#authorization(), "content-type": "application/json" },
      body: JSON.stringify({ transactions }),
      signal: this.#signal,
    });
    await body.dump({ limit: maxSnapshotBytes });
    if (statusCode !== 200) throw new Error(`Control answered ${statusCode} to what a debug session recorded`);
  }

  /** Hands over a batch of events. Errors: `ControlRefusal`, and for every status that does not settle the batch for ever. */
  async sendEvents({ id, lines }: EventBatch): Promise<BatchAnswer> {
    const { statusCode, body } = await this.#pool.request({
      path: `${this.#environmentPath}/gateways/${encodeURIComponent(this.#gatewayId)}:deliverEvents?batchId=${id}`,
      method: "POST",
      headers: {
        ...this.#authorization(),
        "content-type": "application/x-ndjson",
        ...(this.#compresses && { "content-encoding": "gzip" }),
      },
      body: this.#compresses ? await compress(lines, { level: 1 }) : lines,
      bodyTimeout: this.#requestTimeoutMs,
      signal: this.#signal,
    });
    const why = whyOf(statusCode, await boundedText(body));
    if (BATCH_REFUSALS.has(statusCode)) return { kind: "refused", why };
    requireLetIn(statusCode);
    if (statusCode !== 200) throw new Error(`Control did not take a batch of events: ${why}`);
    return { kind: "accepted" };
  }

  #authorization(): Record<string, string> {
    return this.#token === undefined ? {} : { authorization: `Bearer ${this.#token()}` };
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** Whether reading an event stream has ended because nothing of it came for too long. */
export function isSilence(error: unknown): boolean {
  return error instanceof errors.BodyTimeoutError;
}

/** What an answer says of why it is no other: control's own words, where it has any. */
function whyOf(statusCode: number, text: string): string {
  const said = rpcErrorSchema.safeParse(parseJson(text)).data?.error.message ?? text;
  return `status ${statusCode}, ${said.slice(0, MAX_WHY_CHARS)}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function requireLetIn(statusCode: number): void {
  if (!REFUSALS.has(statusCode)) return;
  throw new ControlRefusal(
    `Control does not let this gateway in (${statusCode}): its key is missing, not valid, or for another environment`,
  );
}

async function boundedText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxSnapshotBytes) throw new Error(`Expected a snapshot of at most ${maxSnapshotBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
