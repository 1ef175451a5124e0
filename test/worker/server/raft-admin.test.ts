// The configuration and its changes, as createRaftAdmin of raft-admin.ts offers them through the driver.

import { describe, expect, it } from "vitest";
import type { ServerId } from "../../../shared/raft/types.ts";
import { heldIndexes } from "../../../shared/state/held-indexes.ts";
import { createRaftStore } from "../../../worker/server/raft-store.ts";
import { simulatedDisk } from "../../sim/sql.ts";
import { one, server, three, two } from "./driver-bench.ts";

describe("membership through the driver", () => {
  const nameOf = (id: ServerId) => ({ id, address: `${id}:8300`, voter: true });

  it("waits to be bootstrapped, once, and then changes one step at a time", async () => {
    const { driver, turn } = server(simulatedDisk().sql, []);
    turn();
    expect(driver.status()).toMatchObject({ role: "follower", bootstrapped: false });
    expect(await driver.changeMembership({ kind: "remove", id: two })).toMatchObject({
      error: { code: "noLeader" },
    });
    expect(driver.bootstrap([nameOf(two)])).toMatchObject({ error: { code: "rejected" } });
    expect(driver.bootstrap([nameOf(one)])).toEqual({ ok: true, value: null });
    expect(driver.bootstrap([nameOf(one)])).toMatchObject({ error: { code: "rejected" } });
    const added = await driver.changeMembership({ kind: "addNonvoter", id: two, address: "two:8300" });
    expect(added).toEqual({ ok: true, value: 2 });
    expect(driver.configuration()).toEqual({
      index: 2,
      servers: [nameOf(one), { id: two, address: "two:8300", voter: false }],
    });
    expect(await driver.changeMembership({ kind: "demote", id: one })).toMatchObject({
      error: { code: "rejected", args: [expect.stringContaining("last voter")] },
    });
  });

  it("answers each of several changes asked for at once, also from within a step", async () => {
    const { driver, turn } = server(simulatedDisk().sql, [one]);
    turn();
    const asked: ReturnType<typeof driver.changeMembership>[] = [];
    driver.onApplied(() => {
      if (asked.length > 0) return;
      for (const id of [two, two, three]) {
        asked.push(driver.changeMembership({ kind: "addNonvoter", id, address: `${id}:8300` }));
      }
    });
    void driver.propose("x");
    turn();
    expect(await Promise.all(asked)).toMatchObject([
      { ok: true, value: 3 },
      { ok: false, error: { args: [expect.stringContaining("like that already")] } },
      { ok: true, value: 4 },
    ]);
  });

  it("refuses to hand over a leadership that is not here, or that nobody else could take", async () => {
    const { driver, turn } = server(simulatedDisk().sql, [one]);
    turn();
    expect(await driver.transferLeadership(null)).toMatchObject({
      error: { code: "rejected", args: [expect.stringContaining("no other voter")] },
    });
    const follower = server(simulatedDisk().sql, [one, two]).driver;
    expect(await follower.transferLeadership(two)).toMatchObject({ error: { code: "noLeader" } });
  });

  it("gives a lost majority up, once, and says what it kept", async () => {
    const { sql } = simulatedDisk();
    const { driver, turn, at } = server(sql, [one, two, three]);
    turn();
    const alone = [nameOf(one), { ...nameOf(two), voter: false }];
    expect(driver.recover(alone, 1)).toMatchObject({
      error: { args: [expect.stringContaining("has not looked for a majority")] },
    });
    for (let now = 2_000; now < 60_000; now += 1_000) at(now);
    expect(driver.recover(alone, 7)).toMatchObject({ error: { code: "rejected" } });
    expect(driver.recover(alone, 1)).toEqual({
      ok: true,
      value: { epoch: 1, index: 1, commitIndex: 0, lastIndex: 0 },
    });
    expect(driver.status()).toMatchObject({ role: "leader", epoch: 1, newerEpoch: null, commitIndex: 1 });
    expect(driver.recover(alone, 1)).toMatchObject({ error: { code: "rejected" } });
    const written = driver.propose("x");
    turn();
    expect(await written).toMatchObject({ ok: true });
    const again = server(sql, [one, two, three]);
    again.turn();
    expect(again.driver.status()).toMatchObject({ role: "leader", epoch: 1 });
    expect(again.driver.status().cluster).toBe(driver.status().cluster);
  });

  it("remembers the configuration, also when the log that held it was compacted or cut", () => {
    const { sql } = simulatedDisk();
    const first = server(sql, []);
    first.turn();
    first.driver.bootstrap([nameOf(one)]);
    void first.driver.changeMembership({ kind: "addNonvoter", id: two, address: "two:8300" });
    const store = createRaftStore(heldIndexes(sql), one);
    expect(store.restore().configurations.map((it) => it.index)).toEqual([0, 2]);
    store.compact(2);
    expect(store.restore().configurations.map((it) => it.index)).toEqual([2]);
    expect(server(sql, [three]).driver.configuration().servers).toHaveLength(2);
  });
});
