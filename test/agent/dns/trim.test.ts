// What is cut from replies that are too big, with an encoding in which every record is 100 bytes.

import { describe, expect, it } from "vitest";
import type { DnsQuery, DnsRecord, DnsReply } from "../../../agent/dns/message.ts";
import { standardDnsConfig } from "../../../agent/config/dns-config.ts";
import { encodeTrimmed, replyBytesMax } from "../../../agent/dns/trim.ts";

const query = (udpSize: number | null): DnsQuery => ({
  id: 1,
  opcode: 0,
  recursionDesired: false,
  question: null,
  edns: udpSize === null ? null : { udpSize, clientSubnet: null },
});

function trimmed(answers: number, additionals: number, udpSize: number | null): DnsReply {
  const srv = (n: number): DnsRecord => ({
    name: "o",
    type: "SRV",
    ttl: 0,
    data: { priority: 1, weight: 1, port: 1, target: `t${n}` },
  });
  const reply: DnsReply = {
    rcode: 0,
    authoritative: true,
    answers: Array.from({ length: answers }, (_, n) => srv(n)),
    authorities: [],
    additionals: Array.from({ length: additionals }, (_, n) => ({
      name: `t${n}`,
      type: "A",
      ttl: 0,
      data: "",
    })),
    edns: true,
  };
  let last = reply;
  const sizes = new Map<Uint8Array, DnsReply>();
  const bytes = encodeTrimmed(query(udpSize), reply, "udp", standardDnsConfig, (_query, one) => {
    last = one;
    const size = new Uint8Array(100 * (one.answers.length + one.additionals.length));
    sizes.set(size, last);
    return size;
  });
  return sizes.get(bytes)!;
}

describe("trimming", () => {
  it("knows the limits", () => {
    expect(replyBytesMax(query(null), "udp")).toBe(512);
    expect(replyBytesMax(query(100), "udp")).toBe(512);
    expect(replyBytesMax(query(4096), "udp")).toBe(4096);
    expect(replyBytesMax(query(null), "tcp")).toBe(65_535);
  });

  it("takes answers from the end and with them what stood beside them", () => {
    const reply = trimmed(10, 10, 1_000);
    expect(reply.answers).toHaveLength(5);
    expect(reply.additionals.map((one) => one.name)).toEqual(["t0", "t1", "t2", "t3", "t4"]);
    expect(trimmed(10, 0, null).answers).toHaveLength(3);
    expect(trimmed(2, 2, 512).answers).toHaveLength(2);
    expect(trimmed(3, 3, 512).answers).toHaveLength(2);
  });
});
