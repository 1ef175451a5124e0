// Query parameters that many routes share, turned into typed values once, with Consul's texts for what is wrong.

import type { Millis } from "../base/brand.ts";
import { parseUint64 } from "../base/go-number.ts";
import { parseGoDuration } from "../base/millis.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { type ServerError, serverError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { NodeMetaFilter } from "../rpc/methods.ts";
import type { Consistency, QueryOptions } from "../structs/query.ts";
import { parseCacheControl } from "./cached-read.ts";
import type { ApiSettings, HttpRequest } from "./http.ts";

/** What parsing needs of a context. */
export type TokenContext = {
  readonly defaultToken: string;
  readonly nodeName?: string;
  readonly settings?: ApiSettings;
};

/**
 * Token, datacenter, consistency, index and wait of a read.
 * `?near` is a node's name; "_agent" is the agent that is asked, and at the Worker, which is none, nobody.
 */
export function parseQueryOptions(
  request: HttpRequest,
  context: TokenContext,
): Result<QueryOptions, ServerError> {
  const badHeader = wrongCacheControl(request);
  if (badHeader !== null) return fail(badHeader);
  if (request.rawQuery === "") return ok(plainOptions(requestToken(request, context), context));
  const consistency = parseConsistency(request);
  if (!consistency.ok) return consistency;
  const blocking = parseBlocking(request, context);
  if (!blocking.ok) return blocking;
  return ok({
    datacenter: request.query("dc") ?? "",
    token: requestToken(request, context),
    ...consistency.value,
    minIndex: blocking.value.minIndex,
    waitMillis: blocking.value.waitMillis,
    ...nearOf(request, context),
  });
}

function nearOf(request: HttpRequest, context: TokenContext): { near?: string } {
  const near = request.query("near") ?? "";
  if (near === "") return {};
  return { near: near === "_agent" ? (context.nodeName ?? "") : near };
}

/** Consul reads Cache-Control of every read, also where nothing is cached. */
function wrongCacheControl(request: HttpRequest): ServerError | null {
  if (request.header("cache-control") === undefined) return null;
  const control = parseCacheControl(request);
  return control.ok ? null : control.error;
}

function plainOptions(token: string, context: TokenContext): QueryOptions {
  const waitMillis = context.settings?.defaultWaitMillis ?? limits.blockingQueryWaitMillisDefault;
  return { datacenter: "", token, consistency: "default", minIndex: 0, waitMillis };
}

/** The options of a catalog or health read, which discovery_max_stale allows to be stale when nothing else is asked. */
export function parseDiscoveryOptions(
  request: HttpRequest,
  context: TokenContext,
): Result<QueryOptions, ServerError> {
  const options = parseQueryOptions(request, context);
  const maxStaleMillis = context.settings?.discoveryMaxStaleMillis ?? 0;
  if (!options.ok || maxStaleMillis <= 0 || options.value.consistency !== "default") return options;
  const demanded = request.rawQuery !== "" && request.query("leader") !== undefined;
  return demanded ? options : ok({ ...options.value, consistency: "stale", maxStaleMillis });
}

/** `?token`, then X-Consul-Token, then a Bearer token, then the agent's own. */
export function requestToken(request: HttpRequest, context: TokenContext): string {
  const fromQuery = request.rawQuery === "" ? undefined : request.query("token");
  if (fromQuery !== undefined && fromQuery !== "") return fromQuery;
  const fromHeader = request.header("x-consul-token");
  if (fromHeader !== undefined && fromHeader !== "") return fromHeader;
  const authorization = request.header("authorization");
  if (authorization !== undefined) {
    const space = authorization.indexOf(" ");
    if (space > 0 && authorization.slice(0, space).toLowerCase() === "bearer") {
      const bearer = authorization.slice(space + 1).trim();
      if (bearer !== "") return bearer;
    }
  }
  return context.defaultToken;
}

export type Blocking = { readonly minIndex: number; readonly waitMillis: number };

/** `?index` and `?wait` alone. */
export function parseBlocking(request: HttpRequest, context: TokenContext): Result<Blocking, ServerError> {
  const wait = request.query("wait") ?? "";
  let waitMillis: number = context.settings?.defaultWaitMillis ?? limits.blockingQueryWaitMillisDefault;
  const mostMillis = context.settings?.maxWaitMillis ?? limits.blockingQueryWaitMillisMax;
  if (wait !== "") {
    const parsed = parseGoDuration(wait);
    if (!parsed.ok) return fail(serverError("badRequest", "Invalid wait time"));
    // A negative wait returns at once, which is a millisecond to the servers; 0 means the default.
    if (parsed.value !== 0) waitMillis = Math.min(parsed.value, mostMillis);
  }
  const index = request.query("index") ?? "";
  if (index === "") return ok({ minIndex: 0, waitMillis: Math.max(waitMillis, 1) });
  const parsed = parseUint64(index);
  if (!parsed.ok) return fail(serverError("badRequest", "Invalid index"));
  const minIndex = Math.min(Number(parsed.value), Number.MAX_SAFE_INTEGER);
  return ok({ minIndex, waitMillis: Math.max(waitMillis, 1) });
}

type AskedConsistency = { readonly consistency: Consistency; readonly maxStaleMillis?: Millis };

function parseConsistency(request: HttpRequest): Result<AskedConsistency, ServerError> {
  let stale = request.query("stale") !== undefined;
  const consistent = request.query("consistent") !== undefined;
  const maxStale = request.query("max_stale") ?? "";
  let limit: { maxStaleMillis?: Millis } = {};
  if (maxStale !== "") {
    const parsed = parseGoDuration(maxStale);
    if (!parsed.ok) return fail(serverError("badRequest", `Invalid max_stale value "${maxStale}"`));
    // max_stale=0s, or less, asks for the leader's state; anything else allows a stale answer.
    if (parsed.value > 0) {
      stale = true;
      limit = { maxStaleMillis: parsed.value };
    }
  }
  if (stale && consistent) return fail(conflict("stale"));
  if (consistent && request.query("cached") !== undefined) return fail(conflict("cached"));
  return ok({ consistency: stale ? "stale" : consistent ? "consistent" : "default", ...limit });
}

function conflict(flag: string): ServerError {
  return serverError("badRequest", `Cannot specify ?${flag} with ?consistent, conflicting semantics.`);
}

/** `?node-meta=key:value`, repeatable, all must match. */
export function parseNodeMeta(request: HttpRequest): NodeMetaFilter {
  if (request.rawQuery === "") return noNodeMeta;
  const pairs = request.queryAll("node-meta");
  if (pairs.length === 0) return noNodeMeta;
  const filter: Record<string, string> = {};
  for (const pair of pairs) {
    const colon = pair.indexOf(":");
    if (colon < 0) filter[pair] = "";
    else filter[pair.slice(0, colon)] = pair.slice(colon + 1);
  }
  return filter;
}

const noNodeMeta: NodeMetaFilter = {};
