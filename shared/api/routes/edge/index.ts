// /v1/agent/* at the Worker, where no agent stands beside a service: what is registered there belongs to one node,
// "edge", lives in the catalog alone, and stays healthy by reports (TTL checks) to the servers themselves.

import { edgeCheckRoutes } from "./checks.ts";
import { edgeEventRoutes } from "./events.ts";
import { edgeRefusals } from "./refusals.ts";
import { edgeSelfRoutes } from "./self.ts";
import { edgeServiceRoutes } from "./services.ts";

/** The routes that only the Worker has; an agent has its own under the same paths. */
export const edgeAgentRoutes = [
  ...edgeSelfRoutes,
  ...edgeServiceRoutes,
  ...edgeCheckRoutes,
  ...edgeEventRoutes,
  ...edgeRefusals,
];
