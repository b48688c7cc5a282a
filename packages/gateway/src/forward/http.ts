import type { Exchange } from "../exchange.ts";
import type { CompiledRoute } from "../route/route-table.ts";
import type { Runtime } from "../runtime.ts";
import { Attempt } from "./attempt.ts";
import { bodyOf, hasBody } from "./request-body.ts";
import { requestFields } from "./request-fields.ts";
import { upstreamTotalTimeout } from "./upstream-fault.ts";

/** Sends one request to a target of its route and relays the response. Bodies stream both ways; the slower side sets the pace. */
export function forwardHttp(exchange: Exchange, { route, runtime }: { route: CompiledRoute; runtime: Runtime }): void {
  const { request, response } = exchange;
  const upstream = runtime.upstreams.of(route.targets).choose();
  const { target, pool } = upstream;
  const attempt = new Attempt(exchange, { upstream, maxInterimResponses: runtime.limits.maxInterimResponses });
  exchange.whenOver(() => attempt.leave());
  limitTotalTime(attempt, { exchange, totalMs: route.route.timeouts?.totalMs });
  const headers = requestFields(exchange, { route, target, runtime });
  if (exchange.expectsContinue) response.writeContinue();
  const body = hasBody(request) ? bodyOf(exchange) : null;
  const path = exchange.target?.pathAndQuery ?? "/";
  const headersTimeout = target.headersTimeoutMs ?? null;
  const bodyTimeout = target.bodyTimeoutMs ?? null;
  pool.dispatch({ path, method: request.method ?? "GET", headers, body, headersTimeout, bodyTimeout }, attempt);
}

function limitTotalTime(attempt: Attempt, { exchange, totalMs }: { exchange: Exchange; totalMs: number | undefined }): void {
  if (totalMs === undefined) return;
  const timer = setTimeout(() => attempt.fail(upstreamTotalTimeout), totalMs);
  exchange.whenOver(() => clearTimeout(timer));
}
