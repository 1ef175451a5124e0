// When nobody needs the group, no server runs a timer: a drowsy one sleeps behind its alarm, a quiescent one has none.

import type { Cluster } from "../cluster.ts";
import type { Mode } from "../options.ts";

/** Called when nobody has asked for anything for a while. */
export function checkAsleep(cluster: Cluster, mode: Mode): void {
  for (const node of cluster.members()) {
    const { at, urgency } = node.armed();
    const status = JSON.stringify(node.peek()?.status());
    if (at !== null && urgency !== "alarm") throw new Error(`${node.id} cannot sleep: ${status}`);
    if (mode === "quiescent" && at !== null) throw new Error(`${node.id} has an alarm: ${status}`);
  }
}
