// /v1/agent/health/service/*: the health of this agent's services as a status code (shared/api/service-health.ts).

import type { Route } from "../../../shared/api/http.ts";
import { healthById, healthByName } from "../../../shared/api/service-health.ts";
import type { AgentContext } from "../context.ts";

export const agentHealthRoutes: readonly Route<AgentContext>[] = [
  {
    method: "GET",
    path: "/v1/agent/health/service/id/:id",
    summary: "Health of one local service",
    handle: async (request, context) => healthById(request, context, localNode(context)),
  },
  {
    method: "GET",
    path: "/v1/agent/health/service/name/:name",
    summary: "Health of local services by name",
    handle: async (request, context) => healthByName(request, context, localNode(context)),
  },
];

function localNode({ state }: AgentContext) {
  return {
    services: [...state.services.values()].map(({ service }) => service),
    checks: [...state.checks.values()].map(({ check }) => check),
  };
}
