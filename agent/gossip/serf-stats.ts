// What `info` and /v1/agent/self say of a pool, under the names of Consul.

import type { LanPool } from "./lan-pool.ts";

/** serf_lan, as texts; null for a pool that is not open. */
export function serfStats(pool: Pick<LanPool, "serf" | "driver"> | null): Record<string, string> | null {
  const layer = pool?.serf() ?? null;
  const core = pool?.driver()?.state ?? null;
  if (layer === null || core === null) return null;
  const { state } = layer;
  const members = [...state.members.values()];
  const count = (status: string) => String(members.filter((member) => member.status === status).length);
  return {
    encrypted: String(state.keyring.length > 0),
    event_queue: String(core.userEvents.count),
    event_time: String(state.eventClock),
    failed: count("failed"),
    health_score: String(core.healthScore),
    intent_queue: String(core.intents.count),
    left: count("left"),
    member_time: String(state.clock),
    members: String(members.length),
    query_queue: String(core.queries.count),
    query_time: String(state.queryClock),
  };
}
