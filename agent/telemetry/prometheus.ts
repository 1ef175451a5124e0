// The Prometheus page of /v1/agent/metrics?format=prometheus: totals since the start, and quantiles of what happened
// lately. A name that was not heard for telemetry.prometheus_retention_time is forgotten.

import type { Millis } from "../../shared/base/brand.ts";
import type { MetricKind, MetricSink } from "./metrics.ts";

type Series = {
  readonly kind: MetricKind;
  /** Of a counter or gauge; of samples their sum. */
  total: number;
  count: number;
  heard: Millis;
  /** The last samples with their time, oldest first. */
  readonly recent: { readonly at: Millis; readonly value: number }[];
};

/** Quantiles look back so far, and at so many samples. */
const windowMillis: Millis = 10_000;
const recentMax = 500;
const seriesMax = 4_000;

export type PrometheusPage = { readonly sink: MetricSink; text(): string };

/** An empty page. `retentionMillis` is asked each time: 0 or less keeps nothing. */
export function createPrometheusPage(retentionMillis: () => Millis, now: () => Millis): PrometheusPage {
  const all = new Map<string, Series>();

  function sink(kind: MetricKind, name: string, value: number): void {
    if (retentionMillis() <= 0) return;
    let series = all.get(name);
    if (series === undefined) {
      if (all.size >= seriesMax) return;
      series = { kind, total: 0, count: 0, heard: 0, recent: [] };
      all.set(name, series);
    }
    const at = now();
    series.heard = at;
    series.count++;
    series.total = kind === "gauge" ? value : series.total + value;
    if (kind !== "sample") return;
    series.recent.push({ at, value });
    if (series.recent.length > recentMax) series.recent.shift();
  }

  return {
    sink,
    text() {
      const oldest = now() - retentionMillis();
      for (const [name, series] of all) if (series.heard < oldest) all.delete(name);
      return [...all]
        .map(([name, series]) => [prometheusName(name), series] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, series]) => seriesText(name, series, now()))
        .join("");
    },
  };
}

/** "consul.http.GET.v1.kv._" to "consul_http_GET_v1_kv__". */
export function prometheusName(name: string): string {
  return name.replace(/[ .=\-/:]/g, "_").replace(/[^a-zA-Z0-9_]/g, "_");
}

function seriesText(name: string, series: Series, now: Millis): string {
  const type = series.kind === "sample" ? "summary" : series.kind;
  const head = `# HELP ${name} ${name}\n# TYPE ${name} ${type}\n`;
  if (series.kind !== "sample") return `${head}${name} ${goFloat(series.total)}\n`;
  const values = series.recent
    .filter(({ at }) => at >= now - windowMillis)
    .map(({ value }) => value)
    .sort((a, b) => a - b);
  const quantiles = [0.5, 0.9, 0.99].map((share) => {
    const at = Math.min(values.length - 1, Math.ceil(share * values.length) - 1);
    return `${name}{quantile="${share}"} ${goFloat(values[Math.max(0, at)])}\n`;
  });
  return `${head}${quantiles.join("")}${name}_sum ${goFloat(series.total)}\n${name}_count ${series.count}\n`;
}

/** Go prints large and small numbers with an exponent, and nothing as NaN. */
function goFloat(value: number | undefined): string {
  if (value === undefined) return "NaN";
  if (value !== 0 && (Math.abs(value) >= 1e21 || Math.abs(value) < 1e-6)) {
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  return String(value);
}
