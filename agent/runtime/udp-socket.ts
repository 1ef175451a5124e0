// Gossip's packets in Node: one UDP socket that both sends and receives, so that the source port is the gossip port.

import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { formatIp, isMappedIpv4, parseIpBytes } from "../../shared/base/ip.ts";
import type { GossipAddress } from "../../shared/gossip/types.ts";

export type UdpSocket = {
  send(to: GossipAddress, datagram: Uint8Array): void;
  close(): Promise<void>;
};

/** Packets that wait in the kernel while we are busy: a stall must not cost us the acks that came meanwhile. */
const receiveBufferBytes = 2 << 20;

/** Resolves once the port is open; rejects with Node's error. */
export function openUdpSocket(
  host: string,
  port: number,
  packet: (datagram: Uint8Array, from: GossipAddress) => void,
  failed: (error: Error) => void,
): Promise<UdpSocket> {
  const family = isIPv6(host) ? 6 : 4;
  const socket = createSocket({
    type: family === 6 ? "udp6" : "udp4",
    // Only addresses are given, so nothing is to be looked up.
    lookup: (name, _options, done) => done(null, name, family),
  });
  socket.on("message", (datagram, from) => {
    const ip = addressBytes(from.address);
    if (ip !== null && datagram.length > 0) packet(datagram, { ip, port: from.port });
  });
  let closing: Promise<void> | null = null;
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, host, () => {
      socket.off("error", reject);
      socket.on("error", failed);
      enlarge(socket);
      resolve({
        send(to, datagram) {
          const address = addressText(to.ip, family);
          if (address === null || to.port === 0) return;
          try {
            socket.send(datagram, to.port, address, () => {}); // whom a packet does not reach is found out by probes
          } catch {
            // closed meanwhile
          }
        },
        close() {
          closing ??= new Promise((closed) => socket.close(() => closed()));
          return closing;
        },
      });
    });
  });
}

function enlarge(socket: Socket): void {
  for (let size = receiveBufferBytes; size >= 65_536; size /= 2) {
    try {
      socket.setRecvBufferSize(size);
      return;
    } catch {
      // the system allows less
    }
  }
}

/** The bytes of an address as Node prints it; a mapped one is IPv4 to us, and zones are of no use to others. */
export function addressBytes(text: string): Uint8Array | null {
  const ip = parseIpBytes(text.replace(/%.*$/, ""));
  return ip !== null && isMappedIpv4(ip) ? ip.slice(12) : ip;
}

/** The address for a socket of this family; null when it cannot be reached from it. */
export function addressText(ip: Uint8Array, family: 4 | 6): string | null {
  const text = formatIp(ip);
  if (text === "") return null;
  const isIpv4 = !text.includes(":");
  if (family === 4) return isIpv4 ? text : null;
  return isIpv4 ? `::ffff:${text}` : text;
}
