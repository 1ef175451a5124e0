// The HTTP door in Node: a request becomes a DoorRequest, an HttpReply goes out. Limits headers and bodies, packs
// with gzip when asked, and tells handlers when the client went away. Decides nothing about paths or contents.

import { Buffer } from "node:buffer";
import { chmodSync, chownSync, statSync, unlinkSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { promisify } from "node:util";
import { constants, gzip, gzipSync } from "node:zlib";
import type { DoorRequest } from "../../shared/api/door.ts";
import { type HttpReply, isStreamBody } from "../../shared/api/http.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import type { Cancellation } from "../../shared/rpc/backend.ts";
import { createCanceller } from "../../shared/rpc/cancellation.ts";
import type { HttpConfig } from "../config/http-config.ts";
import type { Log } from "../ports.ts";
import { sendStream } from "./http-stream.ts";
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
  readonly handle: (door: DoorRequest) => Promise<HttpReply>;
  readonly log: Log;
};

const gzipLevel = { level: constants.Z_BEST_SPEED };
const gzipAside = promisify(gzip);
/** Bigger bodies are packed on another thread. */
const gzipInlineBytesMax = 16_384;

/** Resolves once the port is open; rejects with Node's error (EADDRINUSE, ...) when it cannot be. */
export function listenHttp(options: HttpListenerOptions): Promise<HttpListener> {
  const server = createServer({
    maxHeaderSize: options.settings?.headerBytesMax ?? limits.httpHeaderBytesMax,
    headersTimeout: 20_000,
    requestTimeout: 300_000,
    keepAliveTimeout: 120_000,
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    void serve(options, request, response);
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

async function serve(
  options: HttpListenerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.on("error", () => {});
  response.on("error", () => {});
  try {
    const reply = await options.handle(doorRequest(request, response));
    await send(request, response, reply);
  } catch (error) {
    options.log("error", "HTTP request failed", { method: request.method, error: String(error) });
    if (response.headersSent) response.destroy();
    else await send(request, response, internalError);
  }
}

const internalError: HttpReply = {
  status: 500,
  headers: { "Content-Type": "text/plain; charset=utf-8" },
  body: "internal error",
};

/** The part of a request target behind the host, when a proxy sent it whole. */
function targetOf(request: IncomingMessage): string {
  const target = request.url ?? "/";
  if (target.startsWith("/")) return target;
  const rest = /^https?:\/\/[^/?]*(.*)$/i.exec(target)?.[1];
  return rest === undefined ? target : rest.startsWith("/") ? rest : `/${rest}`;
}

function doorRequest(request: IncomingMessage, response: ServerResponse): DoorRequest {
  const target = targetOf(request);
  const mark = target.indexOf("?");
  return {
    method: request.method ?? "GET",
    path: mark === -1 ? target : target.slice(0, mark),
    rawQuery: mark === -1 ? "" : target.slice(mark + 1),
    header: (name) => {
      const value = request.headers[name];
      return typeof value === "string" ? value : value?.[0];
    },
    body: (bytesMax, setting) => readBody(request, bytesMax, setting),
    remoteAddress: request.socket.remoteAddress,
    cancellation: cancellationOf(response),
  };
}

/** Fires when the connection ends before the reply is out. */
function cancellationOf(response: ServerResponse): Cancellation {
  const { cancellation, cancel } = createCanceller();
  response.once("close", () => {
    if (!response.writableFinished) cancel();
  });
  return cancellation;
}

async function readBody(
  request: IncomingMessage,
  bytesMax: number,
  setting: string,
): Promise<Result<Uint8Array, ServerError>> {
  const tooLarge = (bytes: number) => fail(serverError("bodyTooLarge", `${bytes}`, `${bytesMax}`, setting));
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > bytesMax) return tooLarge(announced);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const broken = () => resolve(fail(serverError("badRequest", "the request body ended early")));
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) chunks.push(chunk);
      else {
        request.pause();
        resolve(tooLarge(bytes));
      }
    });
    request.once("end", () => resolve(ok(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))));
    request.once("error", broken);
    request.once("close", broken);
  });
}

/** Bytes that many replies share (shared/api/shared-json.ts) are packed once. */
const packedBodies = new WeakMap<Uint8Array, Uint8Array>();

async function packed(body: string | Uint8Array): Promise<Uint8Array> {
  const kept = typeof body === "string" ? undefined : packedBodies.get(body);
  if (kept !== undefined) return kept;
  const made =
    body.length > gzipInlineBytesMax ? await gzipAside(body, gzipLevel) : gzipSync(body, gzipLevel);
  if (typeof body !== "string") packedBodies.set(body, made);
  return made;
}

function acceptsGzip(request: IncomingMessage): boolean {
  const accepted = request.headers["accept-encoding"];
  if (accepted === undefined) return false;
  return String(accepted)
    .split(",")
    .some(
      (coding) =>
        /^\s*(gzip|\*)\s*(;\s*q\s*=\s*(1|0?\.\d*[1-9]))?/i.test(coding) &&
        !/q\s*=\s*0(\.0*)?\s*$/.test(coding),
    );
}

async function send(request: IncomingMessage, response: ServerResponse, reply: HttpReply): Promise<void> {
  if (response.destroyed || response.writableEnded) return;
  const vary = reply.isUnrouted === true ? {} : { Vary: "Accept-Encoding" };
  const headers: Record<string, string | number> = { ...reply.headers, ...vary };
  if (isStreamBody(reply.body)) {
    response.writeHead(reply.status, headers);
    await sendStream(response, reply.body, cancellationOf(response));
    return;
  }
  let body: string | Uint8Array = reply.body ?? "";
  if (body.length > 0 && reply.isUnrouted !== true && acceptsGzip(request)) {
    body = await packed(body);
    headers["Content-Encoding"] = "gzip";
  }
  headers["Content-Length"] = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  response.writeHead(reply.status, headers);
  if (headers.Connection !== "close" || request.complete) {
    response.end(body);
    return;
  }
  // Node hangs up right behind the answer, and a client that is in the middle of sending would see a reset instead.
  response.write(body);
  await discardRest(request);
  response.end();
}

const lingerMillis = 1_000;
const lingerBytesMax = 8 << 20;

/** Reads what a client still sends of a refused request, for a moment, and forgets it. */
function discardRest(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    const done = (): void => {
      clearTimeout(timer);
      request.off("data", count);
      resolve();
    };
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > lingerBytesMax) done();
    };
    const timer = setTimeout(done, lingerMillis);
    request.on("data", count);
    request.once("end", done);
    request.once("close", done);
    request.resume();
  });
}
