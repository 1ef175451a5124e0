// Every captured packet and stream is read as what it is, and written again byte for byte.

import { describe, expect, it } from "vitest";
import type {
  GossipAddress,
  PacketMessage,
  PushPullNode,
  StreamMessage,
} from "../../../shared/gossip/types.ts";
import type { SerfMessage } from "../../../shared/serf/types.ts";
import { encodePacketMessage } from "../../../shared/wire/gossip-messages.ts";
import {
  bundle,
  compress,
  type GossipFraming,
  labelHeader,
  openPacket,
  withChecksum,
} from "../../../shared/wire/gossip-packets.ts";
import { createStreamReader, encodeStreamMessage } from "../../../shared/wire/gossip-streams.ts";
import { encryptBlock } from "../../../shared/wire/gossip-encryption.ts";
import { decodeSerfMessage, encodeSerfMessage } from "../../../shared/wire/serf-messages.ts";
import { decodeTags, encodeTags } from "../../../shared/wire/serf-payloads.ts";
import { concatBytes } from "../../../shared/base/bytes.ts";
import { framingWith } from "../../support/gossip-framing.ts";
import {
  type Decoded,
  fromHex,
  gossipVectors,
  type GossipVector,
  toHex,
} from "../../support/gossip-vectors.ts";

/** A message with the field names of the vectors. */
function described(message: PacketMessage | StreamMessage): Decoded {
  switch (message.kind) {
    case "ping":
      return { Node: message.node, SeqNo: message.sequence, ...source(message.source) };
    case "indirectPing":
      return {
        Nack: message.nack,
        Node: message.node,
        ...address(message.target, "Target", "Port"),
        SeqNo: message.sequence,
        ...source(message.source),
      };
    case "ack":
      return { Payload: message.payload.length === 0 ? null : hex(message.payload), SeqNo: message.sequence };
    case "nack":
      return { SeqNo: message.sequence };
    case "suspect":
    case "dead":
      return { From: message.from, Incarnation: message.incarnation, Node: message.node };
    case "alive":
      return {
        ...address(message.address, "Addr", "Port"),
        Incarnation: message.incarnation,
        Meta: hex(message.meta),
        Node: message.node,
        Vsn: hex(message.versions),
      };
    case "error":
      return { Error: message.message };
    default:
      throw new Error(`${message.kind} is compared elsewhere`);
  }
}

function describedSerf(message: SerfMessage): Decoded {
  switch (message.kind) {
    case "join":
      return { LTime: message.time, Node: message.node };
    case "leave":
      return { LTime: message.time, Node: message.node, Prune: message.prune };
    case "userEvent":
      return { CC: message.coalesce, LTime: message.time, Name: message.name, Payload: hex(message.payload) };
    case "query":
      return {
        ...address(message.source, "Addr", "Port"),
        Filters: message.filters.length === 0 ? null : message.filters.map(hex),
        Flags: message.flags,
        ID: message.id,
        LTime: message.time,
        Name: message.name,
        Payload: hex(message.payload),
        RelayFactor: message.relayFactor,
        SourceNode: message.sourceNode,
        Timeout: message.timeoutNanos,
      };
    case "queryResponse":
      return {
        Flags: message.flags,
        From: message.from,
        ID: message.id,
        LTime: message.time,
        Payload: hex(message.payload),
      };
    case "relay":
      return { DestAddr: { ...address(message.to, "IP", "Port"), Zone: "" }, DestName: message.toName };
    case "pushPull":
      return {
        EventLTime: message.eventTime,
        Events: message.events.flatMap((slot) =>
          slot === null
            ? []
            : [
                {
                  Events: slot.events.map(({ name, payload }) => ({ Name: name, Payload: hex(payload) })),
                  LTime: slot.time,
                },
              ],
        ),
        LTime: message.time,
        LeftMembers: message.leftMembers,
        QueryLTime: message.queryTime,
        StatusLTimes: Object.fromEntries(message.statusTimes),
      };
    default:
      throw new Error("unreachable");
  }
}

const hex = (bytes: Uint8Array | null) => (bytes === null ? null : { $hex: toHex(bytes) });
const address = ({ ip, port }: GossipAddress, ipName: string, portName: string) => ({
  [ipName]: hex(ip),
  [portName]: port,
});
const source = (from: { node: string; address: GossipAddress } | null) =>
  from === null ? {} : { ...address(from.address, "SourceAddr", "SourcePort"), SourceNode: from.node };

/** The leaves of a vector's message tree, in order. */
function leaves(message: Decoded): Decoded[] {
  if (Array.isArray(message.parts)) return (message.parts as Decoded[]).flatMap(leaves);
  if (message.inner !== undefined && message.type === 9) return leaves(message.inner as Decoded);
  return [message];
}

function compareSerf(payload: Uint8Array, expected: Decoded): void {
  const serf = decodeSerfMessage(payload);
  if (!serf.ok) throw new Error(serf.error);
  expect(describedSerf(serf.value)).toEqual(expected.body);
  expect(toHex(encodeSerfMessage(serf.value))).toBe(toHex(payload));
  if (serf.value.kind === "relay") compareSerf(serf.value.inner, expected.inner as Decoded);
}

