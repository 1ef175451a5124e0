// The driver's own duties: order, one timer, and hearing what is in the socket before it acts on a late deadline.

import { describe, expect, it } from "vitest";
import { type GossipDriver, openGossip } from "../../../agent/gossip/driver.ts";
import { gossipCipher } from "../../../agent/runtime/gossip-cipher.ts";
import { gossipConfig, lanProfile } from "../../../shared/gossip/config.ts";
import type { GossipEvent } from "../../../shared/gossip/types.ts";
import { noLabel } from "../../../shared/wire/gossip-packets.ts";
import { GossipWorld } from "./gossip-world.ts";

const versions = Uint8Array.of(1, 5, 2, 2, 5, 5);
const peer = { ip: Uint8Array.of(10, 0, 0, 2), port: 8301 };

async function driver(world: GossipWorld, heard: (event: GossipEvent) => void): Promise<GossipDriver> {
  const opened = await openGossip({
    host: "10.0.0.1",
    port: 8301,
    config: (port) =>
      gossipConfig(lanProfile, { name: "a", address: { ip: Uint8Array.of(10, 0, 0, 1), port } }),
    meta: new Uint8Array(0),
    seed: 1,
    framing: () => ({
      label: noLabel,
      keyring: [],
      verifyIncoming: true,
      verifyOutgoing: true,
      compress: false,
      cipher: gossipCipher,
    }),
    layer: { heard: (events) => events.forEach(heard), userState: () => Uint8Array.of(2) },
    network: world.network("10.0.0.1"),
    timers: world.ports.timers,
    defer: world.ports.defer,
    log: world.ports.log,
  });
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
}

function alive(node: string) {
  const address = { ...peer, port: node.charCodeAt(0) };
  return { kind: "alive" as const, node, incarnation: 1, address, meta: new Uint8Array(0), versions };
}

describe("the gossip driver", () => {
  it("takes what is given while events are told only after them", async () => {
    const order: string[] = [];
    const world = new GossipWorld();
    const gossip = await driver(world, (event) => {
      if (event.kind !== "join") return;
      if (event.member.name === "b") gossip.give({ kind: "packet", from: peer, messages: [alive("d")] });
      order.push(event.member.name);
    });
    gossip.give({ kind: "packet", from: peer, messages: [alive("b"), alive("c")] });
    expect(order).toEqual(["b", "c", "d"]);
  });

  it("lets what is in the socket be heard before a deadline that it missed", async () => {
    const world = new GossipWorld();
    const gossip = await driver(world, () => {});
    gossip.give({ kind: "packet", from: peer, messages: [alive("b")] });
    while (gossip.state.probe === null) await world.advance(10);
    const { sequence } = gossip.state.probe;
    const ack = { kind: "ack" as const, sequence, payload: new Uint8Array(0) };
    world.ports.timers.after(300, () => {
      world.now += 600; // this process does not run, while the answer arrives
      world.ports.defer(() => gossip.give({ kind: "packet", from: peer, messages: [ack] }));
    });
    await world.advance(400);
    expect(world.dials).toBe(0); // nobody was asked over a stream
    expect(gossip.state.probe).toBeNull();
  });

  it("sends a user message straight to somebody", async () => {
    const world = new GossipWorld();
    const gossip = await driver(world, () => {});
    gossip.sendUser(peer, Uint8Array.of(5, 1, 2));
    expect(world.datagrams).toEqual([Uint8Array.of(8, 5, 1, 2)]);
  });

  it("says why an exchange did not work", async () => {
    const world = new GossipWorld();
    const gossip = await driver(world, () => {});
    const failing = gossip.exchange(peer, true);
    await world.advance(100);
    expect(await failing).toEqual({
      ok: false,
      error: "dial tcp 10.0.0.2:8301: connect: connection refused",
    });
    world.cut.add("10.0.0.1");
    const late = gossip.exchange(peer, true);
    await world.advance(100);
    expect(await late).toEqual({ ok: false, error: "i/o timeout" });
  });
});
