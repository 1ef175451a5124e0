// Maintenance mode of the node or of one service: a critical check that nothing runs (surface A4).

import type { HttpReply, HttpRequest, Route } from "../../../shared/api/http.ts";
import { emptyReply, textReply } from "../../../shared/api/reply.ts";
import type { HealthCheck } from "../../../shared/structs/check.ts";
import type { ServiceRegistration } from "../../../shared/structs/registration.ts";
import type { AgentContext } from "../context.ts";
import { ownToken } from "./agent-services.ts";

export const agentMaintenanceRoutes: readonly Route<AgentContext>[] = [
  {
    method: "PUT",
    path: "/v1/agent/maintenance",
    summary: "Maintenance mode of this node",
    handle: maintainNode,
  },
  {
    method: "PUT",
    path: "/v1/agent/service/maintenance/:id",
    summary: "Maintenance mode of a service",
    handle: maintainService,
  },
];

const defaultReason = {
  node: "Maintenance mode is enabled for this node, but no reason was provided. This is a default message.",
  service:
    "Maintenance mode is enabled for this service, but no reason was provided. This is a default message.",
} as const;

async function maintainNode(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const enable = parseEnable(request);
  if (typeof enable !== "boolean") return enable;
  return toggle(request, context, enable, "_node_maintenance", null);
}

async function maintainService(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const id = request.params.id ?? "";
  if (id === "") return textReply(400, "Missing service ID");
  const enable = parseEnable(request);
  if (typeof enable !== "boolean") return enable;
  const entry = context.state.services.get(id);
  if (entry === undefined) return textReply(404, `No service registered with ID ${JSON.stringify(id)}`);
  return toggle(request, context, enable, `_service_maintenance:${id}`, entry.service);
}

/** Go's ParseBool, and Consul's texts. */
function parseEnable(request: HttpRequest): boolean | HttpReply {
  const text = request.query("enable");
  if (text === undefined) return textReply(400, "Missing value for enable");
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return false;
  return textReply(400, `Invalid value for enable: ${JSON.stringify(text)}`);
}

/** Enabling again changes nothing, not even the reason. */
function toggle(
  request: HttpRequest,
  context: AgentContext,
  enable: boolean,
  checkId: string,
  service: ServiceRegistration | null,
): HttpReply {
  if (!enable) context.registrar.removeCheck(checkId);
  else if (!context.state.checks.has(checkId)) {
    const reason = request.query("reason") ?? "";
    context.registrar.addFixedCheck(
      maintenanceCheck(context.config.nodeName, checkId, reason, service),
      ownToken(request),
    );
  }
  return emptyReply;
}

function maintenanceCheck(
  node: string,
  checkId: string,
  reason: string,
  service: ServiceRegistration | null,
): HealthCheck {
  return {
    Node: node,
    CheckID: checkId,
    Name: service === null ? "Node Maintenance Mode" : "Service Maintenance Mode",
    Status: "critical",
    Notes: reason === "" ? defaultReason[service === null ? "node" : "service"] : reason,
    Output: "",
    ServiceID: service?.ID ?? "",
    ServiceName: service?.Service ?? "",
    ServiceTags: [...(service?.Tags ?? [])],
    Type: "maintenance",
    Definition: {},
    CreateIndex: 0,
    ModifyIndex: 0,
  };
}
