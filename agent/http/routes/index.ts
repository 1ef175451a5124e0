// All routes that only an agent serves.

import type { Route } from "../../../shared/api/http.ts";
import type { AgentContext } from "../context.ts";
import { agentCheckRoutes } from "./agent-checks.ts";
import { agentGossipRoutes } from "./agent-gossip.ts";
import { agentHealthRoutes } from "./agent-health.ts";
import { agentMaintenanceRoutes } from "./agent-maintenance.ts";
import { agentMetricsRoutes } from "./agent-metrics.ts";
import { agentSelfRoutes } from "./agent-self.ts";
import { agentServiceRoutes } from "./agent-services.ts";
import { eventRoutes } from "./event.ts";
import { operatorKeyringRoutes } from "./operator-keyring.ts";
import { rootRoutes } from "./root.ts";

export const agentRoutes: readonly Route<AgentContext>[] = [
  ...agentSelfRoutes,
  ...agentServiceRoutes,
  ...agentCheckRoutes,
  ...agentMaintenanceRoutes,
  ...agentHealthRoutes,
  ...agentMetricsRoutes,
  ...agentGossipRoutes,
  ...operatorKeyringRoutes,
  ...eventRoutes,
  ...rootRoutes,
];
