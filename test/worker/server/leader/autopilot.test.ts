// Autopilot on real servers in memory: what operators read and change, and what it does when servers die.

import { describe, expect, it } from "vitest";
import { createServerDirectory } from "../../../../agent/rpc/server-directory.ts";
import { autopilotGet } from "../../../../shared/state/autopilot.ts";
import { defaultAutopilot } from "../../../../shared/structs/autopilot.ts";
import type { KnownServer } from "../../../../shared/structs/known-server.ts";
import { createAutopilot } from "../../../../worker/server/leader/autopilot.ts";
import { configuredDirectory } from "../../../../worker/server/configured-directory.ts";
import { operatorEndpoints } from "../../../../worker/server/endpoints/operator.ts";
import { aKnownServer } from "../../../support/known-servers.ts";
import { MemoryCluster } from "../../../support/memory-cluster.ts";
import { watch } from "../../../support/virtual-time.ts";

const asked = { datacenter: "", token: "" };

async function call(cluster: MemoryCluster, id: string, method: string, request: object) {
  const answer = watch(cluster.server(id).backend.call(method as never, request as never));
  await cluster.time.advance(2_500);
  return answer.value as unknown;
}

/** Servers that gossip: the directory is shared, as if gossip were instantaneous. */
function gossiping(size: number) {
  const ids = Array.from({ length: size }, (_, n) => `server-${n + 1}`);
  const known = (id: string, change: Partial<KnownServer> = {}) =>
    aKnownServer(id, { address: `${id}.dc1`, ...change });
  const directory = createServerDirectory(ids.map((id) => known(id)));
  const cluster = new MemoryCluster(size, () => ({
    directory,
    config: { mode: "awake", raftTimes: { heartbeatMillis: 75 } },
  }));
  const set = (changes: Record<string, Partial<KnownServer>>) =>
    directory.set(ids.map((id) => known(id, changes[id])));
  return { cluster, set };
}

describe("autopilot on servers that do not gossip", () => {
  it("shows each server's health when asked, and keeps nobody awake for it", async () => {
    const cluster = new MemoryCluster();
    const leader = await cluster.leader();
    const [follower = ""] = await cluster.followers();
    await cluster.time.advance(60_000);
    const health = await call(cluster, follower, "Operator.ServerHealth", asked);
    expect(health).toMatchObject({ ok: true, value: { healthy: true, failureTolerance: 1 } });
    cluster.stop(follower);
    const sick = await call(cluster, leader, "Operator.ServerHealth", asked);
    const servers = [{ state: "alive" }, { state: "alive" }, { state: "alive" }];
    servers[Number(follower.slice(-1)) - 1] = { state: "failed" };
    expect(sick).toMatchObject({ ok: true, value: { healthy: false, failureTolerance: 0, servers } });
    await cluster.time.advance(60_000);
    expect(cluster.host(leader).armed()).toBeGreaterThan(cluster.time.now + 5_000);
  });

  it("has its settings in the state from the first leader on, which are set and compared", async () => {
    const cluster = new MemoryCluster();
    const leader = await cluster.leader();
    await cluster.time.advance(1_000);
    const { sql } = cluster.host(leader);
    const first = autopilotGet(sql).value;
    expect(first).toMatchObject({ ...defaultAutopilot, CreateIndex: first?.ModifyIndex });
    const configuration = { ...defaultAutopilot, MinQuorum: 3 };
    const method = "Operator.AutopilotSetConfiguration";
    expect(await call(cluster, leader, method, { ...asked, configuration, cas: 1 })).toEqual({
      ok: true,
      value: false,
    });
    const cas = first?.ModifyIndex;
    expect(await call(cluster, leader, method, { ...asked, configuration, cas })).toEqual({
      ok: true,
      value: true,
    });
    cluster.restart(leader);
    await cluster.time.advance(3_000);
    expect(autopilotGet(sql).value?.MinQuorum).toBe(3);
    expect(createAutopilot).toBeTypeOf("function");
  });

  it("lists the group with the servers' own ids and names, and removes a peer by either", async () => {
    const cluster = new MemoryCluster();
    const leader = await cluster.leader();
    const [follower = "", other = ""] = await cluster.followers();
    const get = () => call(cluster, follower, "Operator.RaftGetConfiguration", { ...asked, stale: false });
    const shown = (await get()) as { value: { Servers: { ID: string; Node: string; Leader: boolean }[] } };
    expect(shown.value.Servers.map(({ Node, Leader }) => [Node, Leader])).toEqual(
      ["server-1", "server-2", "server-3"].map((id) => [id, id === leader]),
    );
    const remove = (id: string, address: string) =>
      call(cluster, leader, "Operator.RaftRemovePeer", { ...asked, id, address });
    expect(await remove("", "1.2.3.4:1")).toMatchObject({
      error: { args: ['address "1.2.3.4:1" was not found in the Raft configuration'] },
    });
    expect(await remove("nope", "")).toMatchObject({
      error: { args: ['id "nope" was not found in the Raft configuration'] },
    });
    cluster.stop(other);
    const { ID = "" } = shown.value.Servers.find(({ Node }) => Node === other) ?? {};
    expect(ID).toMatch(/^[0-9a-f]{8}-/);
    expect(await remove(ID, "")).toEqual({ ok: true, value: true });
    expect(await remove("", `${follower}.dc1:8300`)).toEqual({ ok: true, value: true });
    expect(await remove(leader, "")).toMatchObject({
      error: { args: ["Need at least one voter in configuration: {[]}"] },
    });
    expect(operatorEndpoints["Operator.RaftRemovePeer"].kind).toBe("leader");
  });

  it("takes the servers of the configuration for its directory", () => {
    const directory = configuredDirectory({
      datacenter: "dc1",
      id: "server-1" as never,
      servers: ["server-1" as never],
      addressOf: { "server-1": "[::1]:8301" } as never,
      mode: "drowsy",
      version: "1.8.7",
    });
    expect(directory.servers()).toMatchObject([
      { id: "server-1", address: "::1", port: 8301, state: "alive" },
    ]);
  });
});

describe("autopilot on servers that gossip", () => {
  it("removes one dead server of five, and not one of three", async () => {
    for (const [size, left] of [
      [5, 4],
      [3, 3],
    ] as const) {
      const { cluster, set } = gossiping(size);
      const leader = await cluster.leader();
      const [dead = ""] = await cluster.followers();
      cluster.stop(dead);
      set({ [dead]: { state: "failed" } });
      await cluster.time.advance(10_000);
      expect(cluster.server(leader).status().servers).toHaveLength(left);
    }
  });

  it("removes who left, at once", async () => {
    const { cluster, set } = gossiping(3);
    const leader = await cluster.leader();
    const [gone = ""] = await cluster.followers();
    await cluster.time.advance(3_000);
    set({ [gone]: { state: "left" } });
    await cluster.time.advance(500);
    expect(
      cluster
        .server(leader)
        .status()
        .servers.map(({ id }) => id),
    ).not.toContain(gone);
  });

  it("knows within two seconds who is not healthy", async () => {
    const { cluster, set } = gossiping(3);
    const leader = await cluster.leader();
    const [dead = ""] = await cluster.followers();
    await cluster.time.advance(5_000);
    cluster.stop(dead);
    set({ [dead]: { state: "failed" } });
    await cluster.time.advance(2_500);
    expect(await call(cluster, leader, "Operator.ServerHealth", asked)).toMatchObject({
      value: { healthy: false, failureTolerance: 0 },
    });
  });
});
