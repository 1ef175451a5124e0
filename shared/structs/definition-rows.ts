// Definitions to what the agent shows and the catalog keeps: ids, names, types and addresses that Consul fills in.

import type { HealthCheck } from "./check.ts";
import { noProxy } from "./parse-proxy.ts";
import type { ServiceRegistration } from "./registration.ts";
import type { ServiceAddress } from "./service.ts";
import type { CheckDefinition, ServiceDefinition } from "./service-definition.ts";

/** `service:<id>` for the only check of a service, `service:<id>:<n>` for the n-th of several. */
export function checkIdOf(service: ServiceDefinition, check: CheckDefinition, position: number): string {
  if (check.id !== "") return check.id;
  const id = service.id === "" ? service.name : service.id;
  return service.checks.length > 1 ? `service:${id}:${position + 1}` : `service:${id}`;
}

/** Consul's word for what runs the check. */
export function checkType(definition: CheckDefinition): string {
  if (definition.http !== "") return "http";
  if (definition.tcp !== "") return "tcp";
  if (definition.other !== undefined) return definition.other.kind;
  return definition.ttlMillis > 0 ? "ttl" : "";
}

/** The row that the agent keeps for a definition whose id and name are set. */
export function newCheck(
  node: string,
  definition: CheckDefinition,
  type: string,
  service: ServiceRegistration | null,
): HealthCheck {
  return {
    Node: node,
    CheckID: definition.id,
    Name: definition.name,
    Status: definition.status === "" ? "critical" : definition.status,
    Notes: definition.notes,
    Output: "",
    ServiceID: service?.ID ?? "",
    ServiceName: service?.Service ?? "",
    ServiceTags: [...(service?.Tags ?? [])],
    Type: type,
    Definition: {},
    CreateIndex: 0,
    ModifyIndex: 0,
  };
}

/** The catalog's form of a definition. */
export function newService(definition: ServiceDefinition): ServiceRegistration {
  const tagged = taggedAddresses(definition);
  const meta = Object.keys(definition.meta).length === 0 ? null : { ...definition.meta };
  return {
    ...(definition.kind === "" ? {} : { Kind: definition.kind }),
    ID: definition.id === "" ? definition.name : definition.id,
    Service: definition.name,
    Tags: [...definition.tags],
    Address: definition.address,
    ...(Object.keys(tagged).length === 0 ? {} : { TaggedAddresses: tagged }),
    Meta: meta,
    Port: definition.port,
    Weights: { ...definition.weights },
    EnableTagOverride: definition.enableTagOverride,
    Proxy: { ...(definition.proxy ?? noProxy) },
    Connect: definition.native === true ? { Native: true } : {},
  };
}

/** An address that is an IP is also the service's lan and wan address of its family, unless those are given. */
function taggedAddresses(definition: ServiceDefinition): Record<string, ServiceAddress> {
  const tagged: Record<string, ServiceAddress> = { ...definition.taggedAddresses };
  const family = ipFamily(definition.address);
  if (family === null) return sorted(tagged);
  for (const name of [`lan_${family}`, `wan_${family}`]) {
    tagged[name] ??= { Address: definition.address, Port: definition.port };
  }
  return sorted(tagged);
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Null for a name. */
export function ipFamily(address: string): "ipv4" | "ipv6" | null {
  const parts = address.split(".");
  if (parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255))
    return "ipv4";
  return address.includes(":") && /^[0-9a-fA-F:.]+$/.test(address) ? "ipv6" : null;
}
