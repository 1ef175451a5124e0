// Gossip's doors in Node: packets and streams on one address and port, names of hosts, and a clock that never jumps.

import { lookup } from "node:dns/promises";
import { performance } from "node:perf_hooks";
import { fail, ok } from "../../shared/base/result.ts";
import type { GossipNetwork, Log } from "../ports.ts";
import { goErrorText } from "./network-errors.ts";
import { listenErrorText } from "./start-errors.ts";
import { dialTcpStream, listenTcpStreams } from "./tcp-streams.ts";
import { addressBytes, openUdpSocket } from "./udp-socket.ts";

/** The network of this process; errors of open sockets go to the log. */
export function gossipNetwork(log: Log): GossipNetwork {
  const failed = (error: Error) => log("warn", "gossip: socket", { error: error.message });
  return {
    async open({ host, port, packet, accepted }) {
      try {
        const tcp = await listenTcpStreams(host, port, accepted, failed);
        try {
          const udp = await openUdpSocket(host, tcp.port, packet, failed);
          return ok({
            port: tcp.port,
            send: udp.send,
            dial: dialTcpStream,
            close: async () => void (await Promise.all([udp.close(), tcp.close()])),
          });
        } catch (error) {
          await tcp.close();
          throw error;
        }
      } catch (error) {
        return fail(listenErrorText("Gossip", host, port, error));
      }
    },
    async resolve(host) {
      try {
        const found = await lookup(host, { all: true });
        const addresses = found.map(({ address }) => addressBytes(address)).filter((ip) => ip !== null);
        return addresses.length > 0 ? ok(addresses) : fail(`lookup ${host}: no such host`);
      } catch (error) {
        return fail(goErrorText(error).replace(/^dial tcp: /, ""));
      }
    },
    monotonic: () => performance.now(),
  };
}
