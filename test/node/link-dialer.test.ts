// The WebSocket dialer against a real server.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { linkDialer } from "../../agent/runtime/link-dialer.ts";
import { eventually, freePort } from "../support/legate-process.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(onSocket: (socket: WebSocket) => void): Promise<string> {
  const server = createServer();
  servers.push(server);
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (request.headers.authorization !== "Bearer token")
      socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 17\r\n\r\nPermission denied");
    else sockets.handleUpgrade(request, socket, head, onSocket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/link?node=n1`;
}

function dial(url: string, token = "token") {
  const events: string[] = [];
  const socket = linkDialer.dial(url, token, {
    opened: () => events.push("opened"),
    frame: (text) => events.push(`frame ${text}`),
    closed: (reason) => events.push(`closed ${reason}`),
  });
  const seen = (wanted: string | RegExp) =>
    eventually(`${wanted} among ${events.join(", ")}`, 3_000, () => {
      const fits = (one: string) => (typeof wanted === "string" ? one === wanted : wanted.test(one));
      return events.find(fits);
    });
  return { socket, events, seen };
}

describe("the link dialer", () => {
  it("opens with the token, carries frames in order and closes once", async () => {
    const url = await serve((socket) => socket.on("message", (data) => socket.send(`echo ${data}`)));
    const link = dial(url);
    await link.seen("opened");
    link.socket.send("one");
    link.socket.send("two");
    await link.seen("frame echo two");
    link.socket.close();
    await link.seen(/^closed /);
    link.socket.close();
    link.socket.send("three");
    expect(link.events.slice(0, 3)).toEqual(["opened", "frame echo one", "frame echo two"]);
    expect(link.events.filter((one) => one.startsWith("closed"))).toHaveLength(1);
  });

  it("says why a server refused, closed or is not there", async () => {
    const url = await serve((socket) => socket.close(4001, "go away"));
    await dial(url).seen("closed go away");
    await dial(url, "wrong").seen("closed HTTP 403: Permission denied");
    const port = await freePort();
    await dial(`ws://127.0.0.1:${port}/`).seen(/^closed connect ECONNREFUSED/);
    await dial("nonsense").seen(/^closed Invalid URL/);
  });

  it("ends when it is closed before it was open", async () => {
    const link = dial(await serve(() => {}));
    link.socket.close();
    await link.seen(/^closed /);
    expect(link.events).toHaveLength(1);
  });
});
