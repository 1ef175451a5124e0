// When nobody needs the group, no server runs a timer: a drowsy one sleeps behind its alarm, a quiescent one has none.

import type { Cluster } from "../cluster.ts";
import type { Mode } from "../options.ts";

/** Which server keeps itself awake; null when none does. Asked when nobody has asked for anything for a while. */
export function whyAwake(cluster: Cluster, mode: Mode): string | null {
  for (const node of cluster.members()) {
    const { at, urgency } = node.armed();
    const status = JSON.stringify(node.peek()?.status());
    if (at !== null && urgency !== "alarm") return `${node.id} cannot sleep: ${status}`;
    if (mode === "quiescent" && at !== null) return `${node.id} has an alarm: ${status}`;
  }
  return null;
}
