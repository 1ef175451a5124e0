// The Peers port over WebSockets: one connection that this server dialled to each other one, made when there is
// something to say. Raft messages are dropped rather than kept for long, because raft sends again what matters.

import type { WebSocket } from "ws";
import type { Millis } from "../../../shared/base/brand.ts";
import { fail, type Result } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import type { RaftMessage, ServerId } from "../../../shared/raft/types.ts";
import type { Log, Peers } from "../../../worker/server/ports.ts";
import { dialPeer } from "./peer-dial.ts";
import { decodePeerFrame, encodePeerMessage, packPeerFrames, type PeerMessage } from "./peer-frames.ts";
import type { PeerCredentials } from "./peer-proof.ts";

const pingMillis: Millis = 2_000;
/** A peer that said nothing for so long, pings included, is gone however open its connection looks. */
const silentMillis: Millis = 6_000;
/** A leader answers within its own hold time; this only bounds the table. */
const callMillis: Millis = 60_000;
/** First and longest pause after a connection that failed; raft's heartbeats ask anew. */
const redialMillisMin: Millis = 50;
const redialMillisMax: Millis = 1_000;

type Answer = Result<unknown, ServerError>;

type Line = {
  readonly peer: ServerId;
  socket: WebSocket | null;
  dialing: boolean;
  failures: number;
  redialAt: Millis;
  heardAt: Millis;
  /** Why it is not connected, said once. */
  reason: string;
  raft: RaftMessage[];
  outbox: string[];
  flushing: boolean;
  readonly calls: Map<number, { readonly settle: (answer: Answer) => void; sent: boolean }>;
};

export type HostPeers = Peers & { close(): void };

export type HostPeersOptions = {
  readonly credentials: PeerCredentials;
  /** "host:port" of a server; null when it is not known (any more). */
  addressOf(peer: ServerId): string | null;
  /** Raft messages of a peer on our own connection to it: answers to what was sent. */
  answered(peer: ServerId, messages: readonly RaftMessage[]): void;
  unreachable(peer: ServerId): void;
  readonly log: Log;
};

