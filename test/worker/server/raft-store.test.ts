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

/** The row of the kv table's index, which may wait in memory. */
function tableRow(cluster: MemoryCluster, id: string): number {
  const [row] = cluster.host(id).sql.exec("SELECT value FROM indexes WHERE name = 'kv-table'");
  return Number(row?.value ?? 0);
}

/** The index of a key that does not exist, which is the table's. */
async function tableIndex(cluster: MemoryCluster, id: string): Promise<number> {
  const options = {
    datacenter: "",
    token: "",
    consistency: "stale",
    minIndex: 0,
    waitMillis: 0,
    filter: "",
  } as const;
  const reply = await cluster.server(id).backend.call("KVS.Get", { key: "no such key", options });
  return reply.ok ? reply.value.meta.index : -1;
}

describe("how far the log was applied", () => {
  it("is known after a restart, and the kv table's index, whether rows say it or the newest key does", async () => {
    const cluster = new MemoryCluster(3);
    const leader = await cluster.leader();
    for (let n = 0; n < 5; n += 1) {
      void write(cluster, leader, `a${n}`);
      await cluster.time.advance(500);
    }
    for (const { id } of cluster.hosts) {
      const { appliedIndex } = cluster.server(id).status();
      expect(written(cluster, id)).toBe(appliedIndex - 5);
      expect(tableRow(cluster, id)).toBe(0);
      for (let n = 0; n < 2; n += 1) {
        expect(await tableIndex(cluster, id)).toBe(appliedIndex);
        cluster.restart(id);
        expect(cluster.server(id).status().appliedIndex).toBe(appliedIndex);
      }
    }
    const again = await cluster.leader();
    void write(cluster, again, "a0"); // changes nothing, so no key shows that it was applied
    await cluster.time.advance(500);
    for (const { id } of cluster.hosts) {
      const { appliedIndex } = cluster.server(id).status();
      expect(written(cluster, id)).toBe(appliedIndex);
      expect(tableRow(cluster, id)).toBeLessThan(appliedIndex);
      const index = await tableIndex(cluster, id);
      expect(index).toBe(tableRow(cluster, id));
      cluster.restart(id);
      expect(cluster.server(id).status().appliedIndex).toBe(appliedIndex);
      expect(await tableIndex(cluster, id)).toBe(index);
    }
  });

  it("costs no row when a key was written: the log's and the key's", async () => {
    const cluster = new MemoryCluster(1);
    const leader = await cluster.leader();
    await cluster.time.advance(5_000);
    const { sql } = cluster.host(leader);
    for (const writers of [1, 32]) {
      const before = sql.rowsWritten();
      for (let n = 0; n < writers; n += 1) void write(cluster, leader, `${writers}/${n}`);
      await cluster.time.advance(100);
      expect(sql.rowsWritten() - before).toBe(writers + 1);
    }
  });

  it("is said by a row every 256 entries, so that a restart looks at no more of the log", async () => {
    const cluster = new MemoryCluster(1);
    const leader = await cluster.leader();
    await cluster.time.advance(5_000);
    const { sql } = cluster.host(leader);
    const before = sql.rowsWritten();
    for (let n = 0; n < 1_024; n += 1) {
      void write(cluster, leader, `k${n % 7}/${n}`);
      await cluster.time.advance(5);
      const { appliedIndex } = cluster.server(leader).status();
      expect(appliedIndex - Math.max(written(cluster, leader), tableRow(cluster, leader))).toBeLessThan(256);
      if (n % 50 === 0) {
        cluster.restart(leader);
        expect(cluster.server(leader).status().appliedIndex).toBe(appliedIndex);
      }
    }
    expect(sql.rowsWritten() - before).toBeLessThan(2_048 + 60);
  });

  it("is said before anything else needs it: a user's snapshot, a cut of the log", async () => {
    const cluster = new MemoryCluster(1, () => ({ config: { log: { entriesMax: 30, entriesKept: 5 } } }));
    const leader = await cluster.leader();
    await cluster.time.advance(5_000);
    void write(cluster, leader, "a");
    await cluster.time.advance(100);
    const { appliedIndex } = cluster.server(leader).status();
    expect(tableRow(cluster, leader)).toBe(0);
    const saved = cluster.server(leader).backend.call("Snapshot.Open", { datacenter: "", token: "" });
    await cluster.time.advance(100);
    expect(await saved).toMatchObject({ ok: true });
    expect(tableRow(cluster, leader)).toBe(appliedIndex);
    for (let n = 0; n < 100; n += 1) {
      void write(cluster, leader, `b${n}`);
      await cluster.time.advance(5);
      const [hard] = cluster.host(leader).sql.exec("SELECT base_index FROM raft_hard");
      const said = Math.max(written(cluster, leader), tableRow(cluster, leader));
      expect(said).toBeGreaterThanOrEqual(Number(hard?.base_index));
    }
    cluster.restart(leader);
    expect(cluster.server(leader).status().appliedIndex).toBe(appliedIndex + 100);
  });
});
