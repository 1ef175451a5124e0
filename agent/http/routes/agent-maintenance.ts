// Maintenance mode of the node or of one service: a critical check that nothing runs (surface A4).

import type { HttpReply, HttpRequest, Route } from "../../../shared/api/http.ts";
import { maintenanceCheck, maintenanceCheckId, parseEnable } from "../../../shared/api/maintenance.ts";
import { emptyReply, textReply } from "../../../shared/api/reply.ts";
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
  return toggle(request, context, enable, maintenanceCheckId(id), entry.service);
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
