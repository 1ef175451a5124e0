import { describe, expect, it } from "vitest";
import type { PacketMessage } from "../../../shared/gossip/types.ts";
import { messageSize } from "../../../shared/gossip/message-size.ts";
import { encodePacketMessage } from "../../../shared/wire/gossip-messages.ts";
import { openPacket, sealPacket } from "../../../shared/wire/gossip-packets.ts";
import { framingWith, plainFraming } from "../../support/gossip-framing.ts";

const address = { ip: Uint8Array.of(127, 0, 0, 1), port: 8301 };
const six = { ip: new Uint8Array(16).fill(1), port: 70 };
const source = { node: "n".repeat(40), address };
const messages: readonly PacketMessage[] = [
  { kind: "ping", sequence: 1, node: "a", source: null },
  { kind: "ping", sequence: 300, node: "naïve-ſerf", source },
  { kind: "indirectPing", sequence: 70_000, target: six, node: "b", nack: true, source },
  { kind: "ack", sequence: 0xffffffff, payload: new Uint8Array(130).fill(3) },
  { kind: "ack", sequence: 5, payload: new Uint8Array(0) },
  { kind: "nack", sequence: 128 },
  { kind: "suspect", incarnation: 3, node: "c", from: "d" },
  { kind: "dead", incarnation: 3, node: "c", from: "c" },
  {
    kind: "alive",
    incarnation: 256,
    node: "e",
    address,
    meta: new Uint8Array(512),
    versions: new Uint8Array(6),
  },
  { kind: "user", payload: new Uint8Array(33).fill(9) },
];
const label = new TextEncoder().encode("pool-1");
const keyring = [new Uint8Array(32).fill(1)];

describe("a packet", () => {
  it("returns its messages through every combination of layers", () => {
    for (const compress of [false, true]) {
      for (const keys of [[], keyring]) {
        for (const name of [new Uint8Array(0), label]) {
          for (const checksum of [false, true]) {
            const framing = framingWith(keys, { compress, label: name });
            const [packet] = sealPacket(messages, checksum, framing);
            expect(openPacket(packet as Uint8Array, framing)).toEqual({
              ok: true,
              value: { messages, dropped: 0 },
            });
          }
        }
      }
    }
  });

  it("is as large as the core counts", () => {
    for (const message of messages) expect(messageSize(message)).toBe(encodePacketMessage(message).length);
  });

  it("is split when a compound cannot count its parts", () => {
    const many = Array.from({ length: 600 }, (): PacketMessage => ({ kind: "nack", sequence: 1 }));
    const packets = sealPacket(many, false, plainFraming);
    expect(packets.map((packet) => packet[1])).toEqual([255, 255, 90]);
  });

  it("is dropped in a pool of another label, without one, or with one that is not expected", () => {
    const [labelled] = sealPacket(messages, false, framingWith([], { label }));
    const [bare] = sealPacket(messages, false, plainFraming);
    expect(openPacket(labelled as Uint8Array, plainFraming).ok).toBe(false);
    expect(openPacket(bare as Uint8Array, framingWith([], { label })).ok).toBe(false);
    expect(openPacket(labelled as Uint8Array, framingWith([], { label: Uint8Array.of(1) })).ok).toBe(false);
  });

  it("is plain on its way into encryption only where the settings allow it", () => {
    const [plain] = sealPacket(messages, true, framingWith(keyring, { verifyOutgoing: false }));
    expect(openPacket(plain as Uint8Array, plainFraming).ok).toBe(true);
    expect(openPacket(plain as Uint8Array, framingWith(keyring)).ok).toBe(false);
    expect(openPacket(plain as Uint8Array, framingWith(keyring, { verifyIncoming: false })).ok).toBe(true);
  });

  it("is dropped when its checksum is wrong", () => {
    const [packet] = sealPacket(messages, true, plainFraming);
    const broken = (packet as Uint8Array).slice();
    broken[1] = (broken[1] as number) ^ 1;
    expect(openPacket(broken, plainFraming)).toEqual({ ok: false, error: "the checksum is wrong" });
  });
});
