// Resource records from instances and nodes (Consul: "DNS interface"). Pure: what is shuffled comes in shuffled.

import type { CheckServiceNode } from "../../shared/structs/check.ts";
import type { Node } from "../../shared/structs/node.ts";
import { ipToHex, parseIp } from "./address.ts";
import type { DnsRecord } from "./message.ts";
import { isDnsName, normalDomain } from "./question.ts";
import type { DnsSettings } from "./settings.ts";

/** The sections of a reply that a lookup fills. */
export type Records = { readonly answers: readonly DnsRecord[]; readonly additionals: readonly DnsRecord[] };

/** Consul answers TXT for a service with its addresses; other types get none. */
const addressTypes = new Set(["A", "AAAA", "ANY", "TXT"]);

export function dnsName(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}

/** A, AAAA or CNAME of `owner`; null when the address is of a family that `type` does not ask for. */
export function addressRecord(owner: string, address: string, type: string, ttl: number): DnsRecord | null {
  const ip = parseIp(address);
  if (ip === null)
    return isDnsName(address) ? { name: owner, type: "CNAME", ttl, data: dnsName(address) } : null;
  const own = ip.family === 4 ? "A" : "AAAA";
  const asked = type === own || (addressTypes.has(type) && type !== "A" && type !== "AAAA");
  return asked ? { name: owner, type: own, ttl, data: ip.text } : null;
}

/** Node metadata as TXT: "key=value" (RFC 1464), or the bare value when the key starts with "rfc1035-". */
export function metaRecords(owner: string, node: Node, ttl: number): DnsRecord[] {
  return Object.entries(node.Meta ?? {}).map(([key, value]) => {
    const data = key.toLowerCase().startsWith("rfc1035-") ? value : `${key}=${value}`;
    return { name: owner, type: "TXT", ttl, data };
  });
}

/** The types that a node's name has records of. */
export const nodeTypes: ReadonlySet<string> = addressTypes;

/** NODE.node: its address, and its metadata as answer or beside it. */
export function nodeRecords(owner: string, node: Node, type: string, ttl: number): Records {
  const address = type === "TXT" ? null : addressRecord(owner, node.Address, type, ttl);
  const meta = metaRecords(owner, node, ttl);
  const inAnswer = type === "TXT" || type === "ANY";
  const answers = address === null ? [] : [address];
  return { answers: inAnswer ? [...answers, ...meta] : answers, additionals: inAnswer ? [] : meta };
}

export function instanceAddress(instance: CheckServiceNode): string {
  return instance.Service.Address === "" ? instance.Node.Address : instance.Service.Address;
}

/** One record for each address; a host name only when there is no address, and then one. */
export function serviceRecords(
  owner: string,
  instances: readonly CheckServiceNode[],
  type: string,
  ttl: number,
): Records {
  const byData = new Map<unknown, DnsRecord>();
  for (const instance of instances) {
    const record = addressRecord(owner, instanceAddress(instance), type, ttl);
    if (record !== null && !byData.has(record.data)) byData.set(record.data, record);
  }
  const records = [...byData.values()];
  const addresses = records.filter((record) => record.type !== "CNAME");
  return { answers: addresses.length > 0 ? addresses : records.slice(0, 1), additionals: [] };
}

export type Zone = { readonly datacenter: string; readonly domain: string };

export function nodeName(node: string, zone: Zone): string {
  return `${node}.node.${zone.datacenter}.${normalDomain(zone.domain)}.`;
}

/** Weights.Warning as soon as one check warns. */
function weightOf(instance: CheckServiceNode): number {
  const warns = instance.Checks.some((check) => check.Status === "warning");
  const weight = warns ? instance.Service.Weights.Warning : instance.Service.Weights.Passing;
  return Math.min(Math.max(weight, 0), 65_535);
}

/** The name an SRV record points to, and what stands beside it. */
function srvTarget(
  instance: CheckServiceNode,
  zone: Zone,
  ttl: number,
): { target: string; glue: DnsRecord[] } {
  const node = nodeName(instance.Node.Node, zone);
  const address = instanceAddress(instance);
  const ip = parseIp(address);
  const meta = isDnsName(node) ? metaRecords(node, instance.Node, ttl) : [];
  if (ip === null) return { target: dnsName(address), glue: meta };
  const own = `${ipToHex(ip)}.addr.${zone.datacenter}.${normalDomain(zone.domain)}.`;
  const target = instance.Service.Address === "" ? node : own;
  const glue = addressRecord(target, address, "ANY", ttl);
  return { target, glue: glue === null ? meta : [glue, ...meta] };
}

/**
 * SRV answers with the targets' addresses beside them, as often as Consul repeats them; an instance whose node has
 * no DNS name is left out.
 */
export function srvRecords(
  owner: string,
  instances: readonly CheckServiceNode[],
  zone: Zone,
  ttl: number,
): Records {
  const answers: DnsRecord[] = [];
  const additionals: DnsRecord[] = [];
  const seen = new Set<string>();
  for (const instance of instances) {
    const { target, glue } = srvTarget(instance, zone, ttl);
    const port = instance.Service.Port & 0xffff;
    if (!isDnsName(target) || seen.has(`${port} ${target}`)) continue;
    seen.add(`${port} ${target}`);
    answers.push({
      name: owner,
      type: "SRV",
      ttl,
      data: { priority: 1, weight: weightOf(instance), port, target },
    });
    additionals.push(...glue);
  }
  return { answers, additionals };
}

export function soaRecord(
  settings: Pick<DnsSettings, "domain" | "dnsConfig">,
  unixSeconds: number,
): DnsRecord {
  const zone = `${normalDomain(settings.domain)}.`;
  const { refresh, retry, expire, minTtl } = settings.dnsConfig.soa;
  return {
    name: zone,
    type: "SOA",
    ttl: minTtl,
    data: {
      mname: `ns.${zone}`,
      rname: `hostmaster.${zone}`,
      serial: unixSeconds,
      refresh,
      retry,
      expire,
      minimum: minTtl,
    },
  };
}
