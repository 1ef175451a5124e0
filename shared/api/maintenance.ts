// Maintenance mode: a critical check that nothing runs (surface A4). The agent and the Worker put it where their
// checks are.

import type { HealthCheck } from "../structs/check.ts";
import type { ServiceRegistration } from "../structs/registration.ts";
import type { HttpReply, HttpRequest } from "./http.ts";
import { textReply } from "./reply.ts";

const defaultReason = {
  node: "Maintenance mode is enabled for this node, but no reason was provided. This is a default message.",
  service:
    "Maintenance mode is enabled for this service, but no reason was provided. This is a default message.",
} as const;

/** Of a service. */
export function maintenanceCheckId(serviceId: string): string {
  return `_service_maintenance:${serviceId}`;
}

/** Go's ParseBool of `enable`, and Consul's texts. */
export function parseEnable(request: HttpRequest): boolean | HttpReply {
  const text = request.query("enable");
  if (text === undefined) return textReply(400, "Missing value for enable");
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return false;
  return textReply(400, `Invalid value for enable: ${JSON.stringify(text)}`);
}

/** The check itself; of the node when `service` is null. */
export function maintenanceCheck(
  node: string,
  checkId: string,
  reason: string,
  service: Pick<ServiceRegistration, "ID" | "Service" | "Tags"> | null,
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
