// The state of every server is what replaying the whole history from nothing gives, however it got there: by applying,
// after crashes, or from a snapshot of another server.

import { applyCommand } from "../../../shared/fsm/apply.ts";
import { createTables } from "../../../shared/state/schema.ts";
import { memorySql } from "../../support/memory-sql.ts";
import type { Cluster } from "../cluster.ts";
import { restartedStateText, stateDifference, stateText } from "./state-hash.ts";

/** Called when all servers have applied everything. */
export function checkSnapshotEqualsReplay(cluster: Cluster): void {
  const sql = memorySql();
  createTables(sql);
  const history = [...cluster.applied.history()].sort(([a], [b]) => a - b);
  sql.transaction(() => {
    for (const [index, { command }] of history) applyCommand(sql, index, command);
  });
  const replayed = stateText(sql);
  sql.close();
  for (const node of cluster.members()) {
    const state = restartedStateText({ exec: node.disk.inspect });
    if (state !== replayed) {
      throw new Error(`${node.id} differs from a replay of the history: ${stateDifference(state, replayed)}`);
    }
  }
}
