// /v1/agent/health/service/*: the health of a local service as a status code, for load balancers (surface A4).

import type { HttpReply, HttpRequest, Route } from "../../../shared/api/http.ts";
import { headerText, jsonReply, textReply } from "../../../shared/api/reply.ts";
import type { LocalService } from "../../local/state.ts";
import type { AgentContext } from "../context.ts";
import { agentService } from "../../../shared/structs/agent-service.ts";
import { healthCheckOfService } from "./present.ts";

export const agentHealthRoutes: readonly Route<AgentContext>[] = [
  {
    method: "GET",
    path: "/v1/agent/health/service/id/:id",
    summary: "Health of one local service",
    handle: byId,
  },
  {
    method: "GET",
    path: "/v1/agent/health/service/name/:name",
    summary: "Health of local services by name",
    handle: byName,
  },
];

const statusCodes: Readonly<Record<string, number>> = {
  passing: 200,
  warning: 429,
  critical: 503,
  maintenance: 503,
};

async function byId(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const id = request.params.id ?? "";
  if (id === "") return textReply(500, "Bad request: Missing serviceID");
  const entry = context.state.services.get(id);
  if (entry === undefined) {
    const reason = `ServiceId ${id} not found`;
    const nothing = wantsText(request)
      ? reason
      : { AggregatedStatus: "critical", Service: null, Checks: null };
    return withReason(404, reason, jsonReply(request, context, nothing));
  }
  const health = healthOf(context, entry);
  if (wantsText(request)) return textWithStatus(health.AggregatedStatus);
  const reply = jsonReply(request, context, health);
  return withReason(statusCodes[health.AggregatedStatus] ?? 503, health.AggregatedStatus, reply);
}

async function byName(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const name = request.params.name ?? "";
  if (name === "") return textReply(500, "Bad request: Missing service Name");
  const entries = [...context.state.services.values()].filter(({ service }) => service.Service === name);
  if (entries.length === 0) {
    const reason = `ServiceName ${name} Not Found`;
    return withReason(404, reason, wantsText(request) ? plainText(reason) : jsonReply(request, context, []));
  }
  const healths = entries.map((entry) => healthOf(context, entry));
  const status = worst(healths.map((health) => health.AggregatedStatus));
  if (wantsText(request)) return textWithStatus(status);
  return withReason(statusCodes[status] ?? 503, status, jsonReply(request, context, healths));
}

/** A node's own checks count for every service on it. */
function healthOf(context: AgentContext, entry: LocalService) {
  const checks = [...context.state.checks.values()]
    .map(({ check }) => check)
    .filter((check) => check.ServiceID === entry.service.ID || check.ServiceID === "");
  const isMaintained = checks.some(({ CheckID }) => isMaintenance(CheckID));
  return {
    AggregatedStatus: isMaintained ? "maintenance" : worst(checks.map((check) => check.Status)),
    Service: agentService(entry.service),
    Checks: checks.map(healthCheckOfService),
  };
}

/** As Consul's client library aggregates: maintenance is worse than critical. */
function worst(statuses: readonly string[]): string {
  if (statuses.includes("maintenance")) return "maintenance";
  if (statuses.includes("critical")) return "critical";
  return statuses.includes("warning") ? "warning" : "passing";
}

function wantsText(request: HttpRequest): boolean {
  return request.query("format") === "text" || (request.header("accept") ?? "").startsWith("text/");
}

function isMaintenance(checkId: string): boolean {
  return checkId === "_node_maintenance" || checkId.startsWith("_service_maintenance:");
}

function textWithStatus(status: string): HttpReply {
  return withReason(statusCodes[status] ?? 503, status, plainText(status));
}

/** Here Consul names no charset. */
function plainText(text: string): HttpReply {
  return { status: 200, headers: { "Content-Type": "text/plain" }, body: text };
}

function withReason(status: number, reason: string, reply: HttpReply): HttpReply {
  return { ...reply, status, headers: { ...reply.headers, "X-Consul-Reason": headerText(reason) } };
}
