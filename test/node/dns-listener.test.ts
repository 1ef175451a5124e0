// The DNS door over real sockets, and `dig` where this machine has it.

import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DnsListener, listenDns } from "../../agent/runtime/dns-listener.ts";
import { dns, instance, query } from "../agent/dns/support.ts";
import { dig, has } from "../support/legate-process.ts";

const many = Array.from({ length: 20 }, (_, n) => instance(`m${n}`, `10.0.1.${n}`, { service: "many" }));
const withDig = await has("dig");
let listener: DnsListener;
beforeAll(async () => {
  listener = await listenDns({ host: "127.0.0.1", port: 0, handle: dns(many), log: () => {} });
});
afterAll(() => listener.close());

function udp(packets: readonly Uint8Array[], replies: number): Promise<Buffer[]> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    const got: Buffer[] = [];
    socket.on("message", (reply) => {
      got.push(reply);
      if (got.length === replies) socket.close(() => resolve(got));
    });
    for (const packet of packets) socket.send(packet, listener.port, "127.0.0.1");
  });
}

/** Writes the bytes and gives back everything until `replies` whole replies came or the connection ended. */
function tcp(bytes: Buffer, replies: number): Promise<Buffer[]> {
  return new Promise((resolve) => {
    let unread = Buffer.alloc(0);
    const got: Buffer[] = [];
    const socket = connect(listener.port, "127.0.0.1", () => socket.write(bytes));
    socket.on("close", () => resolve(got));
    socket.on("data", (chunk: Buffer) => {
      unread = Buffer.concat([unread, chunk]);
      while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE(0)) {
        got.push(unread.subarray(2, 2 + unread.readUInt16BE(0)));
        unread = unread.subarray(2 + unread.readUInt16BE(0));
      }
      if (got.length === replies) socket.destroy();
    });
  });
}

function framed(packet: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([packet.length >> 8, packet.length & 255]), packet]);
}

describe("the DNS door", () => {
  const question = query("many.service.consul", "A");

  it("answers over UDP, and goes on after what is no packet", async () => {
    const [reply] = await udp([Buffer.alloc(0), Buffer.from("xx"), question], 1);
    expect(reply!.readUInt16BE(6)).toBe(3);
  });

  it("answers several queries of one TCP connection, in order and in full", async () => {
    const other = query("none.service.consul", "A");
    const replies = await tcp(Buffer.concat([framed(question), framed(other), framed(question)]), 3);
    expect(replies.map((reply) => reply.readUInt16BE(6))).toEqual([20, 0, 20]);
  });

  it("hangs up on TCP garbage", async () => {
    expect(await tcp(framed(Buffer.from("xx")), 1)).toEqual([]);
  });

  it("rejects when the port is taken", async () => {
    const second = listenDns({ host: "127.0.0.1", port: listener.port, handle: dns([]), log: () => {} });
    await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it.skipIf(!withDig)("is understood by dig", async () => {
    const short = await dig("127.0.0.1", listener.port, "+short", "+tcp", "many.service.consul", "SRV");
    expect(short).toHaveLength(20);
    expect(short[0]).toMatch(/^1 1 80 m\d+\.node\.dc1\.consul\.$/);
    expect(await dig("127.0.0.1", listener.port, "none.service.consul")).toContainEqual(
      expect.stringContaining("status: NXDOMAIN"),
    );
    const ns = await dig("127.0.0.1", listener.port, "+short", "consul", "NS");
    expect(ns).toEqual(["agent1.node.dc1.consul."]);
  });
});
