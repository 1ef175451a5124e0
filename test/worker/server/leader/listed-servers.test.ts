// At the edge the group follows the servers that the settings list: it grows and shrinks one by one, and falls asleep.

import { describe, expect, it } from "vitest";
import type { U64 } from "../../../../shared/base/brand.ts";
import type { ServerId } from "../../../../shared/raft/types.ts";
import { MemoryCluster } from "../../../support/memory-cluster.ts";

const ids = ["server-1", "server-2", "server-3", "server-4", "server-5"] as ServerId[];

/** Five objects of which the settings list the first few. */
function edge(first: number) {
  let count = first;
  const cluster = new MemoryCluster(5, (id) => {
    const servers = ids.slice(0, count);
    return {
      config: { servers, beginsTogether: true, bootstrapExpect: servers.includes(id) ? count : 0 },
    };
  });
  return {
    cluster,
    /** A deploy: every object starts anew. */
    list(servers: number) {
      count = servers;
      for (const id of ids) cluster.restart(id);
    },
    async leader(): Promise<string> {
      for (let n = 0; n < 400; n += 1) {
        const found = cluster.hosts.find(({ server }) => server.status().role === "leader");
        if (found !== undefined) return found.id;
        await cluster.time.advance(50);
      }
      throw new Error("nobody leads");
    },
    async write(key: string): Promise<boolean> {
      const operation = { verb: "set", key, value: "eA==", flags: "0" as U64 } as const;
      for (let n = 0; n < 20; n += 1) {
        const leader = await this.leader();
        const asked = cluster.server(leader).backend.call("KVS.Apply", { token: "", operation });
        await cluster.time.advance(2_000);
        if ((await asked).ok) return true;
      }
      return false;
    },
    /** Voters as the leader sees them. */
    async voters(): Promise<string> {
      const servers = cluster.server(await this.leader()).raft.configuration().servers;
      return servers.map(({ id, voter }) => `${id}${voter ? "" : " (no vote)"}`).join();
    },
    keys: (id: string) =>
      cluster
        .host(id)
        .sql.exec("SELECT key FROM kv ORDER BY key")
        .map(({ key }) => key),
    asleep: () =>
      cluster.hosts.every(({ server }) => server.status().quiescent || server.status().role !== "leader"),
  };
}

describe("the servers that the edge lists", () => {
  it("are taken in when there are more of them: without a vote at first, until they have proved stable", async () => {
    const world = edge(1);
    expect(await world.write("kept")).toBe(true);
    world.list(3);
    expect(await world.write("then")).toBe(true);
    await world.cluster.time.advance(3_000);
    expect(await world.voters()).toBe("server-1,server-2 (no vote),server-3 (no vote)");
    await world.cluster.time.advance(30_000);
    expect(await world.voters()).toBe("server-1,server-2,server-3");
    for (const id of ["server-2", "server-3"]) expect(world.keys(id)).toEqual(["kept", "then"]);
    await world.cluster.time.advance(30_000);
    expect(world.asleep()).toBe(true);
    expect(world.cluster.server("server-4").status().bootstrapped).toBe(false);
  });

  it("give up those that are listed no more, also the leader, though only one of five stays", async () => {
    const world = edge(5);
    expect(await world.write("kept")).toBe(true);
    expect((await world.voters()).split(",")).toHaveLength(5);
    world.list(1);
    expect(await world.write("then")).toBe(true);
    await world.cluster.time.advance(60_000);
    expect(await world.leader()).toBe("server-1");
    expect(await world.voters()).toBe("server-1");
    expect(world.keys("server-1")).toEqual(["kept", "then"]);
    expect(await world.write("last")).toBe(true);
    await world.cluster.time.advance(60_000);
    expect(world.asleep()).toBe(true);
  });

  it("are not taken in while they do not answer, and nobody is kept awake for them", async () => {
    const world = edge(3);
    expect(await world.write("kept")).toBe(true);
    world.list(4);
    world.cluster.stop("server-4");
    expect(await world.write("then")).toBe(true);
    await world.cluster.time.advance(20_000);
    expect((await world.voters()).split(",")).toHaveLength(3);
    await world.cluster.time.advance(240_000);
    expect(world.asleep()).toBe(true);
    world.cluster.restart("server-4");
    expect(await world.write("more")).toBe(true);
    await world.cluster.time.advance(90_000);
    expect(await world.write("again")).toBe(true);
    await world.cluster.time.advance(90_000);
    expect((await world.voters()).split(",")).toHaveLength(4);
  });
});
