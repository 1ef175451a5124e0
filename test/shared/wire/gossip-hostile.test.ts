// Packets and streams made to hurt: cut, flipped, blown up, nested. Nothing throws, nothing is answered with memory.

import { describe, expect, it } from "vitest";
import { concatBytes } from "../../../shared/base/bytes.ts";
import { nextRandom } from "../../../shared/base/prng.ts";
import { limits } from "../../../shared/limits.ts";
import { decodePacketMessage, encodeTyped, messageType } from "../../../shared/wire/gossip-messages.ts";
import { encodeMsgpack } from "../../../shared/wire/gossip-msgpack.ts";
import { bundle, compress, openPacket } from "../../../shared/wire/gossip-packets.ts";
import { createStreamReader } from "../../../shared/wire/gossip-streams.ts";
import { decodeSerfMessage, serfType } from "../../../shared/wire/serf-messages.ts";
import {
  decodeAckPayload,
  decodeConflictResponse,
  decodeFilter,
  decodeKeyRequest,
  decodeKeyResponse,
  decodeTags,
} from "../../../shared/wire/serf-payloads.ts";
import { framingWith, plainFraming } from "../../support/gossip-framing.ts";
import { fromHex, gossipVectors, vectorNamed } from "../../support/gossip-vectors.ts";

const keyOf = (key: string | undefined) => (key === undefined ? [] : [fromHex(key)]);

/** Everything that reads bytes of this kind, so that a mutation meets all of them. */
function readEverything(bytes: Uint8Array, key: string | undefined): void {
  const framing = framingWith(keyOf(key));
  const opened = openPacket(bytes, framing);
  if (opened.ok) {
    for (const message of opened.value.messages) {
      if (message.kind === "user") decodeSerfMessage(message.payload);
      if (message.kind === "alive") decodeTags(message.meta);
      if (message.kind === "ack") decodeAckPayload(message.payload);
    }
  }
  const progress = createStreamReader(framing, "dialler").read(bytes);
  if (progress.kind === "message" && progress.message.kind === "pushPull") {
    decodeSerfMessage(progress.message.userState);
  }
  decodeSerfMessage(bytes);
  for (const decode of [decodeFilter, decodeConflictResponse, decodeKeyRequest, decodeKeyResponse])
    decode(bytes);
}

