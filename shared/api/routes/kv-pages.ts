// Legate's own listings of /v1/kv: `limit` and `after` turn pages, `depth` cuts the tree, `count` only counts. Without
// any of them a listing is Consul's.

import { fail, ok, type Result } from "../../base/result.ts";
import { type ServerError, serverError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import type { KvPage, KvPageRequest } from "../../structs/kv.ts";
import type { QueryMeta, QueryOptions } from "../../structs/query.ts";
import type { ApiContext, HttpReply, HttpRequest } from "../http.ts";
import { kvEntriesJson } from "../kv-json.ts";
import { errorReply, jsonReply, metaHeaders, wantsPretty } from "../reply.ts";

const parameters = ["limit", "after", "depth", "count"];

/** Whether a read is a listing that asks for anything that Consul does not have. */
export function asksForPage(request: HttpRequest): boolean {
  const has = (name: string) => request.query(name) !== undefined;
  return has("count") || ((has("keys") || has("recurse")) && parameters.some(has));
}

/** The reply to such a listing. */
export async function readPage(
  request: HttpRequest,
  context: ApiContext,
  prefix: string,
  options: QueryOptions,
): Promise<HttpReply> {
  const page = parsePage(request, prefix);
  if (!page.ok) return errorReply(page.error);
  const call = { page: page.value, options };
  const result = await context.backend.call("KVS.Page", call, request.cancellation);
  if (!result.ok) return errorReply(result.error);
  const { meta, value } = result.value;
  return { ...present(request, context, page.value, value), headers: headersOf(meta, value) };
}

function present(
  request: HttpRequest,
  context: ApiContext,
  asked: KvPageRequest,
  found: KvPage,
): Omit<HttpReply, "headers"> {
  if (asked.what === "count") return jsonReply(request, context, { Count: found.count });
  if (asked.what === "keys") return jsonReply(request, context, found.keys);
  return { status: 200, body: kvEntriesJson(found.entries, wantsPretty(request, context)) };
}

/** `X-Legate-Next` is what `after` must be for the next page, percent-encoded; absent on the last one. */
function headersOf(meta: QueryMeta, { next }: KvPage): Record<string, string> {
  const headers = { ...metaHeaders(meta), "Content-Type": "application/json" };
  return next === null ? headers : { ...headers, "X-Legate-Next": encodeURIComponent(next) };
}

function parsePage(request: HttpRequest, prefix: string): Result<KvPageRequest, ServerError> {
  const limit = positive(request, "limit", limits.kvPageEntriesMax);
  if (!limit.ok) return limit;
  const depth = positive(request, "depth", limits.kvDepthMax);
  if (!depth.ok) return depth;
  const wantsKeys = request.query("keys") !== undefined;
  const separator = request.query("separator") ?? "";
  const what = request.query("count") !== undefined ? "count" : wantsKeys ? "keys" : "entries";
  return ok({
    prefix,
    what,
    after: request.query("after") ?? "",
    limit: limit.value,
    separator: separator === "" ? "/" : separator,
    // Consul's separator alone folds at the first one.
    depth: depth.value ?? (wantsKeys && separator !== "" ? 1 : null),
  });
}

function positive(request: HttpRequest, name: string, most: number): Result<number | null, ServerError> {
  const text = request.query(name);
  if (text === undefined) return ok(null);
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= most) return ok(value);
  return fail(serverError("badRequest", `Invalid ${name}: "${text}" is no number from 1 to ${most}`));
}
