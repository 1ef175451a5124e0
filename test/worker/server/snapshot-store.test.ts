// Snapshots in storage: createSnapshotStore by itself, and a follower that the log of its leader does not reach any
// more, with real drivers and a real state.

import { describe, expect, it } from "vitest";
import type { U64 } from "../../../shared/base/brand.ts";
import type { ReceivedSnapshot } from "../../../shared/raft/types.ts";
import type { QueryOptions } from "../../../shared/structs/query.ts";
import { tables } from "../../../shared/state/schema.ts";
import { createSnapshotStore } from "../../../worker/server/snapshot-store.ts";
import { MemoryCluster } from "../../support/memory-cluster.ts";
import { memorySql } from "../../support/memory-sql.ts";
import { watch } from "../../support/virtual-time.ts";
import { one, two } from "./driver-bench.ts";

const flags = "0" as U64;

async function write(cluster: MemoryCluster, id: string, first: number, count: number, value = "YQ==") {
  for (let n = first; n < first + count; n += 1) {
    const operation = { verb: n % 7 === 0 ? "delete" : "set", key: `k${n % 50}`, value, flags } as const;
    const written = watch(
      cluster.server(id).backend.call("KVS.Apply", { token: "", operation, datacenter: "" } as never),
    );
    await cluster.time.advance(20);
    expect(written.value).toMatchObject({ ok: true });
  }
}

const dump = (cluster: MemoryCluster, id: string) =>
  tables.map(({ name }) => cluster.host(id).sql.exec(`SELECT * FROM ${name}`));
const logRows = (cluster: MemoryCluster, id: string) =>
  Number(cluster.host(id).sql.exec("SELECT max(last_index) - min(first_index) + 1 AS n FROM raft_log")[0]?.n);
const chunks = (cluster: MemoryCluster, id: string) =>
  Number(cluster.host(id).sql.exec("SELECT count(*) AS n FROM raft_snapshot_chunks")[0]?.n);

describe("a follower that was away", () => {
  const change = { log: { entriesMax: 60, entriesKept: 10 } };

  it("is brought up to date by a snapshot while writes go on, and the cut is dropped when all are", async () => {
    const cluster = new MemoryCluster(3, () => ({ config: change }));
    const leader = await cluster.leader();
    const [away] = await cluster.followers();
    cluster.stop(away!);
    await write(cluster, leader, 0, 150);
    expect(logRows(cluster, leader)).toBeLessThanOrEqual(61);
    cluster.restart(away!);
    await write(cluster, leader, 150, 30);
    await cluster.time.advance(3_000);
    expect(cluster.logged.some((line) => line.startsWith(`${away} info raft: installed a snapshot`))).toBe(
      true,
    );
    expect(dump(cluster, away!)).toEqual(dump(cluster, leader));
    expect([chunks(cluster, leader), chunks(cluster, away!)]).toEqual([0, 0]);
    cluster.restart(away!);
    await cluster.time.advance(3_000);
    expect(dump(cluster, away!)).toEqual(dump(cluster, leader));
  });

  it("gets a state that took several turns to copy, with what was written and answered meanwhile", async () => {
    const cluster = new MemoryCluster(3, () => ({ config: change }));
    const leader = await cluster.leader();
    const [away] = await cluster.followers();
    cluster.stop(away!);
    await write(cluster, leader, 1, 60);
    await write(cluster, leader, 61, 30, "A".repeat(300_000));
    cluster.restart(away!);
    const { sql } = cluster.host(leader);
    const versions = new Set<number>();
    for (let n = 0; n < 400; n += 1) {
      const operation = { verb: "set", key: "k1", value: "YQ==", flags } as const;
      const request = { token: "", operation, datacenter: "" } as never;
      const written = watch(cluster.server(leader).backend.call("KVS.Apply", request));
      await cluster.time.advance(10);
      const parts = Number(sql.exec("SELECT count(*) AS n FROM raft_snapshot_chunks")[0]?.n);
      if (parts > 0) versions.add(parts);
      expect(written.value).toMatchObject({ ok: true });
    }
    expect(versions.size).toBeGreaterThan(0);
    const taken = cluster.logged.filter((line) => line.includes("a snapshot for a follower"));
    expect(Math.max(...taken.map((line) => Number(/"chunks":(\d+)/.exec(line)?.[1])))).toBeGreaterThan(8);
    await cluster.time.advance(3_000);
    expect(dump(cluster, away!)).toEqual(dump(cluster, leader));
    expect([chunks(cluster, leader), chunks(cluster, away!)]).toEqual([0, 0]);
  });

  it("wakes who waits on it, because all of its state is another one", async () => {
    const cluster = new MemoryCluster(3, () => ({ config: change }));
    const leader = await cluster.leader();
    const [away] = await cluster.followers();
    await write(cluster, leader, 1, 3);
    await cluster.time.advance(2_000);
    const options: QueryOptions = {
      ...{ datacenter: "", token: "", minIndex: 0, waitMillis: 60_000 },
      consistency: "stale",
    };
    cluster.stop(away!);
    await write(cluster, leader, 3, 120, "Yg==");
    cluster.restart(away!);
    const first = watch(
      cluster.server(away!).backend.call("KVS.Get", { options: { ...options, minIndex: 0 }, key: "k2" }),
    );
    await cluster.time.advance(0);
    const minIndex =
      (first.value as { value: { meta: { index: number } } } | undefined)?.value.meta.index ?? 0;
    const waiting = watch(
      cluster.server(away!).backend.call("KVS.Get", { options: { ...options, minIndex }, key: "k2" }),
    );
    await cluster.time.advance(4_000);
    expect(waiting.value).toMatchObject({ ok: true, value: { value: { Value: "Yg==" } } });
  });
});

