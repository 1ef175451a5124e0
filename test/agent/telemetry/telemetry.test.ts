// Metrics: intervals, names and filters, the Prometheus page, statsd's lines.

import { describe, expect, it } from "vitest";
import { readLayer, valuesOf } from "../../../agent/config/layers.ts";
import { telemetrySettings } from "../../../agent/config/schema-doors.ts";
import {
  buildTelemetryConfig,
  standardTelemetryConfig,
  type TelemetryConfig,
} from "../../../agent/config/telemetry-config.ts";
import {
  added,
  createMetrics,
  displayInterval,
  isWanted,
  type MetricSink,
} from "../../../agent/telemetry/metrics.ts";
import { createPrometheusPage, prometheusName } from "../../../agent/telemetry/prometheus.ts";
import { createStatsdLines } from "../../../agent/telemetry/statsd.ts";
import { createTelemetry, routeMetric } from "../../../agent/telemetry/telemetry.ts";
import { fail, ok } from "../../../shared/base/result.ts";
import { serverError } from "../../../shared/errors.ts";
import type { Backend } from "../../../shared/rpc/backend.ts";
import { aConfig } from "../rpc/virtual-world.ts";

const start = Date.UTC(2026, 10, 21, 16, 42, 3);

function scene(changes: Partial<TelemetryConfig> = {}, sinks: readonly MetricSink[] = []) {
  let now = start;
  const config = { ...standardTelemetryConfig, ...changes };
  const metrics = createMetrics(
    () => config,
    "vm",
    () => now,
    sinks,
  );
  return { metrics, advance: (millis: number) => (now += millis) };
}

describe("metrics", () => {
  it("are shown as Consul shows the last complete ten seconds", () => {
    const { metrics, advance } = scene();
    metrics.count("client.rpc");
    metrics.count("client.rpc");
    metrics.sample("http.GET.v1.kv._", 1);
    metrics.sample("http.GET.v1.kv._", 3);
    metrics.gauge("runtime.alloc_bytes", 100);
    advance(10_000);
    metrics.count("client.rpc", 5);
    expect(displayInterval(metrics.shown())).toEqual({
      Timestamp: "2026-11-21 16:42:00 +0000 UTC",
      Gauges: [{ Name: "consul.vm.runtime.alloc_bytes", Value: 100, Labels: {} }],
      Points: [],
      Counters: [
        {
          Name: "consul.client.rpc",
          Count: 2,
          Rate: 0.2,
          Sum: 2,
          Min: 1,
          Max: 1,
          Mean: 1,
          Stddev: 0,
          Labels: {},
        },
      ],
      Samples: [
        {
          Name: "consul.http.GET.v1.kv._",
          Count: 2,
          Rate: 0.4,
          Sum: 4,
          Min: 1,
          Max: 3,
          Mean: 2,
          Stddev: Math.SQRT2,
          Labels: {},
        },
      ],
    });
    advance(10_000);
    expect(displayInterval(metrics.shown())).toMatchObject({
      Gauges: [{ Value: 100 }],
      Counters: [{ Sum: 5 }],
      Samples: [],
    });
    expect(added(undefined, 2)).toMatchObject({ count: 1, sum: 2 });
  });

  it("keep what the filters want, with the longest prefix deciding", () => {
    const filter = { ...standardTelemetryConfig, prefixFilter: ["-consul.http", "+consul.http.GET"] };
    expect(isWanted("consul.http.PUT.x", filter)).toBe(false);
    expect(isWanted("consul.http.GET.x", filter)).toBe(true);
    expect(isWanted("consul.rpc", { ...filter, filterDefault: false })).toBe(false);
    const { metrics } = scene({ prefixFilter: ["-consul.client"], disableHostname: true, prefix: "x" });
    metrics.gauge("runtime.alloc_bytes", 1);
    expect([...metrics.shown().gauges.keys()]).toEqual(["x.runtime.alloc_bytes"]);
  });

  it("are named after the route", () => {
    expect(routeMetric("/v1/kv/", "GET")).toBe("http.GET.v1.kv._");
    expect(routeMetric("/v1/agent/checks", "PUT")).toBe("http.PUT.v1.agent.checks");
    expect(prometheusName("consul.http.GET.v1.kv._")).toBe("consul_http_GET_v1_kv__");
  });
});

