// One line of text for a message, for logs, scripts and the simulator.

import { assertNever } from "../base/assert.ts";
import type { GossipAddress, PacketMessage } from "./types.ts";

/** "127.0.0.1:8301", "[fe80:0:…]:8301", or bytes in hex for what is no address. */
export function describeAddress({ ip, port }: GossipAddress): string {
  const isMapped = ip.length === 16 && ip.slice(0, 12).every((byte, at) => byte === (at < 10 ? 0 : 0xff));
  if (ip.length === 4 || isMapped) return `${[...ip.slice(-4)].join(".")}:${port}`;
  const pair = (at: number) => (((ip[at] ?? 0) << 8) | (ip[at + 1] ?? 0)).toString(16);
  if (ip.length === 16) return `[${[0, 2, 4, 6, 8, 10, 12, 14].map(pair).join(":")}]:${port}`;
  return `0x${[...ip].map((byte) => byte.toString(16).padStart(2, "0")).join("")}:${port}`;
}

/** "suspect b@3 by c". */
export function describeMessage(message: PacketMessage): string {
  switch (message.kind) {
    case "ping":
      return `ping ${message.node} #${message.sequence}`;
    case "indirectPing":
      return `ping ${message.node} for me #${message.sequence}${message.nack ? " (nack)" : ""}`;
    case "ack":
    case "nack":
      return `${message.kind} #${message.sequence}`;
    case "suspect":
    case "dead":
      return `${message.kind} ${message.node}@${message.incarnation} by ${message.from}`;
    case "alive":
      return `alive ${message.node}@${message.incarnation} at ${describeAddress(message.address)}`;
    case "user":
      return `user message of ${message.payload.length} bytes`;
    default:
      return assertNever(message);
  }
}
