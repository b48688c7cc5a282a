import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Exchange } from "../exchange.ts";
import { live } from "../life.ts";
import type { GatewayLimits } from "../limits.ts";
import { Places } from "../places.ts";
import type { Runtime } from "../runtime.ts";
import { clientFault, tooSlow } from "./client-error.ts";
import { connectionOf, markConnection } from "./connection.ts";
import type { HttpServer } from "./http-server.ts";
import { takeOver } from "./http1-upgrade.ts";
import { OpenExchanges } from "./open-exchanges.ts";
import { openPipeline, type Pipeline, pipelineOf, type Turn } from "./pipeline.ts";
import { PlainConnection, type PlainContext } from "./plain/plain-connection.ts";
import { PlainConnections } from "./plain/plain-connections.ts";
import { reset } from "./reset.ts";
import { StalledClients } from "./stalled-clients.ts";

/**
 * Sets up the HTTP/1 server: its limits, and an exchange for whatever comes out of Node's parser. Node refuses what it cannot read; what it reads
 * too generously, the phase `accept` refuses.
 */
export function createHttp1Server(runtime: Runtime): HttpServer {
  const { limits } = runtime;
  const server = createServer(serverOptions(limits));
  const open = new OpenExchanges();
  const stalled = new StalledClients(open, {
    timeoutMs: limits.responseStallTimeoutMs,
    cut: (overdue) => {
      for (const exchange of overdue) {
        exchange.fault = "CLIENT_STALLED";
        reset(exchange.request.socket);
      }
    },
  });
  const begin = (turn: Turn, isLast: boolean): Exchange => {
    const { request, expectsContinue } = turn;
    const { response, upgrade } = turn.takeOver();
    if (isLast) response.shouldKeepAlive = false;
    const exchange = new Exchange(request, {
      connection: connectionOf(request.socket),
      response,
      upgrade,
      pipeline: pipelineOf(request.socket),
      snapshot: runtime.snapshot(),
      startedAtMs: runtime.now(),
      expectsContinue,
    });
    open.add(exchange);
    live(exchange, runtime);
    return exchange;
  };
  const pipelines = new Places<Pipeline>();
  const forget = function (this: Socket): void {
    pipelines.delete(pipelineOf(this));
  };
  const context = { limits, begin, keepsIdle: () => runtime.overload.keepsConnections() };
  const plain = new PlainConnections(limits, ({ pipeline }) => pipeline.fail(tooSlow));
  const plainContext: PlainContext = {
    maxHeaderBytes: limits.maxHeaderBytes,
    keepAliveTimeoutMs: limits.keepAliveTimeoutMs,
    onEnd: (connection) => plain.delete(connection),
    handOver: (connection, bytes) => {
      plain.delete(connection);
      server.emit("connection", connection.socket);
      connection.socket.unshift(bytes);
    },
  };

  // Node 20 drops what exceeds its own count without a word; our count answers 431 instead.
  server.maxHeadersCount = 0;
  // `accept` refuses what of Expect Node does not know.
  for (const event of ["request", "checkContinue", "checkExpectation"] as const) {
    const expectsContinue = event === "checkContinue";
    server.on(event, (request: IncomingMessage, response: ServerResponse) =>
      take({ request, expectsContinue, isUpgrade: false, takeOver: () => ({ response }) }),
    );
  }
  for (const event of ["upgrade", "connect"] as const) {
    server.on(event, (request, socket, head) => {
      // From here on nobody but us listens: an error that nobody hears would end the process.
      socket.on("error", () => socket.destroy());
      take({ request, expectsContinue: false, isUpgrade: true, takeOver: () => takeOver(request, head) });
    });
  }
  server.on("clientError", (error, socket) => {
    const answer = clientFault(error);
    if (answer === undefined || !socket.writable) socket.destroy();
    else pipelineOf(socket as Socket).fail(answer);
  });
  // Node looks for overdue requests from this event on, and this server never listens.
  server.emit("listening");
  return {
    serve(socket, connection) {
      markConnection(socket, connection);
      const pipeline = openPipeline(socket, context);
      pipelines.add(pipeline);
      socket.on("close", forget);
      plain.add(new PlainConnection(socket, { pipeline, context: plainContext }));
    },
    exchanges: () => open.size,
    closeIdle() {
      for (const pipeline of pipelines) pipeline.closeIdle();
    },
    drain: () => open.announceClose(),
    endGrace() {
      // Node knows best which are idle: not one on which half a header has come.
      server.closeIdleConnections();
      plain.endIdle();
    },
    cut() {
      stalled.close();
      plain.close();
      // Ends the look-out for overdue requests.
      server.close();
      for (const pipeline of pipelines) pipeline.destroy();
    },
  };
}

function take(turn: Turn): void {
  pipelineOf(turn.request.socket).take(turn);
}

/** Node looks for overdue requests only at this interval, so it has to be short against the shortest of its limits. */
const CHECKS_PER_TIMEOUT = 4;
const MAX_CHECK_INTERVAL_MS = 5_000;

function serverOptions(limits: GatewayLimits) {
  return {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(Math.ceil(limits.headersTimeoutMs / CHECKS_PER_TIMEOUT), MAX_CHECK_INTERVAL_MS),
    noDelay: true,
    // `accept` checks it, for HTTP/1.0 too, and answers in the gateway's words.
    requireHostHeader: false,
    insecureHTTPParser: false,
  };
}
