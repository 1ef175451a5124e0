// One UDP socket for what is sent without waiting for an answer: metrics to a statsd.

import { createSocket, type Socket } from "node:dgram";
import type { PacketSender } from "../ports.ts";

let socket: Socket | null = null;

/** A packet that cannot be sent is lost, as on any network. */
export const sendPacket: PacketSender = (address, packet) => {
  if (socket === null) {
    socket = createSocket("udp4");
    socket.on("error", () => {});
    socket.unref();
  }
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[|\]$/g, "");
  socket.send(packet, Number(address.slice(colon + 1)), host === "" ? "127.0.0.1" : host, () => {});
};
