/**
 * One metric with its values at a moment, in the shape in which prom-client exchanges them between processes. A plain value: it can be sent.
 * `aggregator` says what becomes of the values of several workers.
 */
export type MetricFamily = {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly aggregator: "sum" | "min" | "max";
  readonly values: readonly MetricValue[];
};

export type MetricValue = {
  /** The name of the series where it is not the family's: `_bucket`, `_sum` and `_count` of a histogram. */
  readonly metricName?: string;
  /** Only words of a closed set and names from the configuration, never what a client sent: each new value is a series for ever. */
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
};

type FamilyText = Pick<MetricFamily, "name" | "help">;

/** A count that only rises; workers' counts add up. */
export function counter(text: FamilyText, values: number | readonly MetricValue[]): MetricFamily {
  return { ...text, type: "counter", aggregator: "sum", values: asValues(values) };
}

/** A value that rises and falls. */
export function gauge(
  text: FamilyText & { readonly aggregator: MetricFamily["aggregator"] },
  values: number | readonly MetricValue[],
): MetricFamily {
  return { ...text, type: "gauge", values: asValues(values) };
}

type HistogramCounts = {
  /** Upper bounds, rising, in the unit of the name. */
  readonly bounds: readonly number[];
  /** What fell within each bound and not within the one before. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
};

/** A distribution. Its buckets are cumulative, as Prometheus wants them. */
export function histogram(text: FamilyText, { bounds, counts, sum, count }: HistogramCounts): MetricFamily {
  let within = 0;
  const buckets = bounds.map((bound, index) => {
    within += counts[index] ?? 0;
    return { metricName: `${text.name}_bucket`, labels: { le: bound }, value: within };
  });
  return {
    ...text,
    type: "histogram",
    aggregator: "sum",
    values: [
      ...buckets,
      { metricName: `${text.name}_bucket`, labels: { le: "+Inf" }, value: count },
      { metricName: `${text.name}_sum`, labels: {}, value: sum },
      { metricName: `${text.name}_count`, labels: {}, value: count },
    ],
  };
}

function asValues(values: number | readonly MetricValue[]): readonly MetricValue[] {
  return typeof values === "number" ? [{ labels: {}, value: values }] : values;
}
