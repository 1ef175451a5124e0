// The metrics of this agent: made from its configuration, fed by the HTTP door, DNS and RPC, sent to the configured
// sinks. Owned by agent/agent.ts.

import type { Millis } from "../../shared/base/brand.ts";
import type { RouteObserver } from "../../shared/api/router.ts";
import type { Backend } from "../../shared/rpc/backend.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import type { AgentPorts } from "../ports.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { createPrometheusPage } from "./prometheus.ts";
import { createStatsdLines } from "./statsd.ts";

export type Telemetry = {
  readonly metrics: Metrics;
  /** Text of the Prometheus page, with gauges as they are now. */
  prometheus(): string;
  /** Asks for the gauges of this process. */
  collect(): void;
  readonly observeRoute: RouteObserver;
  /** The same backend, its calls counted. */
  counted(backend: Backend): Backend;
  start(): void;
  stop(): void;
};

/** As often as Consul's runtime gauges. */
const collectMillis: Millis = 1_000;
const flushMillis: Millis = 100;

type Ports = Pick<AgentPorts, "clock" | "timers" | "stopwatch" | "hostInfo" | "sendPacket">;

/** Telemetry that is not started yet; `hostname` stands in the names of gauges. */
export function createTelemetry(config: () => RuntimeConfig, hostname: string, ports: Ports): Telemetry {
  const { statsdAddress, dogstatsdAddress, dogstatsdTags } = config().telemetry;
  const { now } = ports.clock;
  const page = createPrometheusPage(() => config().telemetry.prometheusRetentionMillis, now);
  const send = (address: string) => (packet: string) => ports.sendPacket?.(address, packet);
  const lines = [
    ...(statsdAddress === "" ? [] : [createStatsdLines([], send(statsdAddress))]),
    ...(dogstatsdAddress === "" ? [] : [createStatsdLines(dogstatsdTags, send(dogstatsdAddress))]),
  ];
  const sinks = [page.sink, ...lines.map(({ sink }) => sink)];
  const metrics = createMetrics(() => config().telemetry, hostname, now, sinks);
  const stopwatch = ports.stopwatch ?? (() => 0);
  const stops: (() => void)[] = [];

  const names = new Map<string, string>();
  function routeName(place: string, method: string): string {
    const key = `${method} ${place}`;
    let name = names.get(key);
    if (name === undefined) {
      name = routeMetric(place, method);
      names.set(key, name);
    }
    return name;
  }

  function noteFailure(answer: { readonly ok: boolean }): void {
    if (!answer.ok) metrics.count("client.rpc.failed");
  }

  function noteRejection(): void {
    metrics.count("client.rpc.failed");
  }

  function collect(): void {
    for (const [name, value] of Object.entries(ports.hostInfo?.runtimeGauges() ?? {}))
      metrics.gauge(name, value);
  }

  function every(millis: Millis, body: () => void): void {
    let stopTimer = (): void => {};
    const run = (): void => {
      body();
      stopTimer = ports.timers.after(millis, run);
    };
    stopTimer = ports.timers.after(millis, run);
    stops.push(() => stopTimer());
  }

  return {
    metrics,
    collect,
    prometheus() {
      collect();
      return page.text();
    },
    observeRoute(place, method) {
      const started = stopwatch();
      return () => metrics.sample(routeName(place, method), stopwatch() - started);
    },
    counted: (backend) => ({
      call(method, request, cancellation) {
        metrics.count("client.rpc");
        const answer = backend.call(method, request, cancellation);
        // Beside the caller's own waiting, which is not made longer.
        answer.then(noteFailure, noteRejection);
        return answer;
      },
      stillHolds(answer) {
        if (backend.stillHolds?.(answer) !== true) return false;
        metrics.count("client.rpc");
        return true;
      },
    }),
    start() {
      every(collectMillis, collect);
      if (lines.length > 0) every(flushMillis, () => lines.map((each) => each.flush()));
    },
    stop() {
      for (const stop of stops.splice(0)) stop();
    },
  };
}

/** "/v1/kv/" and GET to "http.GET.v1.kv._". */
export function routeMetric(place: string, method: string): string {
  const parts = place.split("/").slice(1);
  return `http.${method}.${parts.map((part) => (part === "" ? "_" : part)).join(".")}`;
}
