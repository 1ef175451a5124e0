// /v1/agent/health/service/*: the health of services of one node as a status code, for load balancers (surface A4).
// The agent answers for its local services, the Worker for those registered with it.

import { agentService } from "../structs/agent-service.ts";
import { emptyClientDefinition, type HealthCheck } from "../structs/check.ts";
import type { ServiceRegistration } from "../structs/registration.ts";
import type { ApiContext, HttpReply, HttpRequest } from "./http.ts";
import { headerText, jsonReply, textReply } from "./reply.ts";

type Node = { readonly services: readonly ServiceRegistration[]; readonly checks: readonly HealthCheck[] };

const statusCodes: Readonly<Record<string, number>> = {
  passing: 200,
  warning: 429,
  critical: 503,
  maintenance: 503,
};

/** 404 when there is no such service. */
export function healthById(request: HttpRequest, context: ApiContext, node: Node): HttpReply {
  const id = request.params.id ?? "";
  if (id === "") return textReply(500, "Bad request: Missing serviceID");
  const service = node.services.find((each) => each.ID === id);
  if (service === undefined) {
    const reason = `ServiceId ${id} not found`;
    const nothing = wantsText(request)
      ? reason
      : { AggregatedStatus: "critical", Service: null, Checks: null };
    return withReason(404, reason, jsonReply(request, context, nothing));
  }
  const health = healthOf(node, service);
  if (wantsText(request)) return textWithStatus(health.AggregatedStatus);
  const reply = jsonReply(request, context, health);
  return withReason(statusCodes[health.AggregatedStatus] ?? 503, health.AggregatedStatus, reply);
}

/** The worst of all instances; 404 when there is none. */
export function healthByName(request: HttpRequest, context: ApiContext, node: Node): HttpReply {
  const name = request.params.name ?? "";
  if (name === "") return textReply(500, "Bad request: Missing service Name");
  const services = node.services.filter((each) => each.Service === name);
  if (services.length === 0) {
    const reason = `ServiceName ${name} Not Found`;
    return withReason(404, reason, wantsText(request) ? plainText(reason) : jsonReply(request, context, []));
  }
  const healths = services.map((service) => healthOf(node, service));
  const status = worst(healths.map((health) => health.AggregatedStatus));
  if (wantsText(request)) return textWithStatus(status);
  return withReason(statusCodes[status] ?? 503, status, jsonReply(request, context, healths));
}

/** A node's own checks count for every service on it. */
function healthOf(node: Node, service: ServiceRegistration) {
  const checks = node.checks.filter((check) => check.ServiceID === service.ID || check.ServiceID === "");
  const isMaintained = checks.some(({ CheckID }) => isMaintenance(CheckID));
  return {
    AggregatedStatus: isMaintained ? "maintenance" : worst(checks.map((check) => check.Status)),
    Service: agentService(service),
    Checks: checks.map(healthCheckOfService),
  };
}

function isMaintenance(checkId: string): boolean {
  return checkId === "_node_maintenance" || checkId.startsWith("_service_maintenance:");
}

/** Consul prints these without a type, with an empty definition. */
function healthCheckOfService(check: HealthCheck): Record<string, unknown> {
  const tags = check.ServiceTags.length === 0 ? null : check.ServiceTags;
  return { ...check, ServiceTags: tags, Type: "", Definition: emptyClientDefinition };
}

/** As Consul aggregates: maintenance is worse than critical. */
function worst(statuses: readonly string[]): string {
  if (statuses.includes("maintenance")) return "maintenance";
  if (statuses.includes("critical")) return "critical";
  return statuses.includes("warning") ? "warning" : "passing";
}

function wantsText(request: HttpRequest): boolean {
  return request.query("format") === "text" || (request.header("accept") ?? "").startsWith("text/");
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
