// What raft's rows cost, and what they say after a restart.

import { describe, expect, it } from "vitest";
import type { U64 } from "../../../shared/base/brand.ts";
import { MemoryCluster } from "../../support/memory-cluster.ts";

function write(cluster: MemoryCluster, leader: string, key: string) {
  const operation = { verb: "set", key, value: "eA==", flags: "0" as U64 } as const;
  return cluster.server(leader).backend.call("KVS.Apply", { token: "", operation });
}

/** The row of its own, which a batch that ends with a write to the KV store leaves alone. */
function written(cluster: MemoryCluster, id: string): number {
  return Number(cluster.host(id).sql.exec("SELECT applied_index FROM raft_applied")[0]?.applied_index);
}

describe("how far the log was applied", () => {
  it("is known after a restart, whether the state says it or a row of its own", async () => {
    const cluster = new MemoryCluster(3);
    const leader = await cluster.leader();
    for (let n = 0; n < 5; n += 1) {
      void write(cluster, leader, `a${n}`);
      await cluster.time.advance(500);
    }
    for (const { id } of cluster.hosts) {
      const { appliedIndex } = cluster.server(id).status();
      expect(written(cluster, id)).toBe(appliedIndex - 5);
      cluster.restart(id);
      expect(cluster.server(id).status().appliedIndex).toBe(appliedIndex);
    }
    const again = await cluster.leader();
    void write(cluster, again, "a0"); // changes nothing, so no index says that it was applied
    await cluster.time.advance(500);
    for (const { id } of cluster.hosts) {
      const { appliedIndex } = cluster.server(id).status();
      expect(written(cluster, id)).toBe(appliedIndex);
      cluster.restart(id);
      expect(cluster.server(id).status().appliedIndex).toBe(appliedIndex);
    }
  });

  it("costs no row when a key was written: the log's, the key's and the table's index", async () => {
    const cluster = new MemoryCluster(1);
    const leader = await cluster.leader();
    await cluster.time.advance(5_000);
    const { sql } = cluster.host(leader);
    for (const writers of [1, 32]) {
      const before = sql.rowsWritten();
      for (let n = 0; n < writers; n += 1) void write(cluster, leader, `${writers}/${n}`);
      await cluster.time.advance(100);
      expect(sql.rowsWritten() - before).toBe(writers + 2);
    }
  });
});
