import type { AccessLogCounts } from "../access-log/access-log.ts";
import type { Pressures } from "../overload/ladder.ts";
import { type Counts, durationBoundsMs } from "../record/tally.ts";
import type { HopCounts } from "../signed-hop/hop-reader.ts";
import type { ControlState } from "../snapshot/source.ts";
import { counter, gauge, histogram, type MetricFamily, type MetricValue } from "./metric-family.ts";

/** What a gateway knows of itself at a moment. */
export type GatewayState = {
  readonly counts: Counts;
  /** `undefined` for a gateway that accepts no signed hops. */
  readonly hops: HopCounts | undefined;
  /** `undefined` without an access log. */
  readonly accessLog: AccessLogCounts | undefined;
  readonly connections: number;
  readonly exchanges: number;
  readonly tunnels: number;
  /** `undefined` before the gateway has looked. */
  readonly pressures: Pressures | undefined;
  /** `undefined` before the first snapshot. */
  readonly snapshot: { readonly revision: number; readonly ageMs: number } | undefined;
  /** `undefined` for a gateway that follows no control. */
  readonly control: ControlState | undefined;
};

/** A gateway's own metrics. */
export function gatewayMetrics(state: GatewayState): readonly MetricFamily[] {
  return [
    ...countMetrics(state.counts),
    ...hopMetrics(state),
    ...accessLogMetrics(state),
    ...openMetrics(state),
    ...configurationMetrics(state),
  ];
}

function countMetrics(counts: Counts): MetricFamily[] {
  return [
    counter(
      {
        name: "wherefrom_requests_total",
        help: "Requests whose answer is over, by the class of its status; none: the client left before it",
      },
      counts.byStatusClass.map((value, digit) => ({ labels: { status: digit === 0 ? "none" : `${digit}xx` }, value })),
    ),
    counter(
      { name: "wherefrom_resolutions_total", help: "Resolved clients, by outcome, trust and the reason why the algorithm gave no address" },
      counts.resolutions.map(({ outcome, trust, reason, count }) => ({
        labels: { outcome, trust, reason: reason ?? "none" },
        value: count,
      })),
    ),
    counter(
      { name: "wherefrom_faults_total", help: "Answers of the gateway itself in place of a target's, by code" },
      counts.faults.map(({ code, count }) => ({ labels: { code }, value: count })),
    ),
    histogram(
      {
        name: "wherefrom_request_duration_seconds",
        help: "From the parsed header to the last byte of the answer; for a WebSocket to its handshake",
      },
      {
        bounds: durationBoundsMs.map((bound) => bound / 1_000),
        counts: counts.byDuration,
        sum: counts.durationSumMs / 1_000,
        count: counts.exchanges,
      },
    ),
    counter(
      { name: "wherefrom_records_dropped_total", help: "Records of exchanges that their receiver did not take" },
      counts.recordsDropped,
    ),
  ];
}

function hopMetrics({ hops }: GatewayState): MetricFamily[] {
  const results: MetricValue[] =
    hops === undefined
      ? []
      : Object.entries({ accepted: hops.accepted, ...hops.refused }).map(([result, value]) => ({ labels: { result }, value }));
  return [
    counter({ name: "wherefrom_signed_hops_total", help: "Requests with a signed hop, by whether it was accepted or why not" }, results),
  ];
}

function accessLogMetrics({ accessLog }: GatewayState): MetricFamily[] {
  const lines: MetricValue[] =
    accessLog === undefined ? [] : (["recorded", "dropped"] as const).map((result) => ({ labels: { result }, value: accessLog[result] }));
  return [
    counter(
      { name: "wherefrom_access_log_lines_total", help: "Lines of the access log that are in the file, and lines that were lost" },
      lines,
    ),
  ];
}

function openMetrics({ connections, exchanges, tunnels, pressures }: GatewayState): MetricFamily[] {
  return [
    gauge({ name: "wherefrom_open_connections", help: "Client connections, WebSockets among them", aggregator: "sum" }, connections),
    gauge({ name: "wherefrom_open_exchanges", help: "Requests whose answer is not over", aggregator: "sum" }, exchanges),
    gauge({ name: "wherefrom_open_tunnels", help: "WebSockets", aggregator: "sum" }, tunnels),
    gauge(
      {
        name: "wherefrom_overload_pressure",
        help: "How much of a limit is taken, 1 is all; the gateway gives up things from 0.85",
        aggregator: "max",
      },
      Object.entries(pressures ?? {}).map(([of, value]) => ({ labels: { of }, value })),
    ),
  ];
}

function configurationMetrics({ snapshot, control }: GatewayState): MetricFamily[] {
  const revision: MetricValue[] = snapshot === undefined ? [] : [{ labels: {}, value: snapshot.revision }];
  const age: MetricValue[] = snapshot === undefined ? [] : [{ labels: {}, value: snapshot.ageMs / 1_000 }];
  return [
    gauge(
      { name: "wherefrom_snapshot_revision", help: "Revision that new requests run by; of several workers the oldest", aggregator: "min" },
      revision,
    ),
    gauge({ name: "wherefrom_snapshot_age_seconds", help: "Since that snapshot was taken into use", aggregator: "max" }, age),
    controlMetric(control),
  ];
}

/** Of several workers it is the primary that follows control. */
export function controlMetric(control: ControlState | undefined): MetricFamily {
  const values: MetricValue[] = control === undefined ? [] : [{ labels: {}, value: Number(control === "connected") }];
  return gauge({ name: "wherefrom_control_connected", help: "1 while control is followed, 0 while it is away", aggregator: "min" }, values);
}
