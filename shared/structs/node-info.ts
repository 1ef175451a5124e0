// A node with all its services and checks, as /v1/internal/ui/nodes shows it.

import type { HealthCheck } from "./check.ts";
import type { NodeService } from "./service.ts";

export type NodeInfo = {
  readonly ID: string;
  readonly Node: string;
  readonly Address: string;
  readonly TaggedAddresses: Readonly<Record<string, string>> | null;
  readonly Meta: Readonly<Record<string, string>> | null;
  readonly Services: readonly NodeService[];
  readonly Checks: readonly HealthCheck[];
};