/** Connections to nobody yet. */
export function createHostPeers(options: HostPeersOptions): HostPeers {
  const { log } = options;
  const lines = new Map<ServerId, Line>();
  let closed = false;
  let nextCall = 1;
  const pinger = setInterval(() => lines.forEach(keepAlive), pingMillis);
  pinger.unref();

  function lineOf(peer: ServerId): Line {
    let line = lines.get(peer);
    if (line === undefined) {
      line = {
        peer,
        socket: null,
        dialing: false,
        failures: 0,
        redialAt: 0,
        heardAt: 0,
        reason: "",
        raft: [],
        outbox: [],
        flushing: false,
        calls: new Map(),
      };
      lines.set(peer, line);
    }
    return line;
  }

  /** All of one turn leaves in one frame. */
  function flushSoon(line: Line): void {
    if (line.flushing) return;
    line.flushing = true;
    queueMicrotask(() => {
      line.flushing = false;
      if (line.socket !== null) flush(line, line.socket);
      else connect(line);
    });
  }

  function flush(line: Line, socket: WebSocket): void {
    const messages = line.outbox;
    line.outbox = [];
    if (line.raft.length > 0) {
      const text = encodePeerMessage({ t: "raft", messages: line.raft });
      line.raft = [];
      if (text !== null) messages.unshift(text);
    }
    for (const call of line.calls.values()) call.sent = true;
    for (const frame of packPeerFrames(messages)) socket.send(frame, () => {});
    if (socket.bufferedAmount > limits.peerBufferedBytesMax) lose(line, socket, "it takes nothing any more");
  }

  function connect(line: Line): void {
    if (line.dialing || closed) return;
    const address = Date.now() < line.redialAt ? null : options.addressOf(line.peer);
    if (address === null) {
      if (Date.now() >= line.redialAt) line.reason ||= "its address is not known";
      give(line);
      return;
    }
    line.dialing = true;
    void dialPeer(address, line.peer, options.credentials).then((dialled) => {
      line.dialing = false;
      if (closed) {
        if (dialled.ok) dialled.value.terminate();
      } else if (dialled.ok) opened(line, dialled.value);
      else {
        if (line.reason !== dialled.error) {
          line.reason = dialled.error;
          log("warn", "server.peer: cannot reach a server", { server: line.peer, address, why: line.reason });
        }
        line.failures += 1;
        const pause = Math.min(redialMillisMin * 2 ** Math.min(line.failures, 10), redialMillisMax);
        line.redialAt = Date.now() + pause;
        give(line);
      }
    });
  }

  function opened(line: Line, socket: WebSocket): void {
    line.socket = socket;
    line.heardAt = Date.now();
    line.failures = 0;
    line.reason = "";
    log("debug", "server.peer: connected", { server: line.peer });
    let why = "";
    socket.on("message", (data, isBinary) => {
      line.heardAt = Date.now();
      const wrong = isBinary ? "a frame is text" : receive(line, data.toString());
      if (wrong !== null) lose(line, socket, wrong);
    });
    socket.on("pong", () => {
      line.heardAt = Date.now();
    });
    socket.on("error", (error) => {
      why = error.message;
    });
    socket.on("close", (code, text) => lose(line, socket, why || text.toString() || `closed with ${code}`));
    flush(line, socket);
  }

  function receive(line: Line, text: string): string | null {
    const messages = decodePeerFrame(text);
    if (typeof messages === "string") return messages;
    for (const message of messages) {
      if (message.t === "answer") {
        const call = line.calls.get(message.id);
        line.calls.delete(message.id);
        call?.settle(message.answer);
      } else if (message.t === "raft") {
        if (!message.messages.every((one) => isFrom(one, line.peer))) return "it speaks for another server";
        // Shape and content are checked by raft's decoder.
        options.answered(line.peer, message.messages as readonly RaftMessage[]);
      }
    }
    return null;
  }

  function lose(line: Line, socket: WebSocket, why: string): void {
    if (line.socket !== socket) return;
    line.socket = null;
    socket.on("error", () => {});
    socket.terminate();
    if (!closed) log("info", "server.peer: lost a server", { server: line.peer, why });
    give(line);
  }

  /** What waited for this connection hears that there is none; later, because raft may be in the middle of a step. */
  function give(line: Line): void {
    line.raft = [];
    line.outbox = [];
    const calls = [...line.calls.values()];
    line.calls.clear();
    setImmediate(() => {
      for (const call of calls) {
        call.settle(fail(serverError(call.sent ? "timeout" : "noServers", line.reason || line.peer)));
      }
      if (!closed) options.unreachable(line.peer);
    });
  }

  function keepAlive(line: Line): void {
    const { socket } = line;
    if (socket === null) return;
    if (Date.now() - line.heardAt > silentMillis) lose(line, socket, "it is silent");
    else socket.ping();
  }

  return {
    send(to, messages) {
      if (closed) return;
      const line = lineOf(to);
      line.raft.push(...messages);
      if (line.raft.length > limits.peerQueuedMessagesMax) {
        line.raft = line.raft.slice(-limits.peerQueuedMessagesMax);
      }
      flushSoon(line);
    },
    call(to, method, request) {
      if (closed) return Promise.resolve(fail(serverError("noServers", "this server stops")));
      const line = lineOf(to);
      const id = nextCall++;
      const message: PeerMessage = { t: "call", id, method, request };
      const text = encodePeerMessage(message);
      if (text === null) return Promise.resolve(fail(serverError("rejected", "the request is too large")));
      return new Promise((resolve) => {
        const timer = setTimeout(() => settle(fail(serverError("timeout", to))), callMillis);
        const settle = (answer: Answer): void => {
          clearTimeout(timer);
          line.calls.delete(id);
          resolve(answer);
        };
        line.calls.set(id, { settle, sent: false });
        line.outbox.push(text);
        flushSoon(line);
      });
    },
    close() {
      closed = true;
      clearInterval(pinger);
      for (const line of lines.values()) {
        if (line.socket !== null) lose(line, line.socket, "this server stops");
        else give(line);
      }
    },
  };
}

/** A peer speaks for itself only. */
export function isFrom(message: unknown, peer: string): boolean {
  return typeof message === "object" && message !== null && "from" in message && message.from === peer;
}
