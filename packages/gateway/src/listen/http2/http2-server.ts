import { Deadline } from "../../deadline.ts";
import { Exchange } from "../../exchange.ts";
import { live } from "../../life.ts";
import type { Runtime } from "../../runtime.ts";
import { tooSlow } from "../client-error.ts";
import type { Connection } from "../connection.ts";
import type { HttpServer } from "../http-server.ts";
import { OpenExchanges } from "../open-exchanges.ts";
import { StalledClients } from "../stalled-clients.ts";
import { Http2Connection, type Http2Parts } from "./http2-connection.ts";

/** Looks so often for connections that are idle or of no more use. */
const LOOKS_PER_TIMEOUT = 4;

/** Sets up HTTP/2: its limits, and an exchange for each request. What the phases make of it is the same as over HTTP/1. */
export function createHttp2Server(runtime: Runtime): HttpServer {
  const { limits, now, onNotice } = runtime;
  const connections = new Set<Http2Connection>();
  const open = new OpenExchanges();
  const stalled = new StalledClients(open, {
    timeoutMs: limits.responseStallTimeoutMs,
    cut: (overdue, stuck) => {
      for (const connection of connections) connection.cutStalled(overdue.filter(isOn(connection)), stuck.filter(isOn(connection)));
    },
  });
  let isDraining = false;
  const looks = setInterval(look, Math.ceil(Math.min(limits.keepAliveTimeoutMs, limits.lingerTimeoutMs) / LOOKS_PER_TIMEOUT)).unref();

  /** An idle connection is asked to end, and cut the next time: a client may leave the end to us, or be in the middle of a header for ever. */
  function look(): void {
    const nowMs = now();
    for (const connection of connections) {
      const isIdle = connection.idleMs(nowMs) >= limits.keepAliveTimeoutMs;
      if (connection.hasGivenUp(nowMs) || (isIdle && connection.isClosing)) connection.destroy();
      else if (isIdle) connection.close();
    }
  }

  return {
    serve(socket, about) {
      const connection = new Http2Connection(socket, {
        limits,
        now,
        onRequest: (parts) => begin(parts, about),
        onExcess(excess) {
          const message = `An HTTP/2 connection was closed: its client sent too many ${excess}`;
          onNotice({ level: "warning", code: "HTTP2_EXCESS", message });
        },
      });
      connections.add(connection);
      if (isDraining) connection.close();
      void connection.closed.then(() => connections.delete(connection));
    },
    exchanges: () => open.size,
    closeIdle() {
      for (const connection of connections) if (connection.idleMs(now()) > 0) connection.close();
    },
    drain() {
      isDraining = true;
      for (const connection of connections) connection.close();
    },
    // What crosses with the word that the gateway closes is answered; no connection waits for the end of a grace.
    endGrace: () => undefined,
    cut() {
      clearInterval(looks);
      stalled.close();
      for (const connection of connections) connection.destroy();
    },
  };

  function begin({ request, response, upgrade }: Http2Parts, connection: Connection): void {
    const expectsContinue = request.rawHeaders.some((name, index) => index % 2 === 0 && name === "expect");
    const parts = { connection, response, upgrade, expectsContinue, snapshot: runtime.snapshot(), startedAtMs: now() };
    const exchange = new Exchange(request, parts);
    open.add(exchange);
    live(exchange, runtime);
    if (!request.endsWithHeader && upgrade === undefined) limitTime(exchange, limits.requestTimeoutMs);
  }
}

function isOn(connection: Http2Connection): (exchange: Exchange) => boolean {
  return ({ request }) => connection.carries(request);
}

/** The body has the time that a request of HTTP/1 has in all; Node keeps it only there. */
function limitTime(exchange: Exchange, timeoutMs: number): void {
  const deadline = new Deadline(timeoutMs, () => {
    if (exchange.request.complete) return;
    if (exchange.response.headersSent) exchange.response.destroy();
    else exchange.refuse(tooSlow);
  });
  exchange.whenOver(() => deadline.stop());
}
