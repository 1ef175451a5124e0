// The HTTP door in Node: opens the port, limits headers and connections, and lets each request be answered
// (http-exchange.ts). Decides nothing about paths or contents.

import { chmodSync, chownSync, statSync, unlinkSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { DoorRequest } from "../../shared/api/door.ts";
import type { HttpReply } from "../../shared/api/http.ts";
import { limits } from "../../shared/limits.ts";
import type { HttpConfig } from "../config/http-config.ts";
import type { Log } from "../ports.ts";
import { Exchange } from "./http-exchange.ts";
import { createServer } from "./node-http.ts";

/** How long the end of the process waits for answers that are being written. */
const answerMillis = 200;

export type HttpListener = { readonly port: number; close(): Promise<void> };

export type HttpListenerOptions = {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Path of a unix socket, in place of host and port. */
  readonly socket?: string;
  readonly settings?: Pick<HttpConfig, "headerBytesMax" | "connectionsPerClientMax" | "unixSockets">;
  readonly handle: (door: DoorRequest) => HttpReply | Promise<HttpReply>;
  readonly log: Log;
};

/** When an idle connection is asked for the first time whether its other end is there. */
const tcpKeepAliveMillis = 180_000;

/** Resolves once the port is open; rejects with Node's error (EADDRINUSE, ...) when it cannot be. */
export function listenHttp(options: HttpListenerOptions): Promise<HttpListener> {
  const server = createServer({
    maxHeaderSize: options.settings?.headerBytesMax ?? limits.httpHeaderBytesMax,
    headersTimeout: 20_000,
    requestTimeout: 300_000,
    // As Consul: an idle connection stays. Who is no longer there at all is found by TCP, without a timer per request.
    keepAliveTimeout: 0,
    keepAlive: true,
    keepAliveInitialDelay: tcpKeepAliveMillis,
    optimizeEmptyRequests: true,
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    serve(options, request, response);
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => refuse(error, socket));
  limitConnections(server, options.settings?.connectionsPerClientMax ?? 0);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const opened = (): void => {
      server.off("error", reject);
      server.on("error", (error) => options.log("error", "HTTP listener failed", { error: error.message }));
      if (options.socket !== undefined) own(options.socket, options);
      const port = options.socket === undefined ? (server.address() as AddressInfo).port : 0;
      resolve({ port, close: () => closeServer(server) });
    };
    if (options.socket === undefined) server.listen(options.port, options.host, opened);
    else {
      removeStale(options.socket);
      server.listen(options.socket, opened);
    }
  });
}

/** What a process that was killed left behind; anything but a socket is left alone, and the listener fails on it. */
function removeStale(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path);
}

/** unix_sockets.user, group and mode; what cannot be set is said and does not keep the agent from starting. */
function own(path: string, options: HttpListenerOptions): void {
  const { user = -1, group = -1, mode = -1 } = options.settings?.unixSockets ?? {};
  try {
    if (user >= 0 || group >= 0) {
      const now = statSync(path);
      chownSync(path, user >= 0 ? user : now.uid, group >= 0 ? group : now.gid);
    }
    if (mode >= 0) chmodSync(path, mode);
  } catch (error) {
    options.log("warn", "unix_sockets: owner or mode could not be set", { path, error: String(error) });
  }
}

/** Further connections of an address are closed without a word, as Consul does. 0 is no limit. */
function limitConnections(server: Server, most: number): void {
  if (most <= 0) return;
  const open = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress;
    if (address === undefined) return;
    const count = (open.get(address) ?? 0) + 1;
    if (count > most) {
      socket.destroy();
      return;
    }
    open.set(address, count);
    socket.once("close", () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}

/** Nobody new is let in; answers under way (that to a leave) may still go out, callers who wait are hung up on. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const hangUp = setTimeout(() => server.closeAllConnections(), answerMillis);
    server.close(() => {
      clearTimeout(hangUp);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** What is no HTTP gets a status line and is hung up on. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const tooLong = error.code === "HPE_HEADER_OVERFLOW";
  const late = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
  const status = tooLong
    ? "431 Request Header Fields Too Large"
    : late
      ? "408 Request Timeout"
      : "400 Bad Request";
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n` +
      `Content-Length: ${status.length}\r\n\r\n${status}`,
  );
}

function serve(options: HttpListenerOptions, request: IncomingMessage, response: ServerResponse): void {
  response.on("error", ignore);
  const exchange = new Exchange(request, response);
  const failed = (error: unknown): void => {
    options.log("error", "HTTP request failed", { method: request.method, error: String(error) });
    if (exchange.isUnanswered) exchange.send(internalError);
    else exchange.hangUp();
  };
  try {
    const reply = options.handle(exchange);
    if (reply instanceof Promise) reply.then((made) => exchange.send(made)).catch(failed);
    else exchange.send(reply)?.catch(failed);
  } catch (error) {
    failed(error);
  }
}

function ignore(): void {}

const internalError: HttpReply = {
  status: 500,
  headers: { "Content-Type": "text/plain; charset=utf-8" },
  body: "internal error",
};
