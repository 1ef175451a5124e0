// Gossip's streams in Node: a TCP listener, and connections to others.

import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { formatIp } from "../../shared/base/ip.ts";
import type { GossipAddress } from "../../shared/gossip/types.ts";
import { limits } from "../../shared/limits.ts";
import type { GossipStream, GossipStreamEvents } from "../ports.ts";
import { goErrorText } from "./network-errors.ts";
import { addressBytes } from "./udp-socket.ts";

export type TcpListener = { readonly port: number; close(): Promise<void> };

/** Resolves once the port is open; rejects with Node's error. */
export function listenTcpStreams(
  host: string,
  port: number,
  accepted: (stream: GossipStream) => GossipStreamEvents | null,
  failed: (error: Error) => void,
): Promise<TcpListener> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    const ip = addressBytes(socket.remoteAddress ?? "");
    if (ip === null) {
      socket.destroy();
      return;
    }
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    const events = accepted(streamOf(socket, { ip, port: socket.remotePort ?? 0 }));
    if (events === null) socket.on("error", () => {}).destroy();
    else pass(socket, events);
  });
  server.maxConnections = 2 * limits.gossipStreamsMax;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      server.on("error", failed);
      resolve({ port: (server.address() as AddressInfo).port, close: () => closeAll(server, open) });
    });
  });
}

/** Connects; what goes wrong comes with `closed` in Go's words. */
export function dialTcpStream(to: GossipAddress, events: GossipStreamEvents): GossipStream {
  const host = formatIp(to.ip);
  if (host === "" || to.port === 0) {
    setImmediate(() =>
      events.closed(`dial tcp: address 0x${Buffer.from(to.ip).toString("hex")}:${to.port}: invalid`),
    );
    return { peer: to, write() {}, end() {}, destroy() {} };
  }
  const socket = connect({ host, port: to.port });
  pass(socket, events);
  return streamOf(socket, to);
}

function pass(socket: Socket, events: GossipStreamEvents): void {
  let reason = "";
  socket.on("data", (chunk) => events.data(chunk));
  socket.on("error", (error) => {
    reason = goErrorText(error);
  });
  socket.once("close", () => events.closed(reason));
}

function streamOf(socket: Socket, peer: GossipAddress): GossipStream {
  return {
    peer,
    write: (bytes) => void socket.write(bytes),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}

async function closeAll(server: Server, open: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of open) socket.destroy();
  await closed;
}
