// Counters, gauges and samples under Consul's names, kept as /v1/agent/metrics shows them: in intervals of ten seconds,
// of which the last complete one is shown. Sinks (statsd) and the Prometheus page get the same values.

import type { Millis } from "../../shared/base/brand.ts";
import type { TelemetryConfig } from "../config/telemetry-config.ts";

export type MetricKind = "counter" | "gauge" | "sample";

/** What goes out to a sink as it happens. */
export type MetricSink = (kind: MetricKind, name: string, value: number) => void;

export type Aggregate = {
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
};

export type Interval = {
  readonly start: Millis;
  readonly gauges: Map<string, number>;
  readonly counters: Map<string, Aggregate>;
  readonly samples: Map<string, Aggregate>;
};

export type Metrics = {
  /** Something happened. */
  count(name: string, value?: number): void;
  /** How much there is; the name gets the host's name, unless that is turned off. */
  gauge(name: string, value: number): void;
  /** How long something took, in milliseconds. */
  sample(name: string, millis: number): void;
  /** The interval that /v1/agent/metrics shows. */
  shown(): Interval;
};

const intervalMillis: Millis = 10_000;
/** L: names come from routes and from this program, so there are few; whatever happens, memory is bounded. */
const namesMax = 2_000;

/** Metrics of one agent. */
export function createMetrics(
  config: () => TelemetryConfig,
  hostname: string,
  now: () => Millis,
  sinks: readonly MetricSink[],
): Metrics {
  let current = emptyInterval(startOf(now()));
  let previous: Interval | null = null;

  function roll(): Interval {
    const start = startOf(now());
    if (start !== current.start) {
      previous = current;
      // A gauge says how things are until it says otherwise.
      const gauges = new Map(current.gauges);
      current = { ...emptyInterval(start), gauges };
    }
    return current;
  }

  function record(kind: MetricKind, name: string, value: number): void {
    const { prefix, disableHostname } = config();
    const host = kind === "gauge" && !disableHostname && hostname !== "" ? `.${hostname}` : "";
    const full = `${prefix}${host}.${name}`;
    if (!isWanted(`${prefix}.${name}`, config())) return;
    const interval = roll();
    if (kind === "gauge") bounded(interval.gauges).set(full, value);
    else {
      const table = bounded(kind === "counter" ? interval.counters : interval.samples);
      table.set(full, added(table.get(full), value));
    }
    for (const sink of sinks) sink(kind, full, value);
  }

  return {
    count: (name, value = 1) => record("counter", name, value),
    gauge: (name, value) => record("gauge", name, value),
    sample: (name, millis) => record("sample", name, millis),
    shown() {
      const interval = roll();
      return previous ?? interval;
    },
  };
}

function bounded<T>(table: Map<string, T>): Map<string, T> {
  return table.size < namesMax ? table : new Map();
}

function startOf(now: Millis): Millis {
  return Math.floor(now / intervalMillis) * intervalMillis;
}

function emptyInterval(start: Millis): Interval {
  return { start, gauges: new Map(), counters: new Map(), samples: new Map() };
}

/** An aggregate with one more value. */
export function added(aggregate: Aggregate | undefined, value: number): Aggregate {
  if (aggregate === undefined) {
    return { count: 1, sum: value, sumOfSquares: value * value, min: value, max: value, last: value };
  }
  return {
    count: aggregate.count + 1,
    sum: aggregate.sum + value,
    sumOfSquares: aggregate.sumOfSquares + value * value,
    min: Math.min(aggregate.min, value),
    max: Math.max(aggregate.max, value),
    last: value,
  };
}

/** telemetry.prefix_filter: "+" lets names through, "-" keeps them back, the longest prefix decides. */
export function isWanted(name: string, { prefixFilter, filterDefault }: TelemetryConfig): boolean {
  let best = { length: -1, wanted: filterDefault };
  for (const rule of prefixFilter) {
    const prefix = rule.slice(1);
    if (name.startsWith(prefix) && prefix.length > best.length) {
      best = { length: prefix.length, wanted: rule.startsWith("+") };
    }
  }
  return best.wanted;
}

/** The body of /v1/agent/metrics. */
export function displayInterval({ start, gauges, counters, samples }: Interval): Record<string, unknown> {
  const byName = <T>(table: ReadonlyMap<string, T>) => [...table].sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = (table: ReadonlyMap<string, Aggregate>) =>
    byName(table).map(([Name, aggregate]) => ({ Name, ...statistics(aggregate), Labels: {} }));
  return {
    Timestamp: goTimestamp(start),
    Gauges: byName(gauges).map(([Name, Value]) => ({ Name, Value, Labels: {} })),
    Points: [],
    Counters: rows(counters),
    Samples: rows(samples),
  };
}

function statistics({ count, sum, sumOfSquares, min, max }: Aggregate): Record<string, number> {
  const divisor = count * (count - 1);
  const spread = count * sumOfSquares - sum * sum;
  return {
    Count: count,
    Rate: sum / (intervalMillis / 1000),
    Sum: sum,
    Min: min,
    Max: max,
    Mean: sum / count,
    Stddev: divisor === 0 ? 0 : Math.sqrt(Math.max(0, spread) / divisor),
  };
}

/** "2026-11-21 16:42:00 +0000 UTC", from a number of milliseconds. */
function goTimestamp(millis: Millis): string {
  const text = new Date(millis).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)} +0000 UTC`;
}
