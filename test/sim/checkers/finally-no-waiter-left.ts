// Every request has been answered, timed out or given up: no server keeps anything for it.
// (A server outside of the group goes on trying to bring its agents into the catalog.)

import type { Cluster } from "../cluster.ts";

/** Called when no client waits. */
export function checkNoWaiterLeft(cluster: Cluster): void {
  for (const node of cluster.members()) {
    const waiting = node.peek()?.waiting();
    if (waiting === undefined) continue;
    if (waiting.queries > 0 || waiting.timers > 0) {
      throw new Error(`${node.id} still waits: ${JSON.stringify(waiting)}`);
    }
  }
}
