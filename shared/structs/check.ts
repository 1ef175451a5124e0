// A health check as the catalog keeps it, and the row of /v1/health/service/:name.

import type { Node } from "./node.ts";
import type { NodeService } from "./service.ts";

export type HealthCheck = {
  Node: string;
  CheckID: string;
  Name: string;
  /** "passing", "warning" or "critical"; the catalog stores any string it is given, as Consul does. */
  Status: string;
  Notes: string;
  Output: string;
  ServiceID: string;
  ServiceName: string;
  ServiceTags: string[];
  Type: string;
  Definition: Record<string, unknown>;
  CreateIndex: number;
  ModifyIndex: number;
};

export type CheckServiceNode = { Node: Node; Service: NodeService; Checks: HealthCheck[] };

export const serfHealthCheckId = "serfHealth";
