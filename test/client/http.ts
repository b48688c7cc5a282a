import { type Agent, type IncomingMessage, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { PATIENCE_MS } from "../../tools/patience.ts";

/** What an HTTP request got back. */
export type Answer<Body> = {
  readonly status: number;
  readonly body: Body;
  /** Whether the request went over a connection that an earlier request had opened. */
  readonly onReusedConnection: boolean;
};

export type AskOptions = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** The loopback address to connect from. */
  readonly from?: string;
  readonly agent?: Agent;
};

const RETRY_AFTER_MS = 1_000;

async function textOf(message: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of message.setEncoding("utf8")) text += part;
  return text;
}

/**
 * Sends one request and reads its JSON answer whole. Any status is an answer; an answer that is no JSON is an error. It is sent again where the far end closed
 * a kept connection just then, as a gateway does that has too much to do.
 */
export async function ask<Body>(url: string, options: AskOptions = {}): Promise<Answer<Body>> {
  try {
    return await askOnce(url, options);
  } catch (error) {
    if (error instanceof ClosedMeanwhile) return ask(url, options);
    throw error;
  }
}

class ClosedMeanwhile extends Error {}

async function askOnce<Body>(url: string, options: AskOptions): Promise<Answer<Body>> {
  const json = options.json === undefined ? undefined : JSON.stringify(options.json);
  const outgoing = request(url, {
    method: options.method ?? "GET",
    headers: { ...(json === undefined ? {} : { "content-type": "application/json" }), ...options.headers },
    timeout: PATIENCE_MS,
    ...(options.from === undefined ? {} : { localAddress: options.from }),
    ...(options.agent === undefined ? {} : { agent: options.agent }),
  });
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve).once("error", (error: NodeJS.ErrnoException) => {
      reject(outgoing.reusedSocket && error.code === "ECONNRESET" ? new ClosedMeanwhile() : error);
    });
    outgoing.once("timeout", () => outgoing.destroy(new Error(`No answer from ${url} within ${PATIENCE_MS} ms`)));
    outgoing.end(json);
  });
  const text = await textOf(message);
  const status = message.statusCode ?? 0;
  try {
    return { status, body: JSON.parse(text) as Body, onReusedConnection: outgoing.reusedSocket };
  } catch {
    throw new Error(`Expected JSON from ${url}, received ${status} ${JSON.stringify(text)}`);
  }
}

/**
 * Sends a request that must be answered with 2xx and gives the body. A gateway that has too much to do, because other tests have all of the machine, is asked
 * again, as its Retry-After says.
 */
export async function askWell<Body>(url: string, options: AskOptions = {}): Promise<Body> {
  const endsAtMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask<Body>(url, options);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    const told = JSON.stringify(answer.body);
    const mayCome = answer.status === 503 && told.includes('"GATEWAY_OVERLOADED"') && performance.now() < endsAtMs;
    if (!mayCome) throw new Error(`${options.method ?? "GET"} ${url} was answered with ${answer.status}: ${told}`);
    await sleep(RETRY_AFTER_MS);
  }
}
