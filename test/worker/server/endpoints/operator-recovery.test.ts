// A lost majority is given up on one survivor: seen first, then done, and never while the others can decide.

import { describe, expect, it } from "vitest";
import type { ServerId } from "../../../../shared/raft/types.ts";
import { refusalOf } from "../../../../worker/server/endpoints/operator-recovery.ts";
import { MemoryCluster } from "../../../support/memory-cluster.ts";
import { watch } from "../../../support/virtual-time.ts";

async function recover(cluster: MemoryCluster, id: string, epoch: number) {
  const request = { datacenter: "", token: "", epoch };
  const answer = watch(cluster.server(id).backend.call("Operator.RaftRecover", request));
  await cluster.time.advance(3_000);
  return answer.value;
}

const operation = { verb: "set", key: "a", value: "YQ==", flags: "0" as never } as const;

describe("the recovery of a lost majority", () => {
  it("is refused while a majority answers", async () => {
    const cluster = new MemoryCluster(3, () => ({ config: { mode: "awake" } }));
    const leader = await cluster.leader();
    const [follower = ""] = await cluster.followers();
    for (const id of [leader, follower]) {
      for (const epoch of [0, 1]) {
        expect(await recover(cluster, id, epoch)).toMatchObject({
          ok: false,
          error: { code: "rejected", args: [expect.stringContaining("3 of 3 voters answer")] },
        });
      }
    }
  });

  it("says what would be lost, and then lets the survivor take writes", async () => {
    const cluster = new MemoryCluster(3, () => ({ config: { mode: "awake" } }));
    const leader = await cluster.leader();
    const [survivor = "", other = ""] = await cluster.followers();
    const first = watch(cluster.server(leader).backend.call("KVS.Apply", { token: "", operation }));
    await cluster.time.advance(1_000);
    expect(first.value).toEqual({ ok: true, value: true });
    cluster.stop(leader);
    cluster.stop(other);
    await cluster.time.advance(20_000);
    const plan = await recover(cluster, survivor, 0);
    expect(plan).toMatchObject({ ok: true, value: { server: survivor, recovered: false, epoch: 1 } });
    if (!plan?.ok) throw new Error("no plan");
    expect(plan.value.servers.filter(({ answers }) => answers).map(({ id }) => id)).toEqual([survivor]);
    expect(cluster.server(survivor).status().role).not.toBe("leader");
    expect(await recover(cluster, survivor, 7)).toMatchObject({ ok: false });
    expect(await recover(cluster, survivor, plan.value.epoch)).toMatchObject({
      ok: true,
      value: { recovered: true },
    });
    const written = watch(cluster.server(survivor).backend.call("KVS.Apply", { token: "", operation }));
    await cluster.time.advance(2_000);
    expect(written.value).toEqual({ ok: true, value: true });
    // The same command again does nothing a second time.
    expect(await recover(cluster, survivor, plan.value.epoch)).toMatchObject({ ok: false });
  });

  it("does what it showed, also on a server that had been removed and is all that is left", async () => {
    const cluster = new MemoryCluster(3, () => ({ config: { mode: "awake" } }));
    const leader = await cluster.leader();
    const [removed = "", other = ""] = await cluster.followers();
    const change = { kind: "remove", id: removed as ServerId } as const;
    const gone = watch(cluster.server(leader).raft.changeMembership(change));
    await cluster.time.advance(2_000);
    expect(gone.value?.ok).toBe(true);
    cluster.stop(leader);
    cluster.stop(other);
    await cluster.time.advance(20_000);
    expect(await recover(cluster, removed, 0)).toMatchObject({ ok: true, value: { epoch: 1 } });
    expect(await recover(cluster, removed, 1)).toMatchObject({ ok: true, value: { recovered: true } });
    const written = watch(cluster.server(removed).backend.call("KVS.Apply", { token: "", operation }));
    await cluster.time.advance(2_000);
    expect(written.value).toEqual({ ok: true, value: true });
  });

  it.each(["leader", "follower"])("wakes a %s that slept through the loss of the others", async (role) => {
    const cluster = new MemoryCluster(3, () => ({ config: { mode: "quiescent" } }));
    const leader = await cluster.leader();
    const followers = await cluster.followers();
    const survivor = role === "leader" ? leader : (followers[0] ?? "");
    await cluster.time.advance(20_000);
    expect(cluster.server(survivor).status()).toMatchObject({ role, quiescent: true });
    for (const other of [leader, ...followers]) if (other !== survivor) cluster.stop(other);
    await cluster.time.advance(60_000);
    expect(await recover(cluster, survivor, 0)).toMatchObject({ ok: true, value: { epoch: 1 } });
    await cluster.time.advance(10_000);
    expect(await recover(cluster, survivor, 1)).toMatchObject({ ok: true, value: { recovered: true } });
  });

  it("is refused by a server that never had any state, before it shows anything", async () => {
    const cluster = new MemoryCluster(1, () => ({ config: { servers: [] } }));
    await cluster.time.advance(20_000);
    for (const epoch of [0, 1]) {
      expect(await recover(cluster, "server-1", epoch)).toMatchObject({
        ok: false,
        error: { code: "rejected", args: ["this server has no state: bootstrap it instead"] },
      });
    }
  });

  it("belongs to the survivor that holds most", () => {
    const server = (id: string, lastTerm: number, lastIndex: number, answers = true) => ({
      ...{ id, name: id, address: `${id}:8300`, voter: true, answers, lastTerm, lastIndex },
    });
    const plan = {
      ...{ server: "a", epoch: 1, commitIndex: 5, lastIndex: 9, lastTerm: 2, recovered: false },
      servers: [
        server("a", 2, 9),
        server("b", 2, 10),
        server("c", 0, 0, false),
        server("d", 0, 0, false),
        server("e", 0, 0, false),
      ],
    };
    expect(refusalOf(plan)).toContain("b (b:8300) survived, too, and holds more");
    expect(refusalOf({ ...plan, server: "b", lastIndex: 10 })).toBe(null);
    expect(refusalOf({ ...plan, servers: plan.servers.slice(0, 3) })).toContain("2 of 3 voters answer");
  });
});
