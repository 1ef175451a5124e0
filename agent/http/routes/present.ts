// How the agent prints its services and checks: Consul's field order, and the corners where it differs from the
// catalog (surface A4).

import type { HealthCheck } from "../../../shared/structs/check.ts";
import { type AgentService, agentService } from "../../../shared/structs/agent-service.ts";
import type { ServiceRegistration } from "../../../shared/structs/registration.ts";
import { contentHash } from "../../../shared/base/content-hash.ts";
import type { LocalCheck, LocalService } from "../../local/state.ts";

/** /v1/agent/service/:id: the hash stands where Consul writes it, before the parts of the mesh. */
export function agentServiceWithHash(service: ServiceRegistration): AgentService & { ContentHash: string } {
  const shown = agentService(service);
  const { Proxy: proxy, Connect: connect, ...plain } = shown;
  return {
    ...plain,
    ContentHash: contentHash(JSON.stringify(shown)),
    ...(proxy === undefined ? {} : { Proxy: proxy }),
    ...(connect === undefined ? {} : { Connect: connect }),
  };
}

/** /v1/agent/services; maps are printed sorted by key, as Go does. */
export function agentServices(services: Iterable<LocalService>): Record<string, AgentService> {
  return sortedByKey(
    Object.fromEntries([...services].map(({ service }) => [service.ID, agentService(service)])),
  );
}

/** /v1/agent/checks. */
export function agentChecks(checks: Iterable<LocalCheck>): Record<string, HealthCheck> {
  return sortedByKey(Object.fromEntries([...checks].map(({ check }) => [check.CheckID, check])));
}

function sortedByKey<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
