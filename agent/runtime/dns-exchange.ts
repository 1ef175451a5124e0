// One DNS question to another server, over UDP or TCP, with a time limit (agent/dns/recursor.ts).

import { Buffer } from "node:buffer";
import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import type { DnsExchange } from "../dns/recursor.ts";

export const dnsExchange: DnsExchange = (server, packet, transport, timeoutMillis) =>
  transport === "udp"
    ? overUdp(server.host, server.port, packet, timeoutMillis)
    : overTcp(server.host, server.port, packet, timeoutMillis);

/** An answer has the question's id; what else comes to the port is not for us. */
function isAnswer(question: Uint8Array, answer: Uint8Array): boolean {
  const isReply = ((answer[2] ?? 0) & 0x80) !== 0;
  return answer.length >= 12 && isReply && answer[0] === question[0] && answer[1] === question[1];
}

function overUdp(
  host: string,
  port: number,
  packet: Uint8Array,
  timeoutMillis: number,
): Promise<Uint8Array | null> {
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  return new Promise((resolve) => {
    const settle = (answer: Uint8Array | null): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => settle(null), timeoutMillis);
    socket.once("error", () => settle(null));
    socket.on("message", (answer) => {
      if (isAnswer(packet, answer)) settle(answer);
    });
    // A connected socket takes packets of this server only, and hears that its port is closed.
    socket.connect(port, host, () => socket.send(packet));
  });
}

function overTcp(
  host: string,
  port: number,
  packet: Uint8Array,
  timeoutMillis: number,
): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let received = Buffer.alloc(0);
    const settle = (answer: Uint8Array | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => settle(null), timeoutMillis);
    socket.once("error", () => settle(null));
    socket.once("close", () => settle(null));
    socket.once("connect", () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(packet.length);
      socket.write(Buffer.concat([length, packet]));
    });
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const answer = received.subarray(2, 2 + received.readUInt16BE(0));
      settle(isAnswer(packet, answer) ? answer : null);
    });
  });
}