function compare(message: PacketMessage, expected: Decoded): void {
  if (message.kind === "user") compareSerf(message.payload, expected);
  else expect(described(message)).toEqual(expected.body);
  if (expected.tags !== undefined && message.kind === "alive") compareTags(message.meta, expected.tags);
}

function compareTags(meta: Uint8Array, expected: unknown): void {
  const tags = decodeTags(meta);
  expect(Object.fromEntries(tags)).toEqual(expected);
  expect(toHex(encodeTags(tags))).toBe(toHex(meta));
}

function framingOf(vector: GossipVector): GossipFraming {
  const encryption = vector.decoded.encryption as { nonceHex: string } | undefined;
  const label = new TextEncoder().encode((vector.decoded.label as string | undefined) ?? "");
  const keyring = vector.key === undefined ? [] : [fromHex(vector.key)];
  return framingWith(keyring, { label }, fromHex(encryption?.nonceHex ?? ""));
}

/** The layers of a vector, built by our own functions in the order the vector says. */
function rebuildPacket(vector: GossipVector, messages: readonly PacketMessage[], framing: GossipFraming) {
  const { decoded } = vector;
  const message = decoded.msg as Decoded;
  let bytes = bundle(messages.map(encodePacketMessage));
  if (message.type === 9) bytes = compress(bytes, message.initialClearCode as boolean);
  if (decoded.crc32 !== undefined) bytes = withChecksum(bytes);
  const encryption = decoded.encryption as { version: 0 | 1 } | undefined;
  if (encryption !== undefined) {
    bytes = encryptBlock(bytes, framing.keyring, framing.label, framing.cipher, encryption.version);
  }
  return framing.label.length === 0 ? bytes : concatBytes([labelHeader(framing.label), bytes]);
}

describe("captured packets", () => {
  const packets = gossipVectors.filter((vector) => vector.transport === "udp");
  it("are all there", () => expect(packets.length).toBe(36));

  for (const vector of packets) {
    it(`reads and writes ${vector.name}`, () => {
      const framing = framingOf(vector);
      const opened = openPacket(fromHex(vector.hex), framing);
      if (!opened.ok) throw new Error(opened.error);
      expect(opened.value.dropped).toBe(0);
      const expected = leaves(vector.decoded.msg as Decoded);
      expect(opened.value.messages.length).toBe(expected.length);
      opened.value.messages.forEach((message, at) => {
        compare(message, expected[at] as Decoded);
      });
      expect(toHex(rebuildPacket(vector, opened.value.messages, framing))).toBe(vector.hex);
    });
  }
});

function compareStream(message: StreamMessage, decoded: Decoded): void {
  if (message.kind !== "pushPull") {
    expect(described(message)).toEqual(decoded.body);
    return;
  }
  const header = { Join: message.join, Nodes: message.nodes.length, UserStateLen: message.userState.length };
  expect(header).toEqual(decoded.header);
  const nodes = decoded.nodes as Decoded[];
  expect(message.nodes.map(describedNode)).toEqual(nodes.map(({ tags: _, ...node }) => node));
  message.nodes.forEach((node, at) => {
    if (nodes[at]?.tags !== undefined) compareTags(node.meta, nodes[at]?.tags);
  });
  compareSerf(message.userState, decoded.userState as Decoded);
}

function describedNode(node: PushPullNode): Decoded {
  return {
    ...address(node.address, "Addr", "Port"),
    Incarnation: node.incarnation,
    Meta: hex(node.meta),
    Name: node.name,
    State: ["alive", "suspect", "dead", "left"].indexOf(node.state),
    Vsn: hex(node.versions),
  };
}

describe("captured streams", () => {
  const streams = gossipVectors.filter((vector) => vector.transport === "tcp");
  it("are all there", () => expect(streams.length).toBe(15));

  for (const vector of streams) {
    it(`reads ${vector.name} in one piece and in pieces of 7 bytes, and writes it`, () => {
      const framing = framingOf(vector);
      const bytes = fromHex(vector.hex);
      const whole = createStreamReader(framing, "dialler").read(bytes);
      if (whole.kind !== "message") throw new Error(JSON.stringify(whole));
      compareStream(whole.message, vector.decoded);

      const pieces = createStreamReader(framing, "dialler");
      for (let at = 0; at < bytes.length; at += 7) {
        const progress = pieces.read(bytes.subarray(at, at + 7));
        if (at + 7 < bytes.length) expect(progress.kind).toBe("more");
        else expect(progress).toEqual(whole);
      }

      const { compress: compressed, encryption } = vector.decoded as {
        compress?: { initialClearCode: boolean };
        encryption?: { length: number };
      };
      let written = encodeStreamMessage(whole.message);
      if (compressed !== undefined) written = compress(written, compressed.initialClearCode);
      if (encryption !== undefined) {
        const head = fromHex(`0a${encryption.length.toString(16).padStart(8, "0")}`);
        const additional = concatBytes([head, framing.label]);
        written = concatBytes([head, encryptBlock(written, framing.keyring, additional, framing.cipher)]);
      }
      if (framing.label.length > 0) written = concatBytes([labelHeader(framing.label), written]);
      expect(toHex(written)).toBe(vector.hex);
    });
  }
});
