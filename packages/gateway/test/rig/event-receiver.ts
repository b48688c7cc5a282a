import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { eventBatchIdSchema, maxEventBatchBytes, type TrafficEvent, trafficEventSchema } from "@wherefrom/model";

/** How control answers a batch. `lost`: it takes the batch, and the connection breaks before the answer. `holds`: it takes it, and answers when it accepts. */
export type ReceiverWay = "accepts" | "holds" | "lost" | "away" | "refuses";

/** The part of control that a gateway follows and sends events to. It keeps a batch of one id once, as control does. */
export class EventReceiver {
  readonly batches = new Map<string, readonly TrafficEvent[]>();
  /** Ids of all that came, those that were sent again too. */
  readonly attempts: string[] = [];
  readonly authorizations = new Set<string | undefined>();
  readonly codings = new Set<string | undefined>();
  way: ReceiverWay = "accepts";
  readonly #held: ServerResponse[] = [];
  readonly #snapshot: object;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  constructor(snapshot: object) {
    this.#snapshot = snapshot;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolved addresses of all events that it has, in the order of their batches. */
  get clients(): (string | undefined)[] {
    return [...this.batches.values()].flat().map(({ resolvedIp }) => resolvedIp);
  }

  /** From now on, and what it holds. */
  accept(): void {
    this.way = "accepts";
    for (const response of this.#held.splice(0)) response.end("{}");
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { pathname, searchParams } = new URL(request.url ?? "", "http://control");
    if (pathname === "/v1/organizations/local/environments/demo/gateways/edge-1:deliverEvents")
      return this.#take(request, { response, id: searchParams.get("batchId") ?? "", body: Buffer.concat(chunks) });
    if (request.method === "PUT") return void response.end("{}");
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`event: snapshot\ndata: ${JSON.stringify(this.#snapshot)}\n\n`);
  }

  #take(
    { headers, socket }: IncomingMessage,
    { response, id, body }: { readonly response: ServerResponse; readonly id: string; readonly body: Buffer },
  ): void {
    this.attempts.push(eventBatchIdSchema.parse(id));
    this.authorizations.add(headers.authorization);
    if (this.way === "away") return void response.writeHead(503).end("{}");
    if (this.way === "refuses") return void response.writeHead(400).end('{"error":"no\u001b event"}');
    const coding = headers["content-encoding"];
    this.codings.add(coding);
    const lines = coding === "gzip" ? gunzipSync(body, { maxOutputLength: maxEventBatchBytes }) : body;
    if (lines.length > maxEventBatchBytes) return void response.writeHead(413).end("{}");
    const text = lines.toString("utf8");
    const events = text.trimEnd().split("\n");
    if (!this.batches.has(id))
      this.batches.set(
        id,
        events.map((line) => trafficEventSchema.parse(JSON.parse(line))),
      );
    if (this.way === "lost") return void socket.destroy();
    if (this.way === "holds") return void this.#held.push(response);
    response.end("{}");
  }
}
