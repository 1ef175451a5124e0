// Streams: one message each way over a TCP connection, push/pull above all. Layers, outermost first:
//   [f4 label]? [0a length:u32 encrypted block]? [09 compressed]? message      (the label only from the dialling side)
// A sender does not close its half, so the end of a message follows from its content. Source: sections 5.2–5.4 and 7.

import { concatBytes, createByteWriter } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { PushPull, PushPullNode, StreamMessage } from "../gossip/types.ts";
import { limits } from "../limits.ts";
import { decryptBlock, encryptBlock, encryptedLength } from "./gossip-encryption.ts";
import {
  encodePacketMessage,
  encodeTyped,
  messageType,
  pushPullNodeValue,
  readPushPullNode,
  readTyped,
} from "./gossip-messages.ts";
import {
  type MsgpackReader,
  readBoolean,
  readInteger,
  readMap,
  readMsgpack,
  readText,
  skipValue,
  structValue,
  writeValue,
} from "./gossip-msgpack.ts";
import { compress, decompress, type GossipFraming, labelHeader } from "./gossip-packets.ts";

/** "dialler" opened the connection and sends the label; "acceptor" answers without one. */
export type StreamSide = "dialler" | "acceptor";

// ---- writing

/** All bytes that this side sends. */
export function sealStream(message: StreamMessage, framing: GossipFraming, side: StreamSide): Uint8Array {
  let body = encodeStreamMessage(message);
  if (framing.compress) body = compress(body); // always on streams, even when it grows: so do the others
  if (framing.keyring.length > 0 && framing.verifyOutgoing) body = encryptStream(body, framing);
  const labelled = side === "dialler" && framing.label.length > 0;
  return labelled ? concatBytes([labelHeader(framing.label), body]) : body;
}

function encryptStream(plain: Uint8Array, framing: GossipFraming): Uint8Array {
  const header = createByteWriter();
  header.byte(messageType.encrypt);
  header.uint32(encryptedLength(plain.length, 1));
  const head = header.finish();
  const additional = concatBytes([head, framing.label]);
  return concatBytes([head, encryptBlock(plain, framing.keyring, additional, framing.cipher)]);
}

export function encodeStreamMessage(message: StreamMessage): Uint8Array {
  switch (message.kind) {
    case "pushPull":
      return encodePushPull(message);
    case "user": {
      const head = encodeTyped(messageType.user, { UserMsgLen: message.payload.length });
      return concatBytes([head, message.payload]);
    }
    case "error":
      return encodeTyped(messageType.error, { Error: message.message });
    default:
      return encodePacketMessage(message);
  }
}

function encodePushPull(message: PushPull): Uint8Array {
  const writer = createByteWriter();
  writer.byte(messageType.pushPull);
  const head = { Nodes: message.nodes.length, UserStateLen: message.userState.length, Join: message.join };
  writeValue(writer, structValue(head));
  for (const node of message.nodes) writeValue(writer, pushPullNodeValue(node));
  writer.bytes(message.userState);
  return writer.finish();
}

// ---- reading

export type StreamProgress =
  | { readonly kind: "more" }
  | { readonly kind: "message"; readonly message: StreamMessage }
  /** `answer`: what to tell the other side before closing; null to close without a word. */
  | { readonly kind: "failed"; readonly error: string; readonly answer: string | null };

export type StreamReader = {
  /** Takes the next bytes. After "message" or "failed" nothing more is read. */
  read(chunk: Uint8Array): StreamProgress;
  /** How much memory is held: the driver bounds the sum over all connections. */
  heldBytes(): number;
};

