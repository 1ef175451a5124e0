// Settings of telemetry (surface D2).

import type { Millis } from "../../shared/base/brand.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import type { Values } from "./layers.ts";

export type TelemetryConfig = {
  readonly prefix: string;
  readonly disableHostname: boolean;
  readonly prefixFilter: readonly string[];
  readonly filterDefault: boolean;
  /** 0: no Prometheus page. */
  readonly prometheusRetentionMillis: Millis;
  /** "host:port", "" for none. */
  readonly statsdAddress: string;
  readonly dogstatsdAddress: string;
  readonly dogstatsdTags: readonly string[];
};

/** What an agent has that sets nothing. */
export const standardTelemetryConfig: TelemetryConfig = {
  prefix: "consul",
  disableHostname: false,
  prefixFilter: [],
  filterDefault: true,
  prometheusRetentionMillis: 0,
  statsdAddress: "",
  dogstatsdAddress: "",
  dogstatsdTags: [],
};

/** From merged settings; the error names the setting. */
export function buildTelemetryConfig(values: Values): Result<TelemetryConfig, string> {
  const prefixFilter = values.list("telemetry.prefix_filter");
  const wrong = prefixFilter.find((rule) => !/^[+-]./.test(rule));
  if (wrong !== undefined)
    return fail(
      `telemetry.prefix_filter: Filter rule must begin with either '+' or '-': ${JSON.stringify(wrong)}`,
    );
  const addresses = ["telemetry.statsd_address", "telemetry.dogstatsd_addr"] as const;
  for (const key of addresses) {
    const text = values.text(key);
    if (text !== "" && !/^.+:\d{1,5}$/.test(text))
      return fail(`${key}: ${JSON.stringify(text)} is not host:port`);
  }
  return ok({
    prefix: values.text("telemetry.metrics_prefix"),
    disableHostname: values.bool("telemetry.disable_hostname"),
    prefixFilter,
    filterDefault: values.bool("telemetry.filter_default"),
    prometheusRetentionMillis: values.millis("telemetry.prometheus_retention_time"),
    statsdAddress: values.text("telemetry.statsd_address"),
    dogstatsdAddress: values.text("telemetry.dogstatsd_addr"),
    dogstatsdTags: values.list("telemetry.dogstatsd_tags"),
  });
}
