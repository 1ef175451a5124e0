// The database of the server in Node on a disk that loses power: what was synced is kept, what was not may go or tear.

import { copyFileSync, mkdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type HostSql, openSql } from "../../agent/runtime/server-host/sql.ts";
import type { ServerId } from "../../shared/raft/types.ts";
import type { Sql } from "../../shared/state/sql.ts";
import { createServer, type Server } from "../../worker/server/server.ts";
import { scratch } from "../support/legate-process.ts";
import { VirtualTime, watch } from "../support/virtual-time.ts";

const directory = scratch("server-host-sql");
afterAll(() => directory.remove());

const id = "server-1" as ServerId;
const options = { datacenter: "", token: "", consistency: "default", minIndex: 0, waitMillis: 0 } as const;

function serverOn(sql: Sql, time: VirtualTime): Server {
  const wake = time.wake(() => server.wake());
  const server: Server = createServer(
    {
      sql,
      clock: time.clock,
      wake: wake.port,
      defer: (body) => time.defer(body),
      entropy: { seed: () => 1, uuid: () => "00000000-0000-0000-0000-000000000000" },
      links: { all: () => [] },
      log: () => {},
      peers: { send() {}, call: () => Promise.reject(new Error("no peers")) },
    },
    { datacenter: "dc1", id, servers: [id], addressOf: {}, mode: "awake", version: "0" },
  );
  server.start();
  return server;
}

async function put(server: Server, time: VirtualTime, key: string): Promise<void> {
  const operation = { verb: "set", key, value: "YQ==", flags: "0" as never } as const;
  const written = watch(server.backend.call("KVS.Apply", { token: "", operation }));
  await time.advance(100);
  expect(written.value).toEqual({ ok: true, value: true });
}

/** Where the write-ahead log ended when the last durable transaction returned: what a fsync had covered. */
function trackSynced(sql: HostSql, path: string): { readonly sql: Sql; synced(): number; counts: number[] } {
  let synced = 0;
  const counts = [0, 0];
  const tracked: Sql = {
    exec: sql.exec,
    savepoint: sql.savepoint,
    transaction(body, durability) {
      const result = sql.transaction(body, durability);
      if (durability !== "recoverable") synced = statSync(`${path}-wal`).size;
      counts[durability === "recoverable" ? 1 : 0]! += 1;
      return result;
    },
  };
  return { sql: tracked, synced: () => synced, counts };
}

/** SQLite's own word: 2 is FULL, 1 NORMAL. */
const level = (sql: Sql) => sql.exec("PRAGMA synchronous")[0]?.synchronous;

describe("a server's database after the power went", () => {
  it("has every acknowledged write, wherever the part that was not synced tears", async () => {
    const path = join(directory.path, "power.sqlite");
    const sql = openSql(path);
    const disk = trackSynced(sql, path);
    const time = new VirtualTime();
    const server = serverOn(disk.sql, time);
    await time.advance(2_000);
    const before = [...disk.counts];
    for (let n = 0; n < 5; n++) await put(server, time, `k${n}`);
    // One durable transaction a write, and one that needs no fsync.
    expect(disk.counts.map((count, at) => count - (before[at] ?? 0))).toEqual([5, 5]);
    const end = statSync(`${path}-wal`).size;
    expect(end).toBeGreaterThan(disk.synced()); // the last write was applied, and not synced
    for (const [n, cut] of [disk.synced(), disk.synced() + 24, disk.synced() + 2_000, end].entries()) {
      const crashed = join(directory.path, `crashed-${n}`);
      mkdirSync(crashed);
      const copy = join(crashed, "power.sqlite");
      copyFileSync(path, copy);
      copyFileSync(`${path}-wal`, `${copy}-wal`);
      truncateSync(`${copy}-wal`, cut);
      const again = openSql(copy);
      const then = new VirtualTime();
      const reborn = serverOn(again, then);
      await then.advance(2_000);
      for (let key = 0; key < 5; key++) {
        const read = watch(reborn.backend.call("KVS.Get", { options, key: `k${key}` }));
        await then.advance(100);
        expect(read.value, `k${key} of crash ${n}`).toMatchObject({
          ok: true,
          value: { value: { Value: "YQ==" } },
        });
      }
      again.close();
    }
    sql.close();
  });

  it("has what was recoverable once a durable transaction followed", () => {
    const path = join(directory.path, "order.sqlite");
    const sql = openSql(path);
    sql.exec("CREATE TABLE t (n INTEGER)");
    sql.transaction(() => sql.exec("INSERT INTO t VALUES (1)"), "recoverable");
    expect(level(sql)).toBe(2);
    expect(() =>
      sql.transaction(() => {
        expect(level(sql)).toBe(1);
        throw new Error("no");
      }, "recoverable"),
    ).toThrow("no");
    expect(level(sql)).toBe(2);
    sql.transaction(() => sql.exec("INSERT INTO t VALUES (2)"));
    expect(sql.exec("SELECT n FROM t")).toEqual([{ n: 1 }, { n: 2 }]);
    sql.close();
  });
});
