import { flowVariable, type SecurityAction } from "@wherefrom/model";
import type { Evidence, Explanation, Resolution } from "wherefrom";
import type { RequestTarget } from "./accept/request-target.ts";
import type { ClientRequest, ClientResponse, Upgrade } from "./client-message.ts";
import type { ContractName } from "./decide/contract.ts";
import type { FaultCode } from "./errors.ts";
import { type Fault, faultBody, faultFields } from "./fault.ts";
import type { Connection } from "./listen/connection.ts";
import type { CompiledRoute } from "./route/route-table.ts";
import type { HopVerdict } from "./signed-hop/hop-reader.ts";
import { explainExchange } from "./signed-hop/hop-resolution.ts";
import type { CompiledSnapshot } from "./snapshot/compile.ts";

/**
 * One request and its answer in the gateway. It owns the client's side until the answer has gone; what the phases find out is
 * noted here. An upgrade has a response too: until the target agrees, its answer is an ordinary one.
 */
export class Exchange {
  readonly connection: Connection;
  readonly request: ClientRequest;
  readonly response: ClientResponse;
  readonly upgrade: Upgrade | undefined;
  readonly #pipeline: Pipeline | undefined;
  /** By which contract an engine asks about this request; `undefined` for one that the gateway itself answers. */
  readonly decision: ContractName | undefined;
  /** One snapshot for the whole exchange: what is published meanwhile is for the next one. */
  readonly snapshot: CompiledSnapshot;
  /** By `Runtime.now`. */
  readonly startedAtMs: number;
  /** Whether the client waits for 100 Continue before it sends the body. */
  readonly expectsContinue: boolean;

  /** Set by `accept`. */
  target: RequestTarget | undefined;
  /** Set by `identify`, once. */
  evidence: Evidence | undefined;
  resolution: Resolution | undefined;
  /** What became of the signed hop; `undefined` when there was none, or none is accepted here. */
  hop: HopVerdict | undefined;
  /** Set by `admit`: the security action that decided; `undefined` when none matched, or only observed ones. */
  securityAction: SecurityAction | undefined;
  /** The one that would have decided instead, were none only observed; `undefined` when that changes nothing. */
  observedAction: SecurityAction | undefined;
  /** Set by `ask`: the exchange of the request that this one, an engine's, only asks about. */
  asked: Exchange | undefined;
  /** Set by `route`. */
  route: CompiledRoute | undefined;
  /** Origin of the target that it was sent to last, and how often it was sent; set by `forward`. */
  sentTo: string | undefined;
  attempts = 0;
  /** How long that target took to the header of its answer, or until it failed or was given up. */
  targetMs: number | undefined;
  /** Set with the answer; 101 for a WebSocket that was opened. */
  status: number | undefined;
  fault: FaultCode | undefined;
  /** Header of the answer, set with the status: `[name, value, name, value]`. */
  responseFields: readonly string[] = [];
  /** Counted as they pass: of the request's body, and of the answer's. */
  requestBytes = 0;
  responseBytes = 0;

  /** Among the open exchanges. */
  place = -1;

  #isOver = false;
  #whenOver: ((exchange: Exchange) => void)[] = [];
  #explanation: Explanation | undefined;

  constructor(request: ClientRequest, parts: ExchangeParts) {
    const { connection, response, upgrade, pipeline, decision, snapshot, startedAtMs, expectsContinue = false } = parts;
    this.connection = connection;
    this.request = request;
    this.response = response;
    this.upgrade = upgrade;
    this.#pipeline = pipeline;
    this.decision = decision;
    this.snapshot = snapshot;
    this.startedAtMs = startedAtMs;
    this.expectsContinue = expectsContinue;
    (response as Marked)[EXCHANGE] = this;
    response.on("close", finishExchange);
    // Writing to a client that has gone is an error event, and one that nobody hears would end the process.
    response.on("error", destroyResponse);
  }

  /** Whether the answer has gone, or the client has. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Calls back once when the exchange is over. */
  whenOver(callback: (exchange: Exchange) => void): void {
    if (this.#isOver) callback(this);
    else this.#whenOver.push(callback);
  }

  /** Ends the exchange for its observers. Happens by itself with the response; a WebSocket ends its exchange with the handshake. */
  finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const callback of this.#whenOver) callback(this);
  }

  /** The route that the request is for; also of one that was refused before it was looked up. */
  routeAsked(): CompiledRoute | undefined {
    return this.route ?? (this.target && this.snapshot.routes.match(this.target));
  }

  /** One flow variable, computed when asked for; `undefined` when it is unset or the exchange was refused before its client was resolved. */
  flowVariable(name: string): string | undefined {
    if (this.evidence === undefined || this.resolution === undefined) return undefined;
    return flowVariable(name, { resolution: this.resolution, evidence: this.evidence });
  }

  /** The verdict on each hop, by the same walk as the resolution; computed when first asked for. `undefined` before `identify`. */
  explanation(): Explanation | undefined {
    const { snapshot, evidence, resolution, hop } = this;
    if (evidence === undefined || resolution === undefined) return undefined;
    this.#explanation ??= explainExchange({ snapshot, evidence, resolution, hop });
    return this.#explanation;
  }

  /** Has the connection end with the answer that is about to begin. */
  endConnection(): void {
    this.#pipeline?.endWithAnswer();
    this.response.shouldKeepAlive = false;
  }

  /** Answers for the gateway itself. Does nothing when an answer has begun: a status cannot be taken back. */
  refuse(answer: Fault): void {
    if (this.response.headersSent || this.#isOver) return;
    this.status = answer.status;
    this.fault = answer.code;
    const body = faultBody(answer);
    // A client that waits for 100 Continue may send its body or not: which of the two follows on the connection is not known.
    const closes = answer.closes || (this.expectsContinue && !this.request.complete);
    if (closes) this.#pipeline?.endWithAnswer();
    this.responseFields = faultFields({ ...answer, closes }, body);
    this.response.writeHead(answer.status, [...this.responseFields]);
    if (this.request.method === "HEAD") return void this.response.end();
    this.responseBytes = Buffer.byteLength(body);
    this.response.end(body);
  }
}

const EXCHANGE = Symbol("exchange");

/** All responses share the two listeners below: a response finds its exchange by a property. */
type Marked = ClientResponse & { [EXCHANGE]?: Exchange };

function finishExchange(this: ClientResponse): void {
  (this as Marked)[EXCHANGE]?.finish();
}

function destroyResponse(this: ClientResponse): void {
  this.destroy();
}

/** What a connection of HTTP/1 is to its exchanges. One of HTTP/2 has none: its requests do not stand behind one another. */
type Pipeline = {
  /** Nothing behind the exchange whose turn it is will be served. */
  endWithAnswer(): void;
};

type ExchangeParts = {
  readonly connection: Connection;
  readonly response: ClientResponse;
  readonly upgrade?: Upgrade | undefined;
  readonly pipeline?: Pipeline;
  readonly decision?: ContractName;
  readonly snapshot: CompiledSnapshot;
  readonly startedAtMs: number;
  readonly expectsContinue?: boolean;
};
