// /v1/kv: one key, a prefix or its keys; write, check-and-set and delete.

import { base64ToBytes, bytesToBase64 } from "../../base/base64.ts";
import type { U64 } from "../../base/brand.ts";
import { parseUint64 } from "../../base/go-number.ts";
import { formatGoDuration, parseGoDuration } from "../../base/millis.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { type ServerError, serverError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import type { DirEntry, KvOperation, KvWrite } from "../../structs/kv.ts";
import type { QueryMeta, QueryOptions } from "../../structs/query.ts";
import { watchable } from "../event-stream.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../http.ts";
import { kvEntriesJson } from "../kv-json.ts";
import { parseQueryOptions } from "../params.ts";
import { encodeQueryString } from "../query-string.ts";
import { errorReply, jsonReply, keepable, metaHeaders, wantsPretty } from "../reply.ts";
import { asksForPage, readPage } from "./kv-pages.ts";

/** The routes of this area. */
export const kvRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/kv/:key*",
    summary: "Read a key, a prefix, or its keys",
    handle: watchable(readKv),
  },
  { method: "PUT", path: "/v1/kv/:key*", summary: "Write, check-and-set, lock or unlock", handle: writeKey },
  { method: "DELETE", path: "/v1/kv/:key*", summary: "Delete a key or a prefix", handle: deleteKv },
];

async function readKv(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const key = request.params.key ?? "";
  if (request.rawQuery !== "") {
    if (asksForPage(request)) return readPage(request, context, key, options.value);
    if (request.query("keys") !== undefined) return listKeys(request, context, key, options.value);
    if (request.query("recurse") !== undefined) return listEntries(request, context, key, options.value);
  }
  if (key === "") return missingKey;
  const call = { key, options: options.value };
  const result = await context.backend.call("KVS.Get", call, request.cancellation);
  if (!result.ok) return errorReply(result.error);
  const { meta, value: entry } = result.value;
  if (entry === null) return absent(meta);
  if (request.rawQuery !== "" && request.query("raw") !== undefined) return rawReply(meta, entry);
  return keepable(entriesReply(request, context, meta, [entry]), result);
}

const missingKey = errorReply(serverError("badRequest", "Missing key name"));
const garbledKey = errorReply(
  serverError("badRequest", "Invalid key name: it is not UTF-8. Encode other bytes, as base64 for example"),
);

/** Bytes that are no UTF-8 were read as U+FFFD: two such keys would be one. */
function isGarbled(key: string): boolean {
  return key.includes("\ufffd");
}

async function listKeys(
  request: HttpRequest,
  context: ApiContext,
  prefix: string,
  options: QueryOptions,
): Promise<HttpReply> {
  const call = { prefix, separator: request.query("separator") ?? "", options };
  const result = await context.backend.call("KVS.ListKeys", call, request.cancellation);
  if (!result.ok) return errorReply(result.error);
  const { meta, value: keys } = result.value;
  // Of the whole tree an empty list is an answer; of a prefix it is "not found".
  if (keys.length === 0 && prefix !== "") return absent(meta);
  const reply = jsonReply(request, context, keys);
  return { ...reply, headers: { ...reply.headers, ...metaHeaders(meta) } };
}

async function listEntries(
  request: HttpRequest,
  context: ApiContext,
  prefix: string,
  options: QueryOptions,
): Promise<HttpReply> {
  const result = await context.backend.call("KVS.List", { prefix, options }, request.cancellation);
  if (!result.ok) return errorReply(result.error);
  const { meta, value: entries } = result.value;
  return entries.length === 0
    ? absent(meta)
    : keepable(entriesReply(request, context, meta, entries), result);
}

function absent(meta: QueryMeta): HttpReply {
  return { status: 404, headers: metaHeaders(meta), body: null };
}

function entriesReply(
  request: HttpRequest,
  context: ApiContext,
  meta: QueryMeta,
  entries: readonly DirEntry[],
): HttpReply {
  const headers = metaHeaders(meta);
  headers["Content-Type"] = "application/json";
  return { status: 200, headers, body: kvEntriesJson(entries, wantsPretty(request, context)) };
}

/** The bare value, which a browser must take for nothing but text. */
function rawReply(meta: QueryMeta, entry: DirEntry): HttpReply {
  const headers = metaHeaders(meta);
  headers["Content-Type"] = "text/plain";
  headers["X-Content-Type-Options"] = "nosniff";
  headers["Content-Security-Policy"] = "sandbox";
  const body = entry.Value === null ? new Uint8Array(0) : base64ToBytes(entry.Value);
  return { status: 200, headers, body };
}

