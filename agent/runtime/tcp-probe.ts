// One attempt of a TCP check: connects and hangs up.

import { connect } from "node:net";
import type { TcpProbe } from "../ports.ts";
import { goErrorText } from "./network-errors.ts";

export const tcpProbe: TcpProbe = {
  connect(address, timeoutMillis) {
    const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(address);
    const port = Number(match?.[3]);
    if (match === null) return Promise.resolve(`dial tcp: address ${address}: missing port in address`);
    if (port > 65_535) return Promise.resolve(`dial tcp: address ${port}: invalid port`);
    return new Promise((resolve) => {
      const socket = connect({ host: match[1] || match[2] || "localhost", port });
      const finish = (text: string) => {
        clearTimeout(timer);
        socket.destroy();
        resolve(text);
      };
      const timer = setTimeout(() => finish(`dial tcp ${address}: i/o timeout`), timeoutMillis);
      socket.once("connect", () => finish(""));
      socket.on("error", (error) => finish(goErrorText(error)));
    });
  },
};
