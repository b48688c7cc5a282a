import type { Socket } from "node:net";
import type { Dispatcher } from "undici";
import { escapeText } from "wherefrom";
import type { GatewayLimits } from "../limits.ts";
import type { Notice } from "../notice.ts";
import type { CompiledTarget } from "../route/targets.ts";
import { connectorTo } from "./connect/connect-options.ts";
import { Http2Connections } from "./connect/http2-connections.ts";
import { sendAlone } from "./connect/lone-request.ts";
import type { Lookup } from "./connect/lookup.ts";
import type { AnswerHandler, Outgoing } from "./connect/outgoing.ts";
import { openPool, sendPooled } from "./connect/pooled.ts";
import { SilenceWatch } from "./connect/silence-watch.ts";
import { Health, type Standing } from "./health.ts";
import { announcedTrailers } from "./trailers.ts";

/** What can be told about a target while the gateway runs. */
export type TargetState = {
  /** Its origin. Two states have the same one when routes reach it by different settings. */
  readonly target: string;
  /** `ejected`: too many of its requests failed, so for a time others go first. `probing`: one request finds out whether it is back. */
  readonly standing: Standing;
  /** Failures since its last answer. */
  readonly failuresInRow: number;
  /** Requests and WebSockets that are open to it through this gateway. */
  readonly open: number;
};

export type UpstreamContext = { readonly limits: GatewayLimits; readonly lookup: Lookup; readonly onNotice: (notice: Notice) => void };

/** A target in operation: its connections, and how it does. */
export class Upstream {
  readonly target: CompiledTarget;
  readonly #context: UpstreamContext;
  readonly #health: Health;
  /** Opened with the first request that takes this way. */
  #pool: Dispatcher | undefined;
  #http2: Http2Connections | undefined;
  #connect: (() => Socket) | undefined;
  /** Of all that it was asked, but for what has timers of its own. */
  readonly silence: SilenceWatch = new SilenceWatch();
  #open = 0;

  constructor(target: CompiledTarget, context: UpstreamContext) {
    this.target = target;
    this.#context = context;
    this.#health = new Health(context.limits);
  }

  /** Requests and WebSockets that are open to it. */
  get open(): number {
    return this.#open;
  }

  /** Whether requests are to go there. */
  isAvailable(nowMs: number): boolean {
    return this.#health.isAvailable(nowMs);
  }

  /** Something is sent to it. Each call is followed by one of `end`. */
  begin(nowMs: number): void {
    this.#open += 1;
    this.#health.sent(nowMs);
  }

  /** What was begun is over, one way or another. */
  end(): void {
    this.#open -= 1;
  }

  /** Opens a connection of HTTP/1.1 that is nobody else's. */
  connect(): Socket {
    this.#connect ??= connectorTo(this.target, { lookup: this.#context.lookup, protocol: "http/1.1" });
    return this.#connect();
  }

  /** Sends a request, and tells the handler what becomes of it. Bodies stream at the pace of the slower side. */
  send(outgoing: Outgoing, handler: AnswerHandler): void {
    const { target } = this;
    const { limits, lookup } = this.#context;
    if (target.isHttp2) {
      this.#http2 ??= new Http2Connections({ target, limits, lookup });
      return this.#http2.send(outgoing, handler);
    }
    const isBeyondUndici = outgoing.body !== null && (outgoing.expectsContinue || announcedTrailers(outgoing) !== undefined);
    if (isBeyondUndici) return sendAlone(outgoing, { target, limits, lookup, handler });
    this.#pool ??= openPool(target, { limits, lookup });
    sendPooled(this.#pool, outgoing, {
      handler,
      silence: this.silence,
      headersTimeoutMs: outgoing.headersTimeoutMs ?? limits.upstreamHeadersTimeoutMs,
      bodyTimeoutMs: outgoing.bodyTimeoutMs ?? limits.bodyTimeoutMs,
    });
  }

  /** It has answered what was begun at `beganAtMs`. */
  answered(beganAtMs: number): void {
    if (this.#health.answered(beganAtMs)) this.#notify("info", "TARGET_RECOVERED", "answers again");
  }

  /** What was begun at `beganAtMs` has failed by its fault. */
  failed(beganAtMs: number, { nowMs, why }: { nowMs: number; why: string }): void {
    if (!this.#health.failed(beganAtMs, nowMs)) return;
    this.#notify("warning", "TARGET_EJECTED", `fails too often and others go first for a time: ${escapeText(why)}`);
  }

  state(): TargetState {
    return {
      target: this.target.origin,
      standing: this.#health.standing(),
      failuresInRow: this.#health.failuresInRow,
      open: this.#open,
    };
  }

  /** Lets requests in flight finish, then closes its connections. */
  async close(): Promise<void> {
    await Promise.all([this.#pool?.close(), this.#http2?.close()]);
  }

  /** Cuts every connection. */
  async destroy(): Promise<void> {
    this.#http2?.destroy();
    await this.#pool?.destroy();
  }

  #notify(level: Notice["level"], code: "TARGET_EJECTED" | "TARGET_RECOVERED", says: string): void {
    this.#context.onNotice({ level, code, message: `The target ${this.target.origin} ${says}` });
  }
}