async function writeKey(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const key = request.params.key ?? "";
  if (key === "") return missingKey;
  if (isGarbled(key)) return garbledKey;
  const kinds = ["cas", "acquire", "release"].filter((name) => request.query(name) !== undefined);
  if (kinds.length > 1) return conflictingFlags(request);
  const flags = numberParameter(request, "flags");
  if (!flags.ok) return errorReply(flags.error);
  const cas = numberParameter(request, "cas");
  if (!cas.ok) return errorReply(cas.error);
  const ttl = ttlParameter(request);
  if (!ttl.ok) return errorReply(ttl.error);
  const body = await request.body(
    context.settings?.kvValueBytesMax ?? limits.kvValueBytesMax,
    "kv_max_value_size",
  );
  if (!body.ok) return errorReply(body.error);
  const value = body.value.length === 0 ? null : bytesToBase64(body.value);
  const expiry = ttl.value === null ? {} : { ttlMillis: ttl.value };
  const entry: KvWrite = { key, value, flags: flags.value ?? ("0" as U64), ...expiry };
  if (kinds[0] === "acquire") return acquire(request, context, options.value, entry);
  if (kinds[0] === "release") return release(request, context, options.value, entry);
  const operation: KvOperation =
    cas.value === null
      ? { verb: "set", ...entry }
      : { verb: "cas", ...entry, modifyIndex: indexOf(cas.value) };
  return apply(request, context, options.value, operation);
}

/** The fencing token of a lock stands in a header: clients of Consul see just true or false. */
async function acquire(
  request: HttpRequest,
  context: ApiContext,
  options: QueryOptions,
  entry: KvWrite,
): Promise<HttpReply> {
  const { datacenter, token } = options;
  const session = request.query("acquire") ?? "";
  const call = { operation: { verb: "acquire", session, ...entry }, token, datacenter } as const;
  const result = await context.backend.call("KVS.Acquire", call, request.cancellation);
  if (!result.ok) return errorReply(result.error);
  const reply = jsonReply(request, context, result.value > 0);
  if (result.value === 0) return reply;
  return { ...reply, headers: { ...reply.headers, "X-Legate-Fencing": String(result.value) } };
}

async function release(
  request: HttpRequest,
  context: ApiContext,
  options: QueryOptions,
  entry: KvWrite,
): Promise<HttpReply> {
  const { datacenter, token } = options;
  const session = request.query("release") ?? "";
  const call = { operation: { verb: "release", session, ...entry }, token, datacenter } as const;
  const result = await context.backend.call("KVS.Release", call, request.cancellation);
  return result.ok ? jsonReply(request, context, result.value) : errorReply(result.error);
}

/** Legate's `?ttl`: a Go duration; null when the key is to stay. */
function ttlParameter(request: HttpRequest): Result<number | null, ServerError> {
  const text = request.query("ttl");
  if (text === undefined) return ok(null);
  const parsed = parseGoDuration(text);
  if (!parsed.ok) return fail(serverError("badRequest", `Invalid ttl: ${parsed.error}`));
  const { kvTtlMillisMin: least, kvTtlMillisMax: most } = limits;
  if (parsed.value >= least && parsed.value <= most) return ok(Math.ceil(parsed.value));
  const between = `${formatGoDuration(least)} and ${formatGoDuration(most)}`;
  return fail(serverError("badRequest", `Invalid ttl: "${text}" is not between ${between}`));
}

async function deleteKv(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const key = request.params.key ?? "";
  const recurse = request.query("recurse") !== undefined;
  if (key === "" && !recurse) return missingKey;
  if (isGarbled(key)) return garbledKey;
  if (recurse && request.query("cas") !== undefined) return conflictingFlags(request);
  if (recurse) return apply(request, context, options.value, { verb: "delete-tree", key });
  const cas = numberParameter(request, "cas");
  if (!cas.ok) return errorReply(cas.error);
  const operation: KvOperation =
    cas.value === null
      ? { verb: "delete", key }
      : { verb: "delete-cas", key, modifyIndex: indexOf(cas.value) };
  return apply(request, context, options.value, operation);
}

async function apply(
  request: HttpRequest,
  context: ApiContext,
  options: QueryOptions,
  operation: KvOperation,
): Promise<HttpReply> {
  const { datacenter, token } = options;
  const call = { operation, token, datacenter };
  const result = await context.backend.call("KVS.Apply", call, request.cancellation);
  return result.ok ? jsonReply(request, context, result.value) : errorReply(result.error);
}

/** null when the parameter is absent; an empty one is no number. Consul answers 500 here. */
function numberParameter(request: HttpRequest, name: string): Result<U64 | null, ServerError> {
  const text = request.query(name);
  if (text === undefined) return ok(null);
  const parsed = parseUint64(text);
  return parsed.ok ? parsed : { ok: false, error: serverError("rejected", parsed.error) };
}

// Above what a number holds exactly there is no index that it could be compared with.
function indexOf(decimal: U64): number {
  return Math.min(Number(decimal), Number.MAX_SAFE_INTEGER);
}

function conflictingFlags(request: HttpRequest): HttpReply {
  return errorReply(serverError("badRequest", `Conflicting flags: ${encodeQueryString(request.rawQuery)}`));
}
