import { Counter, collectDefaultMetrics, Histogram, Registry } from "prom-client";
import type { ApiReason } from "./http/api-reason.ts";
import type { ControlNotice } from "./notice.ts";

/** What is counted as it happens. What can be looked up is: see api/metrics.ts. */
export type ControlMetrics = {
  /** Counts a request that is answered; `seconds`: until the answer began. An event stream is one. */
  countRequest(request: CountedRequest): void;
  /** Counts a request that was refused. */
  countRefusal(reason: ApiReason): void;
  countNotice(kind: ControlNotice["kind"]): void;
  /** Notes how long the connected gateways took to answer for a revision. */
  observePublication(seconds: number): void;
  /** For a scrape; what belongs to the process stands in another one. */
  readonly registry: Registry;
};

/** Where a request was sent, by the route table and not by its path: each value of a label is a series for ever. */
export type RequestLabels = { readonly method: string; readonly route: string };
type CountedRequest = RequestLabels & { readonly status: number; readonly seconds: number };

/** Labels of a request to a path that there is not. */
export const NO_ROUTE: RequestLabels = { method: "none", route: "none" };

const REQUEST_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];
const PUBLICATION_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export function createControlMetrics(): ControlMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "wherefrom_control_requests_total",
    help: "Requests to the management API",
    labelNames: ["method", "route", "status"] as const,
    registers,
  });
  const durations = new Histogram({
    name: "wherefrom_control_request_duration_seconds",
    help: "Until the answer began; for an event stream until it was opened",
    labelNames: ["method", "route"] as const,
    buckets: REQUEST_BOUNDS,
    registers,
  });
  const refusals = new Counter({
    name: "wherefrom_control_refusals_total",
    help: "Requests that were refused",
    labelNames: ["reason"] as const,
    registers,
  });
  const notices = new Counter({
    name: "wherefrom_control_notices_total",
    help: "What happened beside the requests",
    labelNames: ["kind"] as const,
    registers,
  });
  const publications = new Histogram({
    name: "wherefrom_control_publication_seconds",
    help: "From a change that is stored to the answer of the last connected gateway, or to the end of the wait for it",
    buckets: PUBLICATION_BOUNDS,
    registers,
  });
  return {
    registry,
    countRequest({ method, route, status, seconds }) {
      requests.inc({ method, route, status: String(status) });
      durations.observe({ method, route }, seconds);
    },
    countRefusal: (reason) => refusals.inc({ reason }),
    countNotice: (kind) => notices.inc({ kind }),
    observePublication: (seconds) => publications.observe(seconds),
  };
}

let processRegistry: Registry | undefined;

/** CPU, memory, files, event-loop delay and garbage collection of this process, as prom-client measures them; from the first call on. */
export function processMetrics(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
}
