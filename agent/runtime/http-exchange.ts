// One HTTP request in Node and its answer: what the router sees of it, and how the reply goes out. On the hot path
// there is one object, no listener and no timer for a request beyond those that Node itself makes.

import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { constants, gzip, gzipSync } from "node:zlib";
import type { DoorRequest } from "../../shared/api/door.ts";
import { type HttpReply, isStreamBody, type StreamBody } from "../../shared/api/http.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import type { Cancellation } from "../../shared/rpc/backend.ts";
import { sendStream } from "./http-stream.ts";

const gzipLevel = { level: constants.Z_BEST_SPEED };
const gzipAside = promisify(gzip);
/** Bigger bodies are packed on another thread. */
const gzipInlineBytesMax = 16_384;

/** What a door hands over of a request. Its cancellation is itself: most requests are answered before anybody asks. */
export class Exchange implements DoorRequest, Cancellation {
  readonly method: string;
  readonly path: string;
  readonly rawQuery: string;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #callbacks: (() => void)[] | null = null;

  constructor(request: IncomingMessage, response: ServerResponse) {
    const target = targetOf(request);
    const mark = target.indexOf("?");
    this.method = request.method ?? "GET";
    this.path = mark === -1 ? target : target.slice(0, mark);
    this.rawQuery = mark === -1 ? "" : target.slice(mark + 1);
    this.#request = request;
    this.#response = response;
  }

  get remoteAddress(): string | undefined {
    return this.#request.socket.remoteAddress;
  }

  get cancellation(): Cancellation {
    return this;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return typeof value === "object" ? value[0] : value;
  }

  body(bytesMax: number, setting: string): Promise<Result<Uint8Array, ServerError>> {
    return readBody(this.#request, bytesMax, setting);
  }

  /** The connection ended before the reply was out. */
  get aborted(): boolean {
    return this.#response.destroyed && !this.#response.writableFinished;
  }

  onAbort(callback: () => void): void {
    if (this.aborted) callback();
    else if (this.#callbacks !== null) this.#callbacks.push(callback);
    else {
      const callbacks = [callback];
      this.#callbacks = callbacks;
      this.#response.once("close", () => {
        if (!this.#response.writableFinished) for (const each of callbacks.splice(0)) each();
      });
    }
  }

  /** Writes the reply out; rejects or throws what Node says of it, or what made the body. */
  send(reply: HttpReply): Promise<void> | undefined {
    const response = this.#response;
    if (response.destroyed || response.writableEnded) return;
    const { status, body } = reply;
    const headers: string[] = [];
    for (const name in reply.headers) headers.push(name, reply.headers[name] ?? "");
    const mayPack = reply.isUnrouted !== true;
    // One that the operator configured (http_config.response_headers) stands for it.
    if (mayPack && reply.headers.Vary === undefined) headers.push("Vary", "Accept-Encoding");
    if (isStreamBody(body)) return this.#stream(status, headers, body);
    if (mayPack && body !== null && body.length > 0 && acceptsGzip(this.#request))
      return this.#pack(reply, headers, body);
    return this.#finish(reply, headers, body ?? "");
  }

  /** True when nothing of the reply has gone out yet. */
  get isUnanswered(): boolean {
    return !this.#response.headersSent;
  }

  hangUp(): void {
    this.#response.destroy();
  }

  #stream(status: number, headers: readonly string[], body: StreamBody): Promise<void> {
    this.#response.writeHead(status, headers as string[]);
    return sendStream(this.#response, body, this);
  }

  async #pack(reply: HttpReply, headers: string[], body: string | Uint8Array): Promise<void> {
    const bytes = await packed(body);
    headers.push("Content-Encoding", "gzip");
    if (!this.#response.destroyed) await this.#finish(reply, headers, bytes);
  }

  #finish(reply: HttpReply, headers: string[], body: string | Uint8Array): Promise<void> | undefined {
    const response = this.#response;
    const bytes = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    headers.push("Content-Length", String(bytes));
    response.writeHead(reply.status, headers);
    if (reply.headers.Connection === "close" && !this.#request.complete) return this.#linger(body);
    // As many bytes as units: plain ASCII, which goes out in one piece with the headers, and is not looked at again.
    response.end(body, bytes === body.length ? "latin1" : "utf8");
    return;
  }

  /** Node hangs up right behind the answer, and a client in the middle of sending would see a reset instead of it. */
  async #linger(body: string | Uint8Array): Promise<void> {
    this.#response.write(body);
    await discardRest(this.#request);
    this.#response.end();
  }
}

/** The part of a request target behind the host, when a proxy sent it whole. */
function targetOf(request: IncomingMessage): string {
  const target = request.url ?? "/";
  if (target.startsWith("/")) return target;
  const rest = /^https?:\/\/[^/?]*(.*)$/i.exec(target)?.[1];
  return rest === undefined ? target : rest.startsWith("/") ? rest : `/${rest}`;
}

const noBody: Promise<Result<Uint8Array, ServerError>> = Promise.resolve(ok(new Uint8Array(0)));

function readBody(
  request: IncomingMessage,
  bytesMax: number,
  setting: string,
): Promise<Result<Uint8Array, ServerError>> {
  const { headers } = request;
  // Node ends a request without a body before we see it (optimizeEmptyRequests), and emits nothing more.
  if (headers["content-length"] === undefined && headers["transfer-encoding"] === undefined) return noBody;
  const tooLarge = (bytes: number) => fail(serverError("bodyTooLarge", `${bytes}`, `${bytesMax}`, setting));
  const announced = Number(headers["content-length"] ?? 0);
  if (announced > bytesMax) return Promise.resolve(tooLarge(announced));
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
    request.on("end", () => resolve(ok(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))));
    // Also behind an error, which Node keeps to itself when nobody listens to it.
    request.on("close", broken);
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
