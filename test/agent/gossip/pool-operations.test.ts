// Keys, forced leaves and reachability over pools of several agents (serf-layer.ts and pool-operations.ts).

import { describe, expect, it } from "vitest";
import type { LanPool } from "../../../agent/gossip/lan-pool.ts";
import { forceLeave, runKeyOperation, testReachability } from "../../../agent/gossip/pool-operations.ts";
import { createSerfLayer, type SerfLayer, shownMember } from "../../../agent/gossip/serf-layer.ts";
import { serfStats } from "../../../agent/gossip/serf-stats.ts";
import { carryUserEvents } from "../../../agent/user-events/gossip.ts";
import { createUserEvents } from "../../../agent/user-events/fire.ts";
import { bytesToBase64 } from "../../../shared/base/base64.ts";
import type { Keyring } from "../../../shared/structs/keyring.ts";
import { GossipWorld, shown } from "./gossip-world.ts";

const key = (fill: number) => new Uint8Array(16).fill(fill);

function layerOf(pool: LanPool): SerfLayer {
  const layer = pool.serf();
  if (layer === null) throw new Error("the pool is not open");
  return layer;
}

async function three(
  world: GossipWorld,
  keyringChanged: (host: string, keyring: Keyring) => void = () => {},
) {
  const pools: LanPool[] = [];
  for (const [at, name] of ["a", "b", "c"].entries()) {
    const host = `10.0.0.${at + 1}`;
    const changed = (keyring: Keyring) => keyringChanged(name, keyring);
    pools.push(await world.pool(name, host, { key: key(1), keyringChanged: changed }));
  }
  for (const pool of pools.slice(1)) void pool.join(["10.0.0.1"]);
  await world.advance(2_000);
  const [a, b, c] = pools;
  if (a === undefined || b === undefined || c === undefined) throw new Error("three");
  return { a, b, c };
}

async function settled<T>(world: GossipWorld, promise: Promise<T>, millis = 4_000): Promise<T> {
  await world.advance(millis);
  return promise;
}

describe("operations on a pool", () => {
  it("rotate the key while everybody stays alive, and every keyring is written down", async () => {
    const world = new GossipWorld();
    const written = new Map<string, Keyring>();
    const { a, b, c } = await three(world, (name, keyring) => written.set(name, keyring));
    for (const operation of ["install", "use"] as const) {
      expect(await settled(world, runKeyOperation(layerOf(a), operation, key(2), 0))).toMatchObject({
        ok: true,
      });
    }
    expect(await settled(world, runKeyOperation(layerOf(b), "remove", key(1), 1))).toMatchObject({
      ok: true,
    });
    const listed = await settled(world, runKeyOperation(layerOf(c), "list", new Uint8Array(0), 0));
    expect(listed.ok && [...listed.value.keys]).toEqual([[bytesToBase64(key(2)), 3]]);
    expect([...written.values()]).toEqual([[key(2)], [key(2)], [key(2)]]);
    await world.advance(20_000);
    for (const pool of [a, b, c]) expect(shown(pool)).toEqual({ a: 1, b: 1, c: 1 });
  });

  it("say who did not answer a key query", async () => {
    const world = new GossipWorld();
    const { a } = await three(world);
    world.cut.add("10.0.0.3");
    const done = await settled(world, runKeyOperation(layerOf(a), "list", new Uint8Array(0), 0));
    expect(done).toMatchObject({ ok: false, error: { text: "2/3 nodes reported success" } });
  });

  it("give up a member that failed, and forget it with prune", async () => {
    const world = new GossipWorld();
    const { a, b } = await three(world);
    world.cut.add("10.0.0.3");
    await world.advance(12_000);
    expect(forceLeave(layerOf(a), "c", false).ok).toBe(true);
    await world.advance(1_000);
    expect([shown(a).c, shown(b).c]).toEqual([3, 3]);
    expect(forceLeave(layerOf(a), "c", true).ok).toBe(true);
    await world.advance(1_000);
    expect([shown(a).c, shown(b).c]).toEqual([undefined, undefined]);
    expect(forceLeave(layerOf(a), "zz", false)).toEqual({
      ok: false,
      error: "agent: No node found with name 'zz'",
    });
  });

  it("find out who can be reached", async () => {
    const world = new GossipWorld();
    const { a } = await three(world);
    expect(await settled(world, testReachability(layerOf(a)))).toMatchObject({
      ok: true,
      value: { Alive: ["a", "b", "c"], Missing: [] },
    });
    world.cut.add("10.0.0.2");
    expect(await settled(world, testReachability(layerOf(a)))).toMatchObject({ value: { Missing: ["b"] } });
  });

  it("carry user events to every agent, filters and all", async () => {
    const world = new GossipWorld();
    const { a, b, c } = await three(world);
    const events = new Map(
      [a, b, c].map((pool, at) => {
        const made = createUserEvents({
          nodeName: "abc"[at] ?? "",
          uuid: () => `00000000-0000-4000-8000-00000000000${at}`,
          services: () => [],
          defer: (body) => body(),
        });
        carryUserEvents(pool, made);
        return [pool, made];
      }),
    );
    const asked = { name: "deploy", payload: key(7), nodeFilter: "^[ab]$", serviceFilter: "", tagFilter: "" };
    expect(events.get(b)?.fire(asked).ok).toBe(true);
    await world.advance(2_000);
    const lists = [a, b, c].map((pool) => events.get(pool)?.buffer.list("").length);
    expect(lists).toEqual([1, 1, 0]);
    const large = events.get(a)?.fire({ ...asked, payload: new Uint8Array(600) });
    expect(large).toMatchObject({
      ok: false,
      error: expect.stringContaining("exceeds configured limit of 512 bytes"),
    });
  });
});

describe("statistics", () => {
  it("count members and clocks under Consul's names", async () => {
    const world = new GossipWorld();
    const { a } = await three(world);
    world.cut.add("10.0.0.3");
    await world.advance(12_000);
    expect(serfStats(a)).toMatchObject({
      encrypted: "true",
      members: "3",
      failed: "1",
      left: "0",
      event_time: "1",
      intent_queue: "0",
    });
    expect(serfStats(null)).toBeNull();
  });
});

describe("the layer", () => {
  it("shows members with Consul's fields, and takes nothing once it is closed", async () => {
    const world = new GossipWorld();
    const { a } = await three(world);
    const layer = layerOf(a);
    const self = layer.state.members.get("a");
    if (self === undefined) throw new Error("no self");
    expect(shownMember(self)).toEqual(layer.members()[0]);
    layer.close();
    expect(layer.give({ kind: "joined" })).toBe("serf: shut down");
    expect(createSerfLayer).toBeTypeOf("function");
  });
});
