import type { AccessLogCounts } from "../access-log/access-log.ts";
import type { EventCounts } from "../events/event-recorder.ts";
import type { SentCounts } from "../events/event-sender.ts";
import type { TargetState } from "../forward/upstream.ts";
import { overloadSteps } from "../overload/ladder.ts";
import type { OverloadState } from "../overload/overload.ts";
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
  /** `undefined` when no events are recorded. */
  readonly events: EventCounts | undefined;
  /** `undefined` when this process sends no events. */
  readonly sent: SentCounts | undefined;
  readonly connections: number;
  readonly exchanges: number;
  readonly tunnels: number;
  readonly overload: OverloadState;
  readonly targets: readonly TargetState[];
  /** Of the listeners with TLS; below zero for one that has expired. */
  readonly certificates: readonly { readonly file: string; readonly endsInMs: number }[];
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
    ...eventMetrics(state),
    sentMetric(state.sent),
    ...openMetrics(state),
    ...targetMetrics(state),
    certificateMetric(state),
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
      {
        name: "wherefrom_header_doubts_total",
        help: "Requests that name a header about the client in Connection, or whose Forwarded and X-Forwarded-For end in two addresses",
      },
      counts.doubts.map(({ doubt, count }) => ({ labels: { doubt }, value: count })),
    ),
    counter(
      { name: "wherefrom_faults_total", help: "Answers of the gateway itself in place of a target's, by code" },
      counts.faults.map(({ code, count }) => ({ labels: { code }, value: count })),
    ),
    noticesMetric(counts),
    counter(
      {
        name: "wherefrom_security_actions_total",
        help: "Requests that a security action decided, or would have were it not only observed",
      },
      counts.actions.map(({ action, mode, count }) => ({ labels: { action, mode }, value: count })),
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

export const eventsName = "wherefrom_events_total";
export const waitingEventsName = "wherefrom_events_waiting";

function eventMetrics({ events }: GatewayState): MetricFamily[] {
  const results: MetricValue[] =
    events === undefined
      ? []
      : (["recorded", "sampled", "dropped"] as const).map((result) => ({ labels: { result }, value: events[result] }));
  return [
    counter(
      {
        name: eventsName,
        help: "Requests whose event went into the spool, that have none because only a share is sampled, and whose event was lost",
      },
      results,
    ),
    counter(
      { name: "wherefrom_events_evicted_total", help: "Events that were removed from the spool for newer ones before anybody took them" },
      events === undefined ? [] : [{ labels: {}, value: events.evicted }],
    ),
    gauge(
      { name: waitingEventsName, help: "Events of requests that are not in the spool yet", aggregator: "sum" },
      events === undefined ? [] : [{ labels: {}, value: events.waiting }],
    ),
  ];
}

/** Of several workers it is the primary that sends. */
export function sentMetric(sent: SentCounts | undefined): MetricFamily {
  const results: MetricValue[] =
    sent === undefined ? [] : (["accepted", "refused"] as const).map((result) => ({ labels: { result }, value: sent[result] }));
  return counter(
    { name: "wherefrom_events_sent_total", help: "Events that control has, and events that it refused, which are lost" },
    results,
  );
}

function openMetrics({ connections, exchanges, tunnels, overload }: GatewayState): MetricFamily[] {
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
      Object.entries(overload.pressures ?? {}).map(([of, value]) => ({ labels: { of }, value })),
    ),
    gauge(
      {
        name: "wherefrom_overload_stage",
        help: "0: nothing is given up; 1: connections are closed behind their answers; 2: and new requests are refused",
        aggregator: "max",
      },
      overloadSteps.indexOf(overload.step),
    ),
  ];
}

/** By origin. Where routes reach one origin by different settings it is judged for each, and the values are put together as those of workers are. */
function targetMetrics({ targets }: GatewayState): MetricFamily[] {
  const valuesOf = (read: (state: TargetState) => number): MetricValue[] =>
    targets.map((state) => ({ labels: { target: state.target }, value: read(state) }));
  return [
    gauge(
      {
        name: "wherefrom_target_ejected",
        help: "1 while others go first because its requests failed; of several workers how many say so",
        aggregator: "sum",
      },
      valuesOf(({ standing }) => Number(standing !== "in-use")),
    ),
    gauge(
      { name: "wherefrom_target_failures_in_row", help: "Failures since its last answer; of several workers the most", aggregator: "max" },
      valuesOf(({ failuresInRow }) => failuresInRow),
    ),
    gauge(
      { name: "wherefrom_target_open", help: "Requests and WebSockets that are open to it", aggregator: "sum" },
      valuesOf(({ open }) => open),
    ),
  ];
}

function certificateMetric({ certificates }: GatewayState): MetricFamily {
  return gauge(
    {
      name: "wherefrom_certificate_expires_in_seconds",
      help: "Until the certificate in use ends, by its file; below zero when it has",
      aggregator: "min",
    },
    certificates.map(({ file, endsInMs }) => ({ labels: { file }, value: endsInMs / 1_000 })),
  );
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

/** Each process counts its own; of several workers it is the primary that judges snapshots first. */
export function noticesMetric({ notices }: Pick<Counts, "notices">): MetricFamily {
  return counter(
    { name: "wherefrom_notices_total", help: "What happened beside the requests, by code; SNAPSHOT_UNTRUSTED: not from control" },
    notices.map(({ code, count }) => ({ labels: { code }, value: count })),
  );
}

/** Of several workers it is the primary that follows control. */
export function controlMetric(control: ControlState | undefined): MetricFamily {
  const values: MetricValue[] = control === undefined ? [] : [{ labels: {}, value: Number(control === "connected") }];
  return gauge({ name: "wherefrom_control_connected", help: "1 while control is followed, 0 while it is away", aggregator: "min" }, values);
}
