// Port 8300 of a server: one HTTP listener whose WebSockets are peers (/v1/peer) and agents' links (/v1/link).
// Decides only who may come in; what they say goes to the handlers. What is no HTTP is refused with a log line.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Result } from "../../../shared/base/result.ts";
import { fail } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import type { RaftMessage, ServerId } from "../../../shared/raft/types.ts";
import type { Log } from "../../../worker/server/ports.ts";
import { createServer } from "../node-http.ts";
import type { HostLinks, LinkHandlers } from "./agent-links.ts";
import { decodePeerFrame, encodePeerMessage, packPeerFrames, type PeerMessage } from "./peer-frames.ts";
import { createPeerGate, linkToken, type PeerCredentials, sameText } from "./peer-proof.ts";
import { isFrom } from "./peers.ts";
import { refusalLog } from "./refusal-log.ts";

/** Calls of one peer that wait for their answer here. */
const callsInFlightMax = 10_000;
const headerMillis = 5_000;

export type PeerHandlers = LinkHandlers & {
  raft(from: ServerId, messages: readonly RaftMessage[]): readonly RaftMessage[];
  call(from: ServerId, method: string, request: unknown): Promise<Result<unknown, ServerError>>;
};

export type ServerPortOptions = {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly credentials: PeerCredentials;
  readonly links: HostLinks;
  readonly handlers: PeerHandlers;
  readonly log: Log;
};

export type ServerPort = { readonly port: number; close(): void };

/** Resolves once the port is open; rejects with Node's error (EADDRINUSE, …) when it cannot be. */
export function listenServerPort(options: ServerPortOptions): Promise<ServerPort> {
  const { credentials, log } = options;
  const gate = createPeerGate(credentials, () => Date.now());
  const refused = refusalLog(log);
  const peerSockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.peerFrameBytesMax,
    perMessageDeflate: false,
  });
  const linkSockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.linkFrameBytesMax,
    perMessageDeflate: false,
  });
  const server = createServer({
    maxHeaderSize: 16_384,
    headersTimeout: headerMillis,
    requestTimeout: headerMillis,
  });
  server.maxConnections = limits.serverPortConnectionsMax;

  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const isPeer = request.method === "GET" && request.url === "/v1/peer";
    const body = isPeer ? JSON.stringify(gate.greeting()) : explanation;
    const type = isPeer ? "application/json" : "text/plain; charset=utf-8";
    response.writeHead(isPeer ? 200 : 426, { "Content-Type": type, Connection: "close" }).end(body);
    if (!isPeer) refused(request.socket.remoteAddress, `${request.method} ${request.url} is not served here`);
  });
  server.on("clientError", (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket) => {
    if (error.code !== "ECONNRESET") refused(socket.remoteAddress, noHttp(error));
    socket.destroy();
  });
  server.on("drop", (data) => refused(data?.remoteAddress, "too many connections"));
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => {});
    const path = (request.url ?? "").split("?")[0];
    const deny = (status: number, reason: string): void => {
      refused(request.socket.remoteAddress, reason);
      socket.end(
        `HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n` +
          `Content-Length: ${Buffer.byteLength(reason)}\r\n\r\n${reason}`,
      );
    };
    if (path === "/v1/link") {
      if (!mayLink(credentials, request)) return deny(403, linkRefusal);
      linkSockets.handleUpgrade(request, socket, head, (open) =>
        options.links.accept(open, options.handlers),
      );
      return;
    }
    if (path !== "/v1/peer") return deny(404, "there are /v1/peer and /v1/link here");
    const admitted = gate.admit(String(request.headers["legate-peer"] ?? ""));
    if ("status" in admitted) return deny(admitted.status, admitted.reason);
    peerSockets.once("headers", (headers) => headers.push(`Legate-Peer-Proof: ${admitted.proof}`));
    peerSockets.handleUpgrade(request, socket, head, (open) => {
      servePeer(open, admitted.id as ServerId, options.handlers, log);
    });
  });

  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.off("error", reject);
      server.on("error", (error) => log("error", "server: port failed", { error: error.message }));
      resolve({
        port: (server.address() as AddressInfo).port,
        close() {
          server.close();
          for (const client of peerSockets.clients) client.terminate();
          options.links.close();
          server.closeAllConnections();
        },
      });
    });
  });
}

const explanation =
  "This is the port of a Legate server: its peers and agents connect here with WebSockets. The HTTP API is on port 8500.\n";
const linkRefusal = "this datacenter has a gossip key: give this agent the same -encrypt";

/** Agents of a datacenter with a gossip key show that they have it, too. */
function mayLink(credentials: PeerCredentials, request: IncomingMessage): boolean {
  const secrets = credentials.secrets();
  if (secrets.length === 0) return true;
  const given = (request.headers.authorization ?? "").replace(/^Bearer +/i, "");
  return secrets.some((secret) => sameText(given, linkToken(secret, credentials.datacenter)));
}

/** A peer that dialled us: takes its raft messages and calls, answers on the same socket. */
function servePeer(socket: WebSocket, peer: ServerId, handlers: PeerHandlers, log: Log): void {
  let outbox: string[] = [];
  let calls = 0;
  let why = "";
  log("debug", "server.peer: a server connected", { server: peer });

  function post(message: PeerMessage): void {
    const text = encodePeerMessage(message);
    if (text === null || socket.readyState !== socket.OPEN) return;
    outbox.push(text);
    if (outbox.length > 1) return;
    queueMicrotask(() => {
      const messages = outbox;
      outbox = [];
      if (socket.bufferedAmount > limits.peerBufferedBytesMax) socket.terminate();
      else for (const frame of packPeerFrames(messages)) socket.send(frame, () => {});
    });
  }

  function refuse(reason: string): void {
    log("warn", "server.peer: closed a connection", { server: peer, why: reason });
    socket.close(1008, reason);
  }

  function handle(message: PeerMessage): string | null {
    if (message.t === "raft") {
      if (!message.messages.every((one) => isFrom(one, peer))) return "it speaks for another server";
      // Shape and content are checked by raft's decoder.
      const answers = handlers.raft(peer, message.messages as readonly RaftMessage[]);
      if (answers.length > 0) post({ t: "raft", messages: answers });
    } else if (message.t === "call") {
      const { id } = message;
      if (calls >= callsInFlightMax) {
        post({ t: "answer", id, answer: fail(serverError("tooBusy", "this server")) });
        return null;
      }
      calls += 1;
      void handlers.call(peer, message.method, message.request).then((answer) => {
        calls -= 1;
        post({ t: "answer", id, answer });
      });
    }
    return null;
  }

  socket.on("message", (data, isBinary) => {
    const messages = isBinary ? "a frame is text" : decodePeerFrame(data.toString());
    if (typeof messages === "string") return refuse(messages);
    for (const message of messages) {
      const wrong = handle(message);
      if (wrong !== null) return refuse(wrong);
    }
  });
  socket.on("error", (error) => {
    why = error.message;
  });
  socket.on("close", () => log("debug", "server.peer: a server hung up", { server: peer, why }));
}

/** Consul's agents begin with one byte that says which of their protocols follows; 8 is the last one. */
function noHttp({ code, rawPacket }: NodeJS.ErrnoException & { rawPacket?: Buffer }): string {
  const first = rawPacket?.[0];
  return first !== undefined && first <= 8
    ? "an agent of Consul? It can be a member of this pool, but has to ask servers of its own kind"
    : `what it says is no HTTP (${code})`;
}