/** Reads what the other side sends; `side` is the other side's. */
export function createStreamReader(framing: GossipFraming, side: StreamSide): StreamReader {
  let buffer = new Uint8Array(0);
  let length = 0;
  let needed = 1;
  let done: StreamProgress | null = null;
  const pushPull = createPushPullReader();

  function append(chunk: Uint8Array): void {
    if (length + chunk.length > buffer.length) {
      const larger = new Uint8Array(Math.max(length + chunk.length, buffer.length * 2));
      larger.set(buffer.subarray(0, length));
      buffer = larger;
    }
    buffer.set(chunk, length);
    length += chunk.length;
  }

  function attempt(): Attempt {
    const all = buffer.subarray(0, length);
    const start = side === "dialler" ? labelLength(all, framing.label) : ok(0);
    if (!start.ok) return { kind: "failed", error: start.error, answer: null };
    if (start.value < 0 || all.length <= start.value) return { kind: "more", needed: length + 1 };
    const body = all.subarray(start.value);
    if (body[0] === messageType.encrypt) return readEncrypted(body, framing, start.value);
    if (framing.keyring.length > 0 && framing.verifyIncoming) {
      const text = "Encryption is configured but remote state is not encrypted";
      return { kind: "failed", error: text, answer: text };
    }
    return readPlain(body, start.value, pushPull);
  }

  return {
    heldBytes: () => buffer.length,
    read(chunk) {
      if (done !== null) return done;
      if (length + chunk.length > limits.gossipStreamBytesMax) {
        done = { kind: "failed", error: "a stream message that is too long", answer: null };
      } else {
        append(chunk);
        if (length < needed) return { kind: "more" };
        const progress = attempt();
        if (progress.kind === "more") {
          needed = progress.needed;
          return { kind: "more" };
        }
        done = progress;
      }
      buffer = new Uint8Array(0);
      length = 0;
      return done;
    },
  };
}

type Attempt = Exclude<StreamProgress, { kind: "more" }> | { readonly kind: "more"; readonly needed: number };

const broken = (error: string): Attempt => ({ kind: "failed", error, answer: error });

/** Bytes of the label header; -1 when more must come; an error when it is not ours. */
function labelLength(bytes: Uint8Array, expected: Uint8Array): Result<number, string> {
  if (bytes.length === 0) return ok(-1);
  if (bytes[0] !== messageType.label) {
    return expected.length === 0 ? ok(0) : fail("a stream without the label of this pool");
  }
  const size = bytes[1];
  if (size === undefined) return ok(-1);
  if (size === 0 || size !== expected.length) return fail("the label of another pool");
  if (bytes.length < 2 + size) return ok(-1);
  const same = expected.every((byte, at) => byte === bytes[2 + at]);
  return same ? ok(2 + size) : fail("the label of another pool");
}

function readEncrypted(body: Uint8Array, framing: GossipFraming, offset: number): Attempt {
  if (framing.keyring.length === 0) {
    const text = "Remote state is encrypted and encryption is not configured";
    return { kind: "failed", error: text, answer: text };
  }
  if (body.length < 5) return { kind: "more", needed: offset + 5 };
  const size = new DataView(body.buffer, body.byteOffset).getUint32(1);
  if (size > limits.gossipStreamBytesMax) return broken("an encrypted message that is too long");
  if (body.length < 5 + size) return { kind: "more", needed: offset + 5 + size };
  const additional = concatBytes([body.subarray(0, 5), framing.label]);
  const plain = decryptBlock(body.subarray(5, 5 + size), framing.keyring, additional, framing.cipher);
  return plain.ok ? readWhole(plain.value) : broken(plain.error);
}

/** A body of which all bytes are here. */
function readWhole(body: Uint8Array): Attempt {
  const progress = readPlain(body, 0, createPushPullReader());
  return progress.kind === "more" ? broken("the message ends too early") : progress;
}