describe("hostile bytes", () => {
  const wire = gossipVectors.filter((vector) => vector.transport !== "lzw" && vector.transport !== "vivaldi");

  it("survives every vector cut at every byte", () => {
    for (const vector of wire) {
      const bytes = fromHex(vector.hex);
      const step = Math.max(1, Math.floor(bytes.length / 200));
      for (let length = 0; length < bytes.length; length += step) {
        readEverything(bytes.subarray(0, length), vector.key);
      }
    }
  });

  it("passes over keys that every JavaScript object has", () => {
    const inherited = Object.getOwnPropertyNames(Object.prototype);
    expect(inherited).toContain("valueOf"); // called on nothing, it throws
    for (const key of inherited) {
      const fields = { [key]: 5, SeqNo: 7, LTime: 9, Node: "b" };
      // A literal's "__proto__" would be its prototype.
      const body = encodeMsgpack(new Map([...Object.entries(fields), ["__proto__", 5] as const]));
      for (let type = 0; type <= 13; type += 1)
        readEverything(concatBytes([Uint8Array.of(type), body]), undefined);
      expect(decodePacketMessage(concatBytes([Uint8Array.of(messageType.nack), body]))).toEqual({
        ok: true,
        value: { kind: "nack", sequence: 7 },
      });
      expect(decodeSerfMessage(concatBytes([Uint8Array.of(serfType.join), body]))).toEqual({
        ok: true,
        value: { kind: "join", time: 9, node: "b" },
      });
    }
  });

  it("survives flipped bits, in the packet and inside its encryption and compression", () => {
    let random = 7;
    const draw = (below: number) => {
      const next = nextRandom(random);
      random = next.state;
      return Math.floor(next.value * below);
    };
    for (const vector of wire) {
      const bytes = fromHex(vector.hex);
      for (let round = 0; round < 60; round++) {
        const broken = bytes.slice();
        for (let flips = draw(4); flips >= 0; flips--) {
          const at = draw(broken.length);
          broken[at] = (broken[at] as number) ^ (1 << draw(8));
        }
        readEverything(broken, vector.key);
        readEverything(compress(broken), undefined);
      }
    }
  });

  it("takes no packet of another key, and none changed on the way", () => {
    for (const vector of wire.filter(({ key, transport }) => key !== undefined && transport === "udp")) {
      const label = new TextEncoder().encode((vector.decoded.label as string | undefined) ?? "");
      const bytes = fromHex(vector.hex);
      expect(openPacket(bytes, framingWith([new Uint8Array(32)], { label }))).toEqual({
        ok: false,
        error: "No installed keys could decrypt the message",
      });
      const changed = bytes.slice();
      const last = changed.length - 1;
      changed[last] = (changed[last] as number) ^ 1;
      expect(openPacket(changed, framingWith(keyOf(vector.key), { label })).ok).toBe(false);
    }
  });

  it("unpacks no more than the limit from a packet, however it is nested", () => {
    const user = concatBytes([Uint8Array.of(messageType.user), new Uint8Array(200_000)]);
    const bomb = compress(user);
    expect(bomb.length).toBeLessThan(2_000);
    const four = openPacket(bundle([bomb, bomb, bomb, bomb]), plainFraming);
    expect(four).toMatchObject({ ok: true, value: { dropped: 3 } });
    const nested = openPacket(compress(compress(compress(compress(compress(bomb))))), plainFraming);
    expect(nested).toMatchObject({ ok: true, value: { messages: [], dropped: 1 } });
    expect(openPacket(new Uint8Array(limits.gossipDatagramBytesMax + 1), plainFraming).ok).toBe(false);
  });

  it("unpacks no stream beyond the limit", () => {
    const bomb = compress(new Uint8Array(25 << 20));
    expect(createStreamReader(plainFraming, "dialler").read(bomb)).toMatchObject({
      kind: "failed",
      error: `lzw: more than ${limits.gossipStreamBytesMax} bytes come out`,
    });
  });

  it("refuses announced sizes before it holds anything", () => {
    const encrypted = createStreamReader(framingWith([new Uint8Array(16)]), "dialler");
    expect(encrypted.read(fromHex("0affffffff")).kind).toBe("failed");
    const state = encodeTyped(messageType.pushPull, { Nodes: 1, UserStateLen: 21 << 20, Join: true });
    expect(createStreamReader(plainFraming, "dialler").read(state).kind).toBe("failed");
    const nodes = encodeTyped(messageType.pushPull, { Nodes: 1 << 30, UserStateLen: 0, Join: true });
    expect(createStreamReader(plainFraming, "dialler").read(nodes).kind).toBe("failed");
    const user = encodeTyped(messageType.user, { UserMsgLen: 2 ** 31 });
    expect(createStreamReader(plainFraming, "dialler").read(user).kind).toBe("failed");
    const list = fromHex("0281a64576656e7473ddffffffff"); // serf push/pull with four thousand million events
    expect(decodeSerfMessage(list).ok).toBe(false);
  });

  it("stops reading a stream that never ends", () => {
    const reader = createStreamReader(plainFraming, "dialler");
    const head = encodeTyped(messageType.compress, { Algo: 0 });
    const open = concatBytes([head.subarray(0, 1), fromHex("82a4416c676f00a3427566db7fffffff")]);
    let last = reader.read(open);
    for (let sent = 0; sent < 21 && last.kind === "more"; sent++) last = reader.read(new Uint8Array(1 << 20));
    expect(last.kind).toBe("failed");
    expect(reader.heldBytes()).toBe(0);
  });

  it("takes the shapes that crash old agents as nothing", () => {
    expect(openPacket(fromHex("07010000"), plainFraming)).toMatchObject({
      ok: true,
      value: { messages: [], dropped: 1 },
    });
    expect(openPacket(compress(new Uint8Array(0)), plainFraming)).toMatchObject({
      ok: true,
      value: { messages: [], dropped: 1 },
    });
    expect(decodeKeyRequest(new Uint8Array(0)).ok).toBe(false);
    expect(decodeFilter(new Uint8Array(0)).ok).toBe(false);
  });

  it("counts the broken parts of a compound and keeps the others", () => {
    const ping = fromHex(vectorNamed("udp-ping").hex);
    const opened = openPacket(bundle([ping, fromHex("04ff"), ping]), plainFraming);
    expect(opened).toMatchObject({
      ok: true,
      value: { messages: [{ kind: "ping" }, { kind: "ping" }], dropped: 1 },
    });
    const cut = bundle([ping, ping]).subarray(0, ping.length + 8);
    expect(openPacket(cut, plainFraming)).toMatchObject({
      ok: true,
      value: { messages: [{ kind: "ping" }], dropped: 1 },
    });
  });
});
