// The DNS door in Node: one UDP socket and one TCP server on the same address, both in front of one handler.

import { Buffer } from "node:buffer";
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { type AddressInfo, createServer, isIPv6, type Server, type Socket } from "node:net";
import type { DnsHandler } from "../dns/handler.ts";
import type { Log } from "../ports.ts";

export type DnsListener = { readonly port: number; close(): Promise<void> };

export type DnsListenerOptions = {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly handle: DnsHandler;
  readonly log: Log;
};

/** Queries of one listener that wait for servers; more are dropped, clients ask again. */
const inFlightMax = 10_000;
const tcpConnectionsMax = 1_000;
const tcpIdleMillis = 10_000;

/** Resolves once both ports are open; rejects with Node's error when one cannot be. */
export async function listenDns(options: DnsListenerOptions): Promise<DnsListener> {
  const open = new Set<Socket>();
  const tcp = await listenTcp(options, open);
  const { port } = tcp.address() as AddressInfo;
  try {
    const udp = await listenUdp({ ...options, port });
    return {
      port,
      close: async () => {
        for (const socket of open) socket.destroy();
        await Promise.all([
          new Promise<void>((resolve) => udp.close(() => resolve())),
          new Promise<void>((resolve) => tcp.close(() => resolve())),
        ]);
      },
    };
  } catch (error) {
    tcp.close();
    throw error;
  }
}

function listenUdp(options: DnsListenerOptions): Promise<UdpSocket> {
  const socket = createSocket(isIPv6(options.host) ? "udp6" : "udp4");
  let inFlight = 0;
  socket.on("message", (packet, from) => {
    if (inFlight >= inFlightMax) return;
    inFlight++;
    void options.handle(packet, "udp").then((reply) => {
      inFlight--;
      if (reply === null) return;
      try {
        socket.send(reply, from.port, from.address, () => {}); // who does not listen any more asks again
      } catch {
        // closed while the query was answered
      }
    });
  });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(options.port, options.host, () => {
      socket.off("error", reject);
      socket.on("error", (error) => options.log("warn", "DNS UDP socket", { error: error.message }));
      resolve(socket);
    });
  });
}

function listenTcp(options: DnsListenerOptions, open: Set<Socket>): Promise<Server> {
  const server = createServer((socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    serveTcp(options.handle, socket);
  });
  server.maxConnections = tcpConnectionsMax;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.off("error", reject);
      server.on("error", (error) => options.log("warn", "DNS TCP listener", { error: error.message }));
      resolve(server);
    });
  });
}

/** Queries come one behind the other, each with its length in front (RFC 7766); so do the replies. */
function serveTcp(handle: DnsHandler, socket: Socket): void {
  let unread: Buffer = Buffer.alloc(0);
  let turn: Promise<void> = Promise.resolve();
  socket.setTimeout(tcpIdleMillis, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
    while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE(0)) {
      const end = 2 + unread.readUInt16BE(0);
      const packet = unread.subarray(2, end);
      unread = unread.subarray(end);
      socket.pause(); // one at a time: nobody makes us queue more than a chunk
      turn = turn.then(() => answerTcp(handle, socket, packet));
    }
    void turn.then(() => socket.resume());
  });
}

async function answerTcp(handle: DnsHandler, socket: Socket, packet: Uint8Array): Promise<void> {
  if (socket.destroyed) return;
  const reply = await handle(packet, "tcp");
  if (reply === null) socket.destroy();
  if (reply === null || socket.destroyed) return;
  const length = Buffer.alloc(2);
  length.writeUInt16BE(reply.length);
  socket.write(Buffer.concat([length, reply]));
}