function readPlain(body: Uint8Array, offset: number, pushPull: PushPullReader): Attempt {
  const reader = readMsgpack(body, 1);
  switch (body[0]) {
    case messageType.pushPull:
      return pushPull.read(body, offset);
    case messageType.compress:
      return readCompressedBody(body, offset);
    case messageType.user:
      return readUser(reader, offset);
    case messageType.error: {
      let message = "";
      readMap(reader, (key) => {
        if (key === "Error") message = readText(reader, limits.gossipDatagramBytesMax);
        else skipValue(reader);
      });
      return settle(reader, offset, { kind: "error", message });
    }
    case messageType.ping:
    case messageType.ack: {
      const message = readTyped(reader, body[0]);
      const wanted = message?.kind === "ping" || message?.kind === "ack" ? message : null;
      return settle(reader, offset, wanted);
    }
    default:
      return { kind: "failed", error: `message type ${body[0]} on a stream`, answer: null };
  }
}

/** The message, a wait for more bytes, or what is wrong with those that are here. */
function settle(reader: MsgpackReader, offset: number, message: StreamMessage | null): Attempt {
  if (reader.short) return { kind: "more", needed: offset + reader.bytes.length + 1 };
  if (reader.failure !== null || message === null) return broken(reader.failure ?? "a broken message");
  return { kind: "message", message };
}

function readCompressedBody(body: Uint8Array, offset: number): Attempt {
  const reader = readMsgpack(body, 1);
  skipValue(reader); // finds the end without unpacking anything
  if (reader.short) return { kind: "more", needed: offset + body.length + 1 };
  const plain = decompress(body, limits.gossipStreamBytesMax);
  if (!plain.ok) return broken(plain.error);
  if (plain.value[0] === messageType.compress) return broken("compressed twice");
  return readWhole(plain.value);
}

function readUser(reader: MsgpackReader, offset: number): Attempt {
  let size = 0;
  readMap(reader, (key) => {
    if (key === "UserMsgLen") size = readInteger(reader, limits.gossipUserStateBytesMax);
    else skipValue(reader);
  });
  const head = settle(reader, offset, { kind: "user", payload: new Uint8Array(0) });
  if (head.kind !== "message") return head;
  if (reader.bytes.length < reader.at + size) return { kind: "more", needed: offset + reader.at + size };
  return {
    kind: "message",
    message: { kind: "user", payload: reader.bytes.slice(reader.at, reader.at + size) },
  };
}

type PushPullReader = { read(body: Uint8Array, offset: number): Attempt };

/** Goes on where it stopped, a member at a time: a large state in many segments is not read again from its start. */
function createPushPullReader(): PushPullReader {
  let head: { nodes: number; stateBytes: number; join: boolean } | null = null;
  let at = 1;
  const nodes: PushPullNode[] = [];

  function readHead(reader: MsgpackReader): { nodes: number; stateBytes: number; join: boolean } {
    const read = { nodes: 0, stateBytes: 0, join: false };
    readMap(reader, (key) => {
      if (key === "Nodes") read.nodes = readInteger(reader, limits.gossipPushPullNodesMax);
      else if (key === "UserStateLen") read.stateBytes = readInteger(reader, limits.gossipUserStateBytesMax);
      else if (key === "Join") read.join = readBoolean(reader);
      else skipValue(reader);
    });
    return read;
  }

  return {
    read(body, offset) {
      const reader = readMsgpack(body, at);
      const waitOrFail = (): Attempt =>
        reader.short
          ? { kind: "more", needed: offset + body.length + 1 }
          : broken(reader.failure ?? "broken");
      if (head === null) {
        const read = readHead(reader);
        if (reader.failure !== null) return waitOrFail();
        head = read;
        at = reader.at;
      }
      while (nodes.length < head.nodes) {
        const node = readPushPullNode(reader);
        if (!node.ok) return waitOrFail();
        nodes.push(node.value);
        at = reader.at;
      }
      const end = at + head.stateBytes;
      if (body.length < end) return { kind: "more", needed: offset + end };
      return {
        kind: "message",
        message: { kind: "pushPull", join: head.join, nodes, userState: body.slice(at, end) },
      };
    },
  };
}
