// The part of the agent's configuration that DNS answers depend on.

import type { RuntimeConfig } from "../config/runtime-config.ts";

export type DnsSettings = Pick<
  RuntimeConfig,
  "domain" | "datacenter" | "nodeName" | "advertiseAddr" | "defaultToken" | "dnsConfig"
>;

/** dns_config.service_ttl: the exact name, else the longest `prefix*` that fits, else "*", else 0. */
export function serviceTtl(settings: DnsSettings, service: string): number {
  const table = settings.dnsConfig.serviceTtlSeconds;
  const exact = Object.hasOwn(table, service) ? table[service] : undefined;
  if (exact !== undefined) return exact;
  const fitting = Object.keys(table).filter(
    (key) => key.endsWith("*") && service.startsWith(key.slice(0, -1)),
  );
  const longest = fitting.reduce((best, key) => (key.length > best.length ? key : best), "");
  return table[longest] ?? 0;
}
