// Messages and addresses as text.

import { describe, expect, it } from "vitest";
import { describeAddress, describeMessage } from "../../../shared/gossip/describe.ts";
import { alive, at, bytes } from "./one-member.ts";

describe("text for people", () => {
  it("shows addresses of either family, mapped ones as what they map", () => {
    const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 9, 9, 1);
    const ip = Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
    expect(describeAddress(at(1))).toBe("127.0.0.1:8301");
    expect(describeAddress({ ip: mapped, port: 8301 })).toBe("10.9.9.1:8301");
    expect(describeAddress({ ip, port: 1 })).toBe("[fe80:0:0:0:0:0:0:1]:1");
    expect(describeAddress({ ip: Uint8Array.of(1, 2, 3), port: 1 })).toBe("0x010203:1");
  });

  it("shows messages in a line", () => {
    const lines = [
      alive("b", 3),
      { kind: "suspect" as const, node: "b", incarnation: 3, from: "c" },
      { kind: "ping" as const, node: "b", sequence: 4, source: null },
      { kind: "indirectPing" as const, node: "b", sequence: 4, target: at(1), nack: true, source: null },
      { kind: "nack" as const, sequence: 4 },
      { kind: "user" as const, payload: bytes("abc") },
    ];
    expect(lines.map(describeMessage)).toEqual([
      "alive b@3 at 127.0.0.98:8301",
      "suspect b@3 by c",
      "ping b #4",
      "ping b for me #4 (nack)",
      "nack #4",
      "user message of 3 bytes",
    ]);
  });
});
