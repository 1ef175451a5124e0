// What has a time of its own is gone some time after it, whoever led meanwhile and however long all slept: sessions that
// nobody renews, and keys whose time is over (where clocks agree on what time it is).

import type { Cluster } from "../cluster.ts";
import type { Options } from "../options.ts";

/** What is still there although its time is over by now; null when nothing is. Asked when nobody has renewed for long. */
export function whatIsOverdue(cluster: Cluster, options: Options, now: number): string | null {
  for (const node of cluster.members()) {
    for (const { id, body } of node.disk.inspect("SELECT id, body FROM sessions")) {
      const { TTL } = JSON.parse(String(body)) as { readonly TTL?: string };
      if (TTL !== undefined && TTL !== "") return `${node.id} keeps the session ${String(id)}, ${TTL}`;
    }
    if (options.clocksDrift || options.clocksJump) continue;
    const [row] = node.disk.inspect("SELECT key FROM kv WHERE expires_at <= ?", now);
    if (row !== undefined) return `${node.id} keeps the key ${String(row.key)} beyond its time`;
  }
  return null;
}
