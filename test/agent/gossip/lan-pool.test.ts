// Pools of several agents on a network in memory: driver, streams, pool and layer together.

import { describe, expect, it } from "vitest";
import { GossipWorld, shown } from "./gossip-world.ts";

const all = { a: 1, b: 1, c: 1 };

async function three(world: GossipWorld) {
  const a = await world.pool("a", "10.0.0.1");
  const b = await world.pool("b", "10.0.0.2");
  const c = await world.pool("c", "10.0.0.3");
  for (const pool of [b, c]) {
    const joining = pool.join(["10.0.0.1"]);
    await world.advance(100);
    expect(await joining).toEqual({ joined: 1, errors: [] });
  }
  await world.advance(2_000);
  return { a, b, c };
}

describe("a LAN pool", () => {
  it("knows all members with their tags soon after they joined one of them", async () => {
    const { a, b, c } = await three(new GossipWorld());
    for (const pool of [a, b, c]) expect(shown(pool)).toEqual(all);
    expect(a.members()[1]).toMatchObject({ Name: "b", Addr: "10.0.0.2", Port: 8301, Tags: { role: "node" } });
  });

  it("shows who stopped answering as failed, and as alive when it is back", async () => {
    const world = new GossipWorld();
    const { a, b, c } = await three(world);
    world.cut.add("10.0.0.3");
    await world.advance(12_000);
    for (const pool of [a, b]) expect(shown(pool)).toEqual({ a: 1, b: 1, c: 4 });
    world.cut.delete("10.0.0.3");
    void c.join(["10.0.0.1"]);
    await world.advance(10_000);
    for (const pool of [a, b, c]) expect(shown(pool)).toEqual(all);
  });

  it("shows who said goodbye as left, without waiting", async () => {
    const world = new GossipWorld();
    const { a, b, c } = await three(world);
    const leaving = c.leave().then(() => c.stop());
    await world.advance(5_000);
    await leaving;
    for (const pool of [a, b]) expect(shown(pool)).toEqual({ a: 1, b: 1, c: 3 });
  });

  it("tells what changed, once", async () => {
    const world = new GossipWorld();
    const heard: string[] = [];
    const a = await world.pool("a", "10.0.0.1");
    const stop = a.onChange(({ kind, member }) =>
      heard.push(`${kind} ${member.Name} ${member.Tags.v ?? ""}`),
    );
    const b = await world.pool("b", "10.0.0.2");
    void b.join(["10.0.0.1"]);
    await world.advance(1_000);
    b.setTags({ v: "2" });
    await world.advance(1_000);
    stop();
    b.setTags({ v: "3" });
    await world.advance(1_000);
    expect(heard).toEqual(["join b ", "update b 2"]);
  });

  it("stays apart from pools with another key, which are told why", async () => {
    const world = new GossipWorld();
    const key = new Uint8Array(32).fill(1);
    const a = await world.pool("a", "10.0.0.1", { key });
    const b = await world.pool("b", "10.0.0.2");
    const c = await world.pool("c", "10.0.0.3", { key });
    const joining = [b.join(["10.0.0.1"]), c.join(["10.0.0.1"])];
    await world.advance(1_000);
    const [plain, keyed] = await Promise.all(joining);
    expect(plain).toMatchObject({ joined: 0 });
    expect(keyed).toMatchObject({ joined: 1 });
    expect(shown(a)).toEqual({ a: 1, c: 1 });
    const text = world.datagrams.map((datagram) => new TextDecoder("latin1").decode(datagram)).join();
    expect(text).not.toContain("Incarnation");
  });

  it("joins every address of a name, and says what went wrong with the others", async () => {
    const world = new GossipWorld();
    const a = await world.pool("a", "10.0.0.1");
    const b = await world.pool("b", "10.0.0.2");
    world.names.set("agents.example", ["10.0.0.9", "10.0.0.1"]);
    const joining = b.join(["agents.example:8301", "nowhere.example", "10.0.0.9:1"]);
    await world.advance(1_000);
    expect(await joining).toEqual({
      joined: 1,
      errors: [
        "Failed to resolve nowhere.example: lookup nowhere.example: no such host",
        "Failed to join 10.0.0.9: dial tcp 10.0.0.9:1: connect: connection refused",
      ],
    });
    expect(shown(a)).toEqual({ a: 1, b: 1 });
  });

  it("closes its streams and timers when it stops", async () => {
    const world = new GossipWorld();
    const { a, b, c } = await three(world);
    await Promise.all([a.stop(), b.stop(), c.stop()]);
    const before = world.datagrams.length;
    await world.advance(60_000);
    expect(world.datagrams.length).toBe(before);
  });

  it("survives anything that comes as a packet or a stream, and counts it", async () => {
    const world = new GossipWorld();
    const { a } = await three(world);
    const network = world.network("10.0.0.66");
    const door = await network.open({ host: "10.0.0.66", port: 1, packet: () => {}, accepted: () => null });
    if (!door.ok) throw new Error(door.error);
    let seed = 1;
    const to = { ip: Uint8Array.of(10, 0, 0, 1), port: 8301 };
    for (let round = 0; round < 400; round += 1) {
      const bytes = new Uint8Array(1 + (round % 60)).map(() => {
        seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
        return seed >> 24;
      });
      bytes[0] = round % 14;
      door.value.send(to, bytes);
      door.value.dial(to, { data: () => {}, closed: () => {} }).write(bytes);
    }
    await world.advance(15_000);
    const counters = a.driver()?.counters;
    expect((counters?.packetsDropped ?? 0) + (counters?.partsDropped ?? 0)).toBeGreaterThan(300);
    expect(shown(a)).toEqual(all);
  });
});
