import { Deadline } from "../deadline.ts";
import type { Exchange } from "../exchange.ts";
import type { CompiledRoute } from "../route/route-table.ts";
import type { Runtime } from "../runtime.ts";
import { Attempt, type Attempted } from "./attempt.ts";
import { hasBody, RequestBody } from "./request-body.ts";
import { requestFields } from "./request-fields.ts";
import type { Upstream } from "./upstream.ts";
import { upstreamTotalTimeout } from "./upstream-fault.ts";

/** How long the first retry waits at most; each further one twice as long. The wait is drawn by lot, so that what failed together does not come back together. */
const MAX_BACK_OFF_MS = 25;

/** RFC 9110 §9.2.2, without TRACE, which is not served: asking twice does what asking once does. */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** One request on its way to a target and back, in one attempt or several. It ends with its exchange. */
export class Passage implements Attempted {
  readonly exchange: Exchange;
  readonly route: CompiledRoute;
  readonly runtime: Runtime;
  readonly #method: string;
  body: RequestBody | null;
  #attempt: Attempt | undefined;
  /** Where it failed already. */
  #tried: Upstream[] | undefined;
  #backOff: NodeJS.Timeout | undefined;
  #deadline: Deadline | undefined;

  constructor(exchange: Exchange, { route, runtime }: { route: CompiledRoute; runtime: Runtime }) {
    this.exchange = exchange;
    this.route = route;
    this.runtime = runtime;
    this.#method = exchange.request.method ?? "GET";
    const { request } = exchange;
    this.body = hasBody(request) ? new RequestBody(exchange, { request, limits: runtime.limits }) : null;
  }

  begin(): void {
    const { exchange, route, runtime } = this;
    const { retries, timeouts } = route.route;
    const targets = runtime.upstreams.of(route.targets);
    targets.budget.deposit(retries.budgetPercent);
    if (timeouts?.totalMs !== undefined) this.#deadline = new Deadline(timeouts.totalMs, () => this.#expire());
    exchange.whenOver(() => this.#end());
    this.#send(targets.choose(exchange.startedAtMs), exchange.startedAtMs);
  }

  isRepeatable(): boolean {
    return this.body === null && IDEMPOTENT.has(this.#method);
  }

  /** It does, unless the route's number of retries, the budget of its targets or the client says no. */
  retriesAfter(upstream: Upstream, { isCharged }: { isCharged: boolean }): boolean {
    const { exchange, route, runtime } = this;
    const tried = this.#tried ?? [];
    const targets = runtime.upstreams.of(route.targets);
    if (exchange.isOver || tried.length >= route.route.retries.max || !this.#hasBodyAnew()) return false;
    if (isCharged && !targets.budget.withdraw()) return false;
    const maxBackOffMs = MAX_BACK_OFF_MS * 2 ** tried.length;
    tried.push(upstream);
    this.#tried = tried;
    this.#backOff = setTimeout(() => {
      const nowMs = runtime.now();
      this.#send(targets.choose(nowMs, tried), nowMs);
    }, runtime.random() * maxBackOffMs);
    return true;
  }

  /** Whether the body can be sent from its first byte on. */
  #hasBodyAnew(): boolean {
    if (this.body === null) return true;
    const body = this.body.anew();
    if (body !== undefined) this.body = body;
    return body !== undefined;
  }

  /** The route's time is over. */
  #expire(): void {
    const attempt = this.#attempt;
    clearTimeout(this.#backOff);
    if (attempt === undefined || attempt.isDone) return this.exchange.refuse(upstreamTotalTimeout);
    attempt.fail(upstreamTotalTimeout);
  }

  #send(upstream: Upstream, nowMs: number): void {
    const { exchange, route, runtime, body } = this;
    const { target } = upstream;
    exchange.sentTo = target.origin;
    exchange.attempts += 1;
    exchange.targetMs = undefined;
    const attempt = new Attempt(this, { upstream, beganAtMs: nowMs });
    this.#attempt = attempt;
    upstream.send(
      {
        request: exchange.request,
        method: this.#method,
        pathAndQuery: exchange.target?.pathAndQuery ?? "/",
        fields: requestFields(exchange, { route, target, runtime }),
        ownNames: exchange.snapshot.ownNames,
        body,
        expectsContinue: exchange.expectsContinue && body !== null,
        headersTimeoutMs: target.headersTimeoutMs,
        bodyTimeoutMs: target.bodyTimeoutMs,
      },
      attempt,
    );
  }

  #end(): void {
    clearTimeout(this.#backOff);
    this.#deadline?.stop();
    this.#attempt?.leave();
    this.body?.destroy();
  }
}
