// No row points to nothing: locks belong to sessions that exist, sessions, services and checks to nodes that exist.

import type { Cluster } from "../cluster.ts";

const orphans: readonly (readonly [string, string])[] = [
  [
    "a lock of a session that has ended",
    "SELECT key AS what FROM kv WHERE session IS NOT NULL AND session NOT IN (SELECT id FROM sessions)",
  ],
  [
    "a session of a node that is gone",
    "SELECT id AS what FROM sessions WHERE node_key NOT IN (SELECT node_key FROM nodes)",
  ],
  [
    "a service of a node that is gone",
    "SELECT id_key AS what FROM services WHERE node_key NOT IN (SELECT node_key FROM nodes)",
  ],
  [
    "a check of a node that is gone",
    "SELECT check_key AS what FROM checks WHERE node_key NOT IN (SELECT node_key FROM nodes)",
  ],
];

/** Called when all servers have applied everything. */
export function checkStateIsSound(cluster: Cluster): void {
  for (const node of cluster.members()) {
    for (const [name, statement] of orphans) {
      const [row] = node.disk.inspect(statement);
      if (row !== undefined) throw new Error(`${node.id} keeps ${name}: ${row.what}`);
    }
  }
}
