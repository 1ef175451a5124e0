// Counters, gauges and samples under Consul's names, kept as /v1/agent/metrics shows them: in intervals of ten seconds,
// of which the last complete one is shown. Sinks (statsd) and the Prometheus page get the same values.

import type { Millis } from "../../shared/base/brand.ts";
import type { TelemetryConfig } from "../config/telemetry-config.ts";

export type MetricKind = "counter" | "gauge" | "sample";

/** What goes out to a sink as it happens. */
export type MetricSink = (kind: MetricKind, name: string, value: number) => void;

/** Changed in place: there is one change for every request. */
export type Aggregate = {
  count: number;
  sum: number;
  sumOfSquares: number;
  min: number;
  max: number;
  last: number;
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

  // By kind and name; null for those that are filtered out. Anew with every configuration.
  let named: TelemetryConfig | null = null;
  const fullNames = new Map<string, string | null>();

  function fullNameOf(kind: MetricKind, name: string): string | null {
    const settings = config();
    if (settings !== named || fullNames.size > namesMax) {
      fullNames.clear();
      named = settings;
    }
    const key = kind === "gauge" ? `gauge ${name}` : name;
    let full = fullNames.get(key);
    if (full === undefined) {
      const { prefix, disableHostname } = settings;
      const host = kind === "gauge" && !disableHostname && hostname !== "" ? `.${hostname}` : "";
      full = isWanted(`${prefix}.${name}`, settings) ? `${prefix}${host}.${name}` : null;
      fullNames.set(key, full);
    }
    return full;
  }

  function record(kind: MetricKind, name: string, value: number): void {
    const full = fullNameOf(kind, name);
    if (full === null) return;
    const interval = roll();
    if (kind === "gauge") bounded(interval.gauges).set(full, value);
    else {
      const table = kind === "counter" ? interval.counters : interval.samples;
      const known = table.get(full);
      if (known === undefined) bounded(table).set(full, added(undefined, value));
      else added(known, value);
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

/** The aggregate with one more value; a new one when there was none. */
export function added(aggregate: Aggregate | undefined, value: number): Aggregate {
  if (aggregate === undefined) {
    return { count: 1, sum: value, sumOfSquares: value * value, min: value, max: value, last: value };
  }
  aggregate.count++;
  aggregate.sum += value;
  aggregate.sumOfSquares += value * value;
  aggregate.min = Math.min(aggregate.min, value);
  aggregate.max = Math.max(aggregate.max, value);
  aggregate.last = value;
  return aggregate;
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
