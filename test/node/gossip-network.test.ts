// Gossip's sockets on loopback: packets both ways from one port, streams, names, and what is wrong when a port is taken.

import { afterAll, describe, expect, it } from "vitest";
import type { GossipDoor, GossipStream } from "../../agent/ports.ts";
import { gossipNetwork } from "../../agent/runtime/gossip-network.ts";
import { addressBytes, addressText } from "../../agent/runtime/udp-socket.ts";
import type { GossipAddress } from "../../shared/gossip/types.ts";
import { eventually } from "../support/legate-process.ts";

const network = gossipNetwork(() => {});
const open: GossipDoor[] = [];
afterAll(() => Promise.all(open.map((door) => door.close())));

async function door(host = "127.0.0.1") {
  const packets: { datagram: Uint8Array; from: GossipAddress }[] = [];
  const received: string[] = [];
  const opened = await network.open({
    host,
    port: 0,
    packet: (datagram, from) => void packets.push({ datagram: datagram.slice(), from }),
    accepted: (stream: GossipStream) => ({
      data(chunk) {
        received.push(Buffer.from(chunk).toString());
        stream.write(Buffer.from("answer"));
        stream.end();
      },
      closed: () => void received.push("closed"),
    }),
  });
  if (!opened.ok) throw new Error(opened.error);
  open.push(opened.value);
  return { door: opened.value, packets, received };
}

const loopback = Uint8Array.of(127, 0, 0, 1);

describe("gossip's doors", () => {
  it("send packets from the port that they listen on", async () => {
    const one = await door();
    const other = await door();
    one.door.send({ ip: loopback, port: other.door.port }, Uint8Array.of(1, 2, 3));
    const { datagram, from } = await eventually("the packet", 2_000, () => other.packets[0]);
    expect([...datagram]).toEqual([1, 2, 3]);
    expect(from).toEqual({ ip: loopback, port: one.door.port });
  });

  it("carry streams both ways", async () => {
    const one = await door();
    const other = await door();
    const heard: string[] = [];
    const stream = one.door.dial(
      { ip: loopback, port: other.door.port },
      {
        data: (chunk) => {
          heard.push(Buffer.from(chunk).toString());
          stream.end();
        },
        closed: (reason) => heard.push(`closed ${reason}`),
      },
    );
    stream.write(Buffer.from("question"));
    await eventually("the end", 2_000, () => (heard.length === 2 ? true : undefined));
    expect(heard).toEqual(["answer", "closed "]);
    await eventually("the other end", 2_000, () => (other.received.length === 2 ? true : undefined));
    expect(other.received).toEqual(["question", "closed"]);
  });

  it("say in Go's words why a stream did not work", async () => {
    const one = await door();
    const gone = await door();
    const { port } = gone.door;
    await gone.door.close();
    const reason = (to: GossipAddress) =>
      new Promise<string>((resolve) => one.door.dial(to, { data: () => {}, closed: resolve }));
    expect(await reason({ ip: loopback, port })).toBe(
      `dial tcp 127.0.0.1:${port}: connect: connection refused`,
    );
    expect(await reason({ ip: Uint8Array.of(1, 2, 3), port })).toContain("invalid");
  });

  it("speak IPv6, and IPv4 through the same socket", async () => {
    const six = await door("::");
    const four = await door();
    six.door.send({ ip: loopback, port: four.door.port }, Uint8Array.of(4));
    four.door.send({ ip: loopback, port: six.door.port }, Uint8Array.of(6));
    const { from } = await eventually("the packet", 2_000, () => six.packets[0]);
    expect(from.ip).toEqual(loopback);
    await eventually("the other packet", 2_000, () => four.packets[0]);
  });

  it("cannot be opened twice on one port, and say what to do", async () => {
    const one = await door();
    const second = await network.open({
      host: "127.0.0.1",
      port: one.door.port,
      packet: () => {},
      accepted: () => null,
    });
    expect(second).toMatchObject({ ok: false, error: expect.stringContaining("-serf-lan-port") });
  });

  it("are not disturbed by addresses that are none", async () => {
    const one = await door();
    one.door.send({ ip: Uint8Array.of(1, 2, 3), port: 1 }, Uint8Array.of(1));
    one.door.send({ ip: loopback, port: 0 }, Uint8Array.of(1));
    expect(addressText(Uint8Array.of(1, 2, 3), 4)).toBeNull();
    expect(addressText(new Uint8Array(16).fill(1), 4)).toBeNull();
    expect(addressBytes("::ffff:10.0.0.1")).toEqual(Uint8Array.of(10, 0, 0, 1));
    expect(addressBytes("fe80::1%eth0")).toHaveLength(16);
  });

  it("look names up", async () => {
    expect(await network.resolve("localhost")).toMatchObject({ ok: true });
    expect(await network.resolve("nowhere.invalid")).toMatchObject({
      ok: false,
      error: expect.stringContaining("lookup nowhere.invalid"),
    });
  });
});
