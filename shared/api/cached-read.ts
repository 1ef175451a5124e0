// ?cached: an answer that the agent keeps (surface B5). The cache itself is the agent's (agent/cache); the Worker has
// none, and answers what is fresher than what was asked for.

import type { Millis } from "../base/brand.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { type ServerError, serverError } from "../errors.ts";
import type { Cancellation } from "../rpc/backend.ts";
import type { RpcMethod, RpcReply, RpcRequest } from "../rpc/methods.ts";
import type { ApiContext, HttpReply, HttpRequest } from "./http.ts";

/** refreshed: kept current by a blocking query in the background; simple: kept as it was answered once. */
export type CacheKind = "refreshed" | "simple";

export type CacheControl = {
  /** The oldest answer that the caller takes; null for any age. */
  readonly maxAgeMillis: Millis | null;
  readonly mustRevalidate: boolean;
  /** An answer of this age is better than an error. */
  readonly staleIfErrorMillis: Millis;
};

export type CachedAnswer<T> = {
  readonly result: Result<T, ServerError>;
  readonly hit: boolean;
  /** Since the answer was last known to be current. */
  readonly ageSeconds: number;
};

export type ReadCache = {
  read<M extends RpcMethod>(
    method: M,
    request: RpcRequest<M>,
    kind: CacheKind,
    control: CacheControl,
    cancellation: Cancellation,
  ): Promise<CachedAnswer<RpcReply<M>>>;
};

/** The answer to a call, from the cache when the request asks for that, and the headers that say so; `kind` null never. */
export async function cachedCall<M extends RpcMethod>(
  request: HttpRequest,
  context: ApiContext,
  kind: CacheKind | null,
  method: M,
  call: RpcRequest<M>,
): Promise<{
  readonly result: Result<RpcReply<M>, ServerError>;
  readonly headers: Readonly<Record<string, string>>;
}> {
  const wanted = request.rawQuery !== "" && request.query("cached") !== undefined;
  if (!wanted || kind === null || context.cache === undefined) {
    return { result: await context.backend.call(method, call, request.cancellation), headers: noHeaders };
  }
  const control = parseCacheControl(request);
  if (!control.ok) return { result: control, headers: noHeaders };
  const answer = await context.cache.read(method, call, kind, control.value, request.cancellation);
  const headers: Readonly<Record<string, string>> = answer.hit
    ? { "X-Cache": "HIT", Age: String(answer.ageSeconds) }
    : { "X-Cache": "MISS" };
  return { result: answer.result, headers: answer.result.ok ? headers : noHeaders };
}

const noHeaders: Readonly<Record<string, string>> = {};

/** Adds what says where an answer came from. */
export function withHeaders(reply: HttpReply, headers: Readonly<Record<string, string>>): HttpReply {
  if (headers === noHeaders) return reply;
  const { madeOf: _, ...rest } = reply; // the age of an answer is another one each time
  return { ...rest, headers: { ...reply.headers, ...headers } };
}

const anyAge: CacheControl = { maxAgeMillis: null, mustRevalidate: false, staleIfErrorMillis: 0 };

/** Of the Cache-Control header: max-age, must-revalidate and stale-if-error; anything else is ignored. */
export function parseCacheControl(request: HttpRequest): Result<CacheControl, ServerError> {
  const header = request.header("cache-control") ?? "";
  if (header === "") return ok(anyAge);
  let control = anyAge;
  for (const part of header.split(",").map((each) => each.trim().toLowerCase())) {
    const [name = "", value = ""] = part.split("=");
    if (name === "must-revalidate") control = { ...control, mustRevalidate: true };
    if (name !== "max-age" && name !== "stale-if-error") continue;
    if (!/^\d{1,9}$/.test(value)) return fail(serverError("badRequest", "Invalid Cache-Control header."));
    const millis = Number(value) * 1000;
    if (name === "stale-if-error") control = { ...control, staleIfErrorMillis: millis };
    else if (millis === 0) control = { ...control, mustRevalidate: true };
    else control = { ...control, maxAgeMillis: millis };
  }
  return ok(control);
}
