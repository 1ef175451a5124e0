// What the servers know about a name. Reads are stale, whichever server answers (dns_config.allow_stale).

import { ok, type Result } from "../../shared/base/result.ts";
import type { ServerError } from "../../shared/errors.ts";
import type { Backend } from "../../shared/rpc/backend.ts";
import type { CheckServiceNode } from "../../shared/structs/check.ts";
import type { Node } from "../../shared/structs/node.ts";
import type { QueryResult } from "../../shared/structs/prepared-query.ts";
import type { QueryOptions } from "../../shared/structs/query.ts";
import type { DnsSettings } from "./settings.ts";

function staleRead(settings: DnsSettings): QueryOptions {
  return {
    datacenter: settings.datacenter,
    token: settings.defaultToken,
    consistency: "stale",
    minIndex: 0,
    waitMillis: 0,
  };
}

/** Neither the instance nor its node has a critical check; with only_passing, nor a warning one. */
export function isHealthy(instance: CheckServiceNode, onlyPassing: boolean): boolean {
  return instance.Checks.every((check) =>
    onlyPassing ? check.Status === "passing" : check.Status !== "critical",
  );
}

/** The instances of a service that may be given out; tag "" takes all. */
export async function lookupService(
  backend: Backend,
  settings: DnsSettings,
  service: string,
  tag: string,
): Promise<Result<readonly CheckServiceNode[], ServerError>> {
  const reply = await backend.call("Health.ServiceNodes", {
    service,
    tags: tag === "" ? [] : [tag],
    passingOnly: false,
    nodeMeta: {},
    options: staleRead(settings),
  });
  if (!reply.ok) return reply;
  return ok(reply.value.value.filter((instance) => isHealthy(instance, settings.dnsConfig.onlyPassing)));
}

/** A node by name or ID, healthy or not; null when there is none. */
export async function lookupNode(
  backend: Backend,
  settings: DnsSettings,
  node: string,
): Promise<Result<Node | null, ServerError>> {
  const reply = await backend.call("Catalog.NodeServices", { node, options: staleRead(settings) });
  return reply.ok ? ok(reply.value.value?.Node ?? null) : reply;
}

/** What a prepared query finds, in its own order; null when nothing answers to the name. */
export async function lookupQuery(
  backend: Backend,
  settings: DnsSettings,
  idOrName: string,
): Promise<Result<QueryResult | null, ServerError>> {
  const reply = await backend.call("PreparedQuery.Execute", {
    idOrName,
    limit: 0,
    connect: false,
    agentNode: settings.nodeName,
    sourceAddress: "",
    options: staleRead(settings),
  });
  return reply.ok ? reply.value.value : reply;
}