describe("the Prometheus page", () => {
  it("has totals, quantiles of lately, and forgets", () => {
    let now = 0;
    let retention = 60_000;
    const page = createPrometheusPage(
      () => retention,
      () => now,
    );
    page.sink("counter", "consul.client.rpc", 1);
    page.sink("counter", "consul.client.rpc", 2);
    page.sink("gauge", "consul.vm.x", 1e21);
    for (const value of [1, 2, 3, 4]) page.sink("sample", "consul.t", value);
    expect(page.text()).toBe(
      [
        "# HELP consul_client_rpc consul_client_rpc",
        "# TYPE consul_client_rpc counter",
        "consul_client_rpc 3",
        "# HELP consul_t consul_t",
        "# TYPE consul_t summary",
        'consul_t{quantile="0.5"} 2',
        'consul_t{quantile="0.9"} 4',
        'consul_t{quantile="0.99"} 4',
        "consul_t_sum 10",
        "consul_t_count 4",
        "# HELP consul_vm_x consul_vm_x",
        "# TYPE consul_vm_x gauge",
        "consul_vm_x 1e+21",
        "",
      ].join("\n"),
    );
    now = 20_000;
    expect(page.text()).toContain('consul_t{quantile="0.5"} NaN');
    now = 70_000;
    expect(page.text()).toBe("");
    retention = 0;
    page.sink("counter", "consul.y", 1);
    expect(page.text()).toBe("");
  });
});

describe("statsd", () => {
  it("gets lines in packets that fit, with tags for DogStatsD", () => {
    const packets: string[] = [];
    const lines = createStatsdLines(["env:test"], (packet) => packets.push(packet));
    lines.sink("counter", "consul.a b", 1);
    for (let at = 0; at < 60; at++) lines.sink("sample", `consul.sample.number.${at}`, 1.5);
    lines.flush();
    expect(packets.length).toBeGreaterThan(1);
    expect(packets[0]?.split("\n")[0]).toBe("consul.a_b:1.000000|c|#env:test");
    expect(Math.max(...packets.map((packet) => packet.length))).toBeLessThanOrEqual(1_400);
    lines.flush();
    expect(packets.join("").split("\n").length).toBe(62);
  });
});

describe("telemetry", () => {
  it("measures routes, counts calls, collects gauges and sends them out", async () => {
    let now = start;
    const timers: { at: number; body: () => void }[] = [];
    const sent: string[] = [];
    const config = aConfig({
      telemetry: {
        ...standardTelemetryConfig,
        statsdAddress: "127.0.0.1:8125",
        prometheusRetentionMillis: 60_000,
      },
    });
    let clock = 0;
    const telemetry = createTelemetry(() => config, "vm", {
      clock: { now: () => now },
      timers: {
        after(delay, body) {
          timers.push({ at: now + delay, body });
          return () => void timers.splice(0);
        },
      },
      stopwatch: () => clock,
      hostInfo: { hostname: "vm", describe: () => ({}), runtimeGauges: () => ({ "runtime.sys_bytes": 7 }) },
      sendPacket: (address, packet) => void sent.push(`${address} ${packet}`),
    });
    const ended = telemetry.observeRoute("/v1/kv/", "GET");
    clock = 2.5;
    ended();
    const answers = [ok("x"), fail(serverError("noLeader"))];
    const backend = telemetry.counted({ call: async () => answers.shift() } as unknown as Backend);
    await backend.call("Status.Leader", {});
    await backend.call("Status.Leader", {});
    telemetry.start();
    now += 1_000;
    for (const timer of timers.splice(0)) timer.body();
    expect(sent.join("")).toContain("consul.http.GET.v1.kv._:2.500000|ms");
    const page = telemetry.prometheus();
    expect(page).toContain("consul_client_rpc 2\n");
    expect(page).toContain("consul_client_rpc_failed 1\n");
    expect(page).toContain("consul_vm_runtime_sys_bytes 7\n");
    telemetry.stop();
  });

  it("is configured by Consul's keys", () => {
    const build = (source: Record<string, unknown>) => {
      const layer = readLayer({ telemetry: source });
      if (!layer.ok) throw new Error(layer.error);
      return buildTelemetryConfig(valuesOf(layer.value));
    };
    expect(build({})).toEqual({ ok: true, value: standardTelemetryConfig });
    expect(build({ prometheus_retention_time: "1h", prefix_filter: ["+a"] })).toMatchObject({
      value: { prometheusRetentionMillis: 3_600_000, prefixFilter: ["+a"] },
    });
    expect(build({ prefix_filter: ["a"] })).toMatchObject({ ok: false });
    expect(build({ statsd_address: "nowhere" })).toMatchObject({ ok: false });
    expect(telemetrySettings.length).toBe(8);
  });
});