describe("the rows of snapshots", () => {
  const configuration = {
    index: 3,
    configuration: { servers: [{ id: one, address: "", voter: true }], outgoing: [] },
  };
  const cut: ReceivedSnapshot = {
    ...{ last: { index: 9, term: 2 }, configuration, chunks: 3, source: two, next: 1 },
  };

  it("hold one cut and one that is received, each until it is replaced, dropped or cleared", () => {
    const sql = memorySql();
    const store = createSnapshotStore(sql, one);
    expect(store.restore()).toEqual({ taken: null, receiving: null });
    store.begin({ index: 7, term: 1 }, configuration, ["x", "y"]);
    expect(store.next()).toMatchObject({ chunks: 2 });
    store.begin({ index: 8, term: 1 }, configuration, ["z"]);
    store.next();
    expect([store.chunk(0), store.chunk(1)]).toEqual(["z", null]);
    store.stage({ receiving: cut, number: 0, data: "a" });
    store.stage({ receiving: { ...cut, next: 2 }, number: 1, data: "b" });
    const again = createSnapshotStore(sql, one);
    expect(again.restore()).toMatchObject({ taken: { last: { index: 8 } }, receiving: { ...cut, next: 2 } });
    expect([...again.staged()]).toEqual(["a", "b"]);
    again.stage({ receiving: cut, number: 0, data: "c" });
    expect([...again.staged()]).toEqual(["c"]);
    again.drop();
    expect(again.chunk(0)).toBeNull();
    again.clear();
    expect(again.restore()).toEqual({ taken: null, receiving: null });
  });

  it("of a large state come in portions, and half of them count for nothing after a crash", () => {
    const sql = memorySql();
    const store = createSnapshotStore(sql, one);
    const parts = Array.from({ length: 20 }, (_, n) => `part ${n}`);
    store.begin({ index: 7, term: 1 }, configuration, parts);
    expect([store.next(), store.isCutting(), store.chunk(0)]).toEqual([null, true, null]);
    expect(sql.exec("SELECT count(*) AS n FROM raft_snapshot_chunks")).toEqual([{ n: 8 }]);
    const crashed = createSnapshotStore(sql, one);
    expect(crashed.restore().taken).toBeNull();
    expect(sql.exec("SELECT * FROM raft_snapshot_chunks")).toEqual([]);
    crashed.begin({ index: 7, term: 1 }, configuration, parts);
    expect([crashed.next(), crashed.next(), crashed.next()]).toMatchObject([null, null, { chunks: 20 }]);
    expect([crashed.isCutting(), crashed.chunk(19)]).toEqual([false, "part 19"]);
  });

  it("cost a row for each chunk and one more", () => {
    const sql = memorySql();
    const store = createSnapshotStore(sql, one);
    const before = sql.rowsWritten();
    store.begin({ index: 7, term: 1 }, configuration, ["x", "y", "z"]);
    store.next();
    expect(sql.rowsWritten() - before).toBe(4);
  });
});
