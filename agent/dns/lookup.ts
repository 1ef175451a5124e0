// What the servers know about a name. Reads are stale, whichever server answers, unless dns_config.allow_stale is off;
// with dns_config.use_cache services and queries come from what this agent keeps current.

import { ok, type Result } from "../../shared/base/result.ts";
import type { ServerError } from "../../shared/errors.ts";
import type { ReadCache } from "../../shared/api/cached-read.ts";
import type { Backend, Cancellation } from "../../shared/rpc/backend.ts";
import type { RpcReply, RpcRequest } from "../../shared/rpc/methods.ts";
import type { CheckServiceNode } from "../../shared/structs/check.ts";
import type { Node } from "../../shared/structs/node.ts";
import type { QueryResult } from "../../shared/structs/prepared-query.ts";
import type { QueryOptions } from "../../shared/structs/query.ts";
import type { DnsSettings } from "./settings.ts";

export type Lookups = {
  readonly backend: Backend;
  readonly cache?: ReadCache;
  /** Of the client, as its resolver says it (EDNS client subnet); "" when it does not. */
  readonly sourceAddress?: string;
};

function readOptions(settings: DnsSettings): QueryOptions {
  const { allowStale, maxStaleMillis, useCache } = settings.dnsConfig;
  const options = {
    datacenter: settings.datacenter,
    token: settings.defaultToken,
    minIndex: 0,
    waitMillis: 0,
  };
  // A kept answer is stale by its nature.
  return allowStale || useCache
    ? { ...options, consistency: "stale", maxStaleMillis }
    : { ...options, consistency: "default" };
}

const never: Cancellation = { aborted: false, onAbort: () => {} };

async function read<M extends "Health.ServiceNodes" | "PreparedQuery.Execute">(
  lookups: Lookups,
  settings: DnsSettings,
  method: M,
  request: RpcRequest<M>,
): Promise<Result<RpcReply<M>, ServerError>> {
  const { useCache, cacheMaxAgeMillis } = settings.dnsConfig;
  if (!useCache || lookups.cache === undefined) return lookups.backend.call(method, request);
  const control = {
    maxAgeMillis: cacheMaxAgeMillis > 0 ? cacheMaxAgeMillis : null,
    mustRevalidate: false,
    staleIfErrorMillis: cacheMaxAgeMillis,
  };
  // Each execution of a query is shuffled anew, so there is nothing to wait on.
  const kind = method === "Health.ServiceNodes" ? "refreshed" : "simple";
  return (await lookups.cache.read(method, request, kind, control, never)).result;
}

/** Neither the instance nor its node has a critical check; with only_passing, nor a warning one. */
export function isHealthy(instance: CheckServiceNode, onlyPassing: boolean): boolean {
  return instance.Checks.every((check) =>
    onlyPassing ? check.Status === "passing" : check.Status !== "critical",
  );
}

/** The instances of a service that may be given out; tag "" takes all. */
export async function lookupService(
  lookups: Lookups,
  settings: DnsSettings,
  service: string,
  tag: string,
  sort: { readonly mesh?: true; readonly ingress?: true } = {},
): Promise<Result<readonly CheckServiceNode[], ServerError>> {
  const reply = await read(lookups, settings, "Health.ServiceNodes", {
    service,
    tags: tag === "" ? [] : [tag],
    passingOnly: false,
    nodeMeta: {},
    ...(sort.mesh === true ? { mesh: true } : {}),
    ...(sort.ingress === true ? { ingress: true } : {}),
    options: readOptions(settings),
  });
  if (!reply.ok) return reply;
  return ok(reply.value.value.filter((instance) => isHealthy(instance, settings.dnsConfig.onlyPassing)));
}

/** A node by name or ID, healthy or not; null when there is none. */
export async function lookupNode(
  lookups: Lookups,
  settings: DnsSettings,
  node: string,
): Promise<Result<Node | null, ServerError>> {
  const reply = await lookups.backend.call("Catalog.NodeServices", { node, options: readOptions(settings) });
  return reply.ok ? ok(reply.value.value?.Node ?? null) : reply;
}

/** What a prepared query finds, in its own order; null when nothing answers to the name. */
export async function lookupQuery(
  lookups: Lookups,
  settings: DnsSettings,
  idOrName: string,
): Promise<Result<QueryResult | null, ServerError>> {
  const reply = await read(lookups, settings, "PreparedQuery.Execute", {
    idOrName,
    limit: 0,
    connect: false,
    agentNode: settings.nodeName,
    sourceAddress: lookups.sourceAddress ?? "",
    options: readOptions(settings),
  });
  const result = reply.ok ? reply.value.value : reply;
  return result.ok || result.error.code !== "notFound" ? result : ok(null);
}

/** Who has an address: a node, else a service; "" for nobody. */
export async function lookupAddress(
  lookups: Lookups,
  settings: DnsSettings,
  addresses: readonly string[],
): Promise<Result<{ readonly node: string; readonly service: string }, ServerError>> {
  const options = readOptions(settings);
  const reply = await lookups.backend.call("Catalog.AddressOwner", { addresses, options });
  return reply.ok ? ok(reply.value.value) : reply;
}
