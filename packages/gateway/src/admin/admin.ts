import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { AggregatorRegistry, Registry } from "prom-client";
import { escapeText } from "wherefrom";
import type { AdminFaultCode } from "../errors.ts";
import { listen } from "../listen/listen.ts";
import type { AdminOptions } from "./admin-options.ts";
import { isHostAllowed } from "./host-gate.ts";
import { gauge, type MetricFamily } from "./metric-family.ts";
import { degradedReasons, type Readiness, readinessJson, starting } from "./readiness.ts";

/** What an admin listener tells about: one gateway, or a group of workers as one. */
export type AdminSubject = {
  readiness(): Promise<Readiness>;
  /** One list a process. */
  metrics(): Promise<readonly (readonly MetricFamily[])[]>;
};

/** A listener for those who run the gateway: health, readiness, metrics. It changes nothing and has no access control. */
export type Admin = {
  readonly url: string;
  /** From now on it tells about `subject`. Until then it says that the gateway starts. */
  show(subject: AdminSubject): void;
  close(): Promise<void>;
};

const DEFAULT_HOST = "127.0.0.1";
/** Connections at one time; a further one is closed at once. */
const MAX_CONNECTIONS = 64;
/** From the first byte of a request to its end, and how long an idle connection stays open. */
const TIMEOUT_MS = 10_000;
const MAX_HEADER_BYTES = 8_192;

const nothingYet: AdminSubject = { readiness: async () => starting, metrics: async () => [] };

/**
 * Opens the admin listener: its own port, so that nothing a client sends through the gateway can reach it.
 *
 * Errors: `GatewayError` for the port.
 */
export async function openAdmin({ host = DEFAULT_HOST, port, names = [] }: AdminOptions): Promise<Admin> {
  let subject = nothingYet;
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: TIMEOUT_MS,
    requestTimeout: TIMEOUT_MS,
    keepAliveTimeout: TIMEOUT_MS,
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on("request", (request, response) => {
    answer(request, { names, subject }).then(
      (given) => send(response, { ...given, isHead: request.method === "HEAD" }),
      (error) => send(response, { ...refusal(500, "ADMIN_FAULT", escapeText(String(error))), isHead: request.method === "HEAD" }),
    );
  });
  const { url } = await listen(server, { place: { kind: "tcp", host, port }, scheme: "http" });
  return {
    url,
    show(shown) {
      subject = shown;
    },
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

type Answer = { readonly status: number; readonly type: string; readonly body: string; readonly fields?: Readonly<Record<string, string>> };
type AnswerContext = { readonly names: readonly string[]; readonly subject: AdminSubject };

async function answer({ method, url = "", headers }: IncomingMessage, { names, subject }: AnswerContext): Promise<Answer> {
  if (!isHostAllowed(headers.host, names)) {
    return refusal(421, "ADMIN_HOST_REFUSED", "Expected an address, localhost or a listed name as Host");
  }
  if (method !== "GET" && method !== "HEAD") {
    return { ...refusal(405, "ADMIN_METHOD_REFUSED", "Expected GET or HEAD"), fields: { allow: "GET, HEAD" } };
  }
  switch (url.split("?")[0]) {
    case "/healthz":
      return json(200, { alive: true });
    case "/readyz": {
      const readiness = await subject.readiness();
      return json(readiness.reasons.length === 0 ? 200 : 503, readinessJson(readiness));
    }
    case "/metrics":
      return { status: 200, type: Registry.PROMETHEUS_CONTENT_TYPE, body: await metricsText(subject) };
    default:
      return refusal(404, "ADMIN_PATH_UNKNOWN", "Expected /healthz, /readyz or /metrics");
  }
}

function refusal(status: number, code: AdminFaultCode, message: string): Answer {
  return json(status, { error: { code, message } });
}

function json(status: number, value: object): Answer {
  return { status, type: "application/json; charset=utf-8", body: `${JSON.stringify(value)}\n` };
}

/** All processes' metrics as one, and whether the whole is ready. */
async function metricsText(subject: AdminSubject): Promise<string> {
  const [readiness, lists] = await Promise.all([subject.readiness(), subject.metrics()]);
  // The list is copied because prom-client's types want what it does not need, an array that can be changed.
  return AggregatorRegistry.aggregate([...lists, readinessMetrics(readiness)]).metrics();
}

function readinessMetrics({ reasons, degraded }: Readiness): readonly MetricFamily[] {
  return [
    gauge({ name: "wherefrom_ready", help: "1 when /readyz answers 200", aggregator: "min" }, Number(reasons.length === 0)),
    gauge(
      { name: "wherefrom_degraded", help: "1 for what is not as it should be although the gateway serves", aggregator: "max" },
      Object.keys(degradedReasons).map((reason) => ({ labels: { reason }, value: Number(degraded.some((code) => code === reason)) })),
    ),
  ];
}

function send(response: ServerResponse, { status, type, body, fields, isHead }: Answer & { readonly isHead: boolean }): void {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...fields,
  });
  response.end(isHead ? undefined : body);
}
