// A service as /v1/agent/services shows it: Consul's field order, and the corners where it differs from the catalog.

import { agentProxy, hasProxy } from "./parse-proxy.ts";
import type { ServiceRegistration } from "./registration.ts";

export type AgentService = {
  Kind?: string;
  ID: string;
  Service: string;
  Tags: readonly string[];
  Meta: Readonly<Record<string, string>>;
  Port: number;
  Address: string;
  TaggedAddresses?: NonNullable<ServiceRegistration["TaggedAddresses"]>;
  Weights: ServiceRegistration["Weights"];
  EnableTagOverride: boolean;
  Proxy?: Readonly<Record<string, unknown>>;
  Connect?: Readonly<Record<string, unknown>>;
  ContentHash?: string;
};

/** One value of /v1/agent/services. */
export function agentService(service: ServiceRegistration): AgentService {
  return {
    ...(service.Kind === undefined || service.Kind === "" ? {} : { Kind: service.Kind }),
    ID: service.ID,
    Service: service.Service,
    Tags: service.Tags,
    Meta: sortedByKey(service.Meta ?? {}),
    Port: service.Port,
    Address: service.Address,
    ...(service.TaggedAddresses === undefined ? {} : { TaggedAddresses: service.TaggedAddresses }),
    Weights: service.Weights,
    EnableTagOverride: service.EnableTagOverride,
    ...(hasProxy(service.Kind) ? { Proxy: agentProxy(service.Proxy) } : {}),
    ...(Object.keys(service.Connect).length === 0 ? {} : { Connect: service.Connect }),
  };
}

function sortedByKey<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
