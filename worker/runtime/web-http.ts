// The Worker's door: Request to DoorRequest, HttpReply to Response. Bodies are counted while they come in, so that
// a large one is refused before a server object is woken for it.

import { type Result, fail, ok } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import type { DoorRequest } from "../../shared/api/door.ts";
import { type HttpReply, isStreamBody } from "../../shared/api/http.ts";
import type { Cancellation } from "../../shared/rpc/backend.ts";
import { createCanceller } from "../../shared/rpc/cancellation.ts";
import { readableOf } from "./http-stream.ts";

/** The request as the router wants it. */
export function doorRequest(request: Request): DoorRequest {
  const { path, rawQuery } = splitUrl(request.url);
  return {
    method: request.method,
    path,
    rawQuery,
    header: (name) => request.headers.get(name) ?? undefined,
    body: (bytesMax, setting) => readBody(request, bytesMax, setting),
    remoteAddress: request.headers.get("cf-connecting-ip") ?? undefined,
    cancellation: cancellationOf(request.signal),
  };
}

export function toResponse(reply: HttpReply): Response {
  const headers = new Headers(reply.headers);
  headers.delete("Connection"); // the runtime's own business here
  const body = isStreamBody(reply.body) ? readableOf(reply.body) : (reply.body as BodyInit | null);
  return new Response(body, { status: reply.status, headers });
}

/** Path and query as they came, still encoded. */
export function splitUrl(url: string): { path: string; rawQuery: string } {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const hash = url.indexOf("#", start);
  const target = start < 0 ? "/" : url.slice(start, hash < 0 ? undefined : hash);
  const question = target.indexOf("?");
  if (question < 0) return { path: target, rawQuery: "" };
  return { path: target.slice(0, question), rawQuery: target.slice(question + 1) };
}

function cancellationOf(signal: AbortSignal): Cancellation {
  const { cancellation, cancel } = createCanceller();
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel, { once: true });
  return cancellation;
}

async function readBody(
  request: Request,
  bytesMax: number,
  setting: string,
): Promise<Result<Uint8Array, ServerError>> {
  const announced = Number(request.headers.get("Content-Length") ?? "0");
  if (announced > bytesMax) return fail(tooLarge(announced, bytesMax, setting));
  if (request.body === null) return ok(new Uint8Array(0));
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body as ReadableStream<Uint8Array>) {
    size += chunk.byteLength;
    if (size > bytesMax) return fail(tooLarge(size, bytesMax, setting));
    chunks.push(chunk);
  }
  return ok(concat(chunks, size));
}

function tooLarge(size: number, bytesMax: number, setting: string): ServerError {
  return serverError("bodyTooLarge", String(size), String(bytesMax), setting);
}

function concat(chunks: readonly Uint8Array[], size: number): Uint8Array {
  if (chunks.length === 1 && chunks[0] !== undefined) return chunks[0];
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}
