// /v1/agent/metrics, host, version, monitor and token (surface A4).

import type { HttpReply, HttpRequest, Route } from "../../../shared/api/http.ts";
import { errorReply, jsonReply, textReply } from "../../../shared/api/reply.ts";
import { serverError } from "../../../shared/errors.ts";
import { consulVersion } from "../../../shared/version.ts";
import { displayInterval } from "../../telemetry/metrics.ts";
import type { Log } from "../../ports.ts";
import type { AgentContext } from "../context.ts";

export const agentMetricsRoutes: readonly Route<AgentContext>[] = [
  {
    method: "GET",
    path: "/v1/agent/metrics",
    summary: "Metrics of the last ten seconds",
    handle: readMetrics,
  },
  { method: "GET", path: "/v1/agent/host", summary: "The host that the agent runs on", handle: readHost },
  { method: "GET", path: "/v1/agent/version", summary: "Version of the agent", handle: readVersion },
  { method: "GET", path: "/v1/agent/monitor", summary: "The agent's log as it is written", handle: monitor },
  { method: "PUT", path: "/v1/agent/token/:kind", summary: "Set a token of the agent", handle: setToken },
];

async function readMetrics(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  if (!wantsPrometheus(request)) {
    return jsonReply(request, context, displayInterval(context.telemetry.metrics.shown()));
  }
  if (context.config.telemetry.prometheusRetentionMillis <= 0) {
    return textReply(415, "Prometheus is not enabled since its retention time is not positive");
  }
  const headers = { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" };
  return { status: 200, headers, body: context.telemetry.prometheus() };
}

function wantsPrometheus(request: HttpRequest): boolean {
  if (request.query("format") === "prometheus") return true;
  return (request.header("accept") ?? "").includes("application/openmetrics-text");
}

async function readHost(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const description = context.describeHost();
  return description === null
    ? errorReply(serverError("notImplemented", "/v1/agent/host"))
    : jsonReply(request, context, description);
}

async function readVersion(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  return jsonReply(request, context, { SHA: "", HumanVersion: consulVersion, FIPS: "" });
}

const levels: Readonly<Record<string, Parameters<Log>[0]>> = {
  trace: "trace",
  debug: "debug",
  info: "info",
  warn: "warn",
  err: "error",
  error: "error",
};

/** Lines that wait for a slow reader; what comes on top is lost, as in Consul. */
const linesMax = 512;

async function monitor(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const asked = request.query("loglevel") ?? "";
  const name = asked === "" ? "info" : asked.toLowerCase();
  const level = Object.hasOwn(levels, name) ? levels[name] : undefined;
  if (level === undefined) return textReply(400, `Bad request: Unknown log level: ${asked}`);
  const { followLog } = context;
  if (followLog === null) return errorReply(serverError("notImplemented", "/v1/agent/monitor"));
  const json = request.query("logjson") !== undefined;
  return {
    status: 200,
    headers: {},
    body: {
      stream: (push, cancellation) =>
        new Promise((resolve) => {
          const waiting: string[] = [];
          let busy = false;
          const drain = async (): Promise<void> => {
            busy = true;
            for (let text = waiting.splice(0); text.length > 0; text = waiting.splice(0))
              await push(text.join(""));
            busy = false;
          };
          const stop = followLog(level, json, (line) => {
            if (waiting.length < linesMax) waiting.push(`${line}\n`);
            if (!busy) void drain();
          });
          cancellation.onAbort(() => {
            stop();
            resolve();
          });
        }),
    },
  };
}

/** With access control off Consul says so before it looks at anything else. */
async function setToken(): Promise<HttpReply> {
  return errorReply(serverError("aclDisabled"));
}
