import { type Agent, type IncomingMessage, request } from "node:http";

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

const TIMEOUT_MS = 10_000;

async function textOf(message: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of message.setEncoding("utf8")) text += part;
  return text;
}

/** Sends one request and reads its JSON answer whole. Any status is an answer; an answer that is no JSON is an error. */
export async function ask<Body>(url: string, options: AskOptions = {}): Promise<Answer<Body>> {
  const json = options.json === undefined ? undefined : JSON.stringify(options.json);
  const outgoing = request(url, {
    method: options.method ?? "GET",
    headers: { ...(json === undefined ? {} : { "content-type": "application/json" }), ...options.headers },
    timeout: TIMEOUT_MS,
    ...(options.from === undefined ? {} : { localAddress: options.from }),
    ...(options.agent === undefined ? {} : { agent: options.agent }),
  });
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve).once("error", reject);
    outgoing.once("timeout", () => outgoing.destroy(new Error(`No answer from ${url} within ${TIMEOUT_MS} ms`)));
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

/** Sends a request that must be answered with 2xx and gives the body. */
export async function askWell<Body>(url: string, options: AskOptions = {}): Promise<Body> {
  const answer = await ask<Body>(url, options);
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  throw new Error(`${options.method ?? "GET"} ${url} was answered with ${answer.status}: ${JSON.stringify(answer.body)}`);
}
