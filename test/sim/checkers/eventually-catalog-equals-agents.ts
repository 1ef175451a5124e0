// Every agent that is linked is in the catalog, alive, with the check that it registered.

import { stateReads } from "../../../shared/state/reads.ts";
import type { QueryOptions } from "../../../shared/structs/query.ts";
import { memorySql } from "../../support/memory-sql.ts";
import type { Agent } from "../agents.ts";
import type { Cluster } from "../cluster.ts";

const options: QueryOptions = {
  datacenter: "",
  token: "",
  consistency: "stale",
  minIndex: 0,
  waitMillis: 0,
};

/** Called when the faults have stopped for a while. */
export function checkCatalogEqualsAgents(cluster: Cluster, agents: readonly Agent[]): void {
  const members = cluster.members();
  const [node] = members;
  if (node === undefined) throw new Error("nobody leads");
  const sql = { ...memorySql(), exec: node.disk.inspect };
  for (const agent of agents) {
    // A server that was removed from the group cannot speak for its agents.
    if (cluster.nodes.some(({ id }) => id === agent.server() && !members.some((it) => it.id === id)))
      continue;
    if (agent.server() === "") throw new Error(`${agent.name} is not linked`);
    const checks = stateReads["Health.NodeChecks"](sql, { options, node: agent.name }).value;
    const shown = checks.map((check) => `${check.CheckID} ${check.Status}`).sort();
    if (shown.join() !== "app passing,serfHealth passing") {
      throw new Error(`${agent.name} is linked to ${agent.server()}, and the catalog shows: ${shown.join()}`);
    }
  }
}
