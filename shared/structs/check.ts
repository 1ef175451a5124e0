// A health check as the catalog keeps it, and the row of /v1/health/service/:name.

import type { Millis } from "../base/brand.ts";
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

/** What an expired check says; the last word before it is kept. */
export function expiredOutput(lastOutput: string): string {
  return lastOutput === ""
    ? "TTL expired"
    : `TTL expired (last output before timeout follows): ${lastOutput}`;
}

/** How a check is kept alive by reports to the servers, where there is no agent beside the service. */
export type CheckTtl = {
  readonly node: string;
  readonly checkId: string;
  readonly ttlMillis: Millis;
  /** Its service goes when it was critical for so long; 0: never. */
  readonly deregisterCriticalAfterMillis: Millis;
};

/** A check's definition as Consul's own client prints one that says nothing: every field stands in it. */
export const emptyClientDefinition = {
  Interval: "0s",
  Timeout: "0s",
  DeregisterCriticalServiceAfter: "0s",
  HTTP: "",
  Header: null,
  Method: "",
  Body: "",
  TLSSkipVerify: false,
  TCP: "",
} as const;
