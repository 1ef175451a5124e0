// A name in the domain to its records: service, node, query, address; and the names that those point at, followed
// inside the domain here and outside of it through the recursors.

import { parseGoDuration } from "../../shared/base/millis.ts";
import type { Backend } from "../../shared/rpc/backend.ts";
import type { CheckServiceNode } from "../../shared/structs/check.ts";
import { ipFromHex } from "./address.ts";
import { addressRecord, nodeRecords, nodeTypes, type Records, serviceRecords, srvRecords } from "./answer.ts";
import { type Lookups, lookupNode, lookupQuery, lookupService } from "./lookup.ts";
import type { DnsCodec, DnsQuestion, DnsRecord } from "./message.ts";
import { type DnsTarget, parseDomains } from "./question.ts";
import { type DnsExchange, resolveOutside } from "./recursor.ts";
import { type DnsSettings, serviceTtl } from "./settings.ts";

/** A name that points at a name that points ... is followed this often inside the domain. */
const aliasDepthMax = 3;

export type Found =
  | ({ readonly kind: "found" } & Records & {
        readonly noDataSoa: boolean;
        /** The TTL that records from outside get; absent: their own. */
        readonly aliasTtl?: number;
      })
  | { readonly kind: "absent" }
  | { readonly kind: "failed" };

const absent: Found = { kind: "absent" };

export type ResolveOptions = Lookups & {
  readonly backend: Backend;
  readonly codec: DnsCodec;
  readonly exchange: DnsExchange;
  /** 0 <= x < 1 */
  readonly random: () => number;
};

/** What is known about a name of the domain; `depth` counts the aliases that led to it. */
export async function resolve(
  options: ResolveOptions,
  settings: DnsSettings,
  question: DnsQuestion,
  target: DnsTarget,
  depth: number,
): Promise<Found> {
  if (target.kind === "none" || target.kind === "outside") return absent;
  if (target.kind === "addr") return resolveAddress(settings, question, target.hex);
  const own = settings.datacenter.toLowerCase();
  if (target.datacenter !== "" && target.datacenter !== own) return absent; // no other datacenter is known yet
  if (target.kind === "service" && target.srvOnly && question.type !== "SRV") return absent;
  const found =
    target.kind === "node"
      ? await resolveNode(options, settings, question, target.node)
      : target.kind === "query"
        ? await resolveQuery(options, settings, question, target.query)
        : await resolveService(options, settings, question, target);
  return found.kind === "found" ? followAlias(options, settings, question, found, depth) : found;
}

/** The label says the address: whatever type is asked, it is told (as Consul does), under the name in small letters. */
function resolveAddress(settings: DnsSettings, question: DnsQuestion, hex: string): Found {
  const ip = ipFromHex(hex);
  if (!ip.ok && (hex.length === 8 || hex.length === 32)) return absent;
  const record = ip.ok
    ? addressRecord(question.name.toLowerCase(), ip.value.text, "ANY", settings.dnsConfig.nodeTtlSeconds)
    : null;
  return { kind: "found", answers: record === null ? [] : [record], additionals: [], noDataSoa: false };
}

async function resolveNode(
  options: ResolveOptions,
  settings: DnsSettings,
  question: DnsQuestion,
  name: string,
): Promise<Found> {
  if (!nodeTypes.has(question.type)) return { kind: "found", answers: [], additionals: [], noDataSoa: false };
  const node = await lookupNode(options, settings, name);
  if (!node.ok) return { kind: "failed" };
  if (node.value === null) return absent;
  const { nodeTtlSeconds, nodeMetaTxt } = settings.dnsConfig;
  const { answers, additionals } = nodeRecords(question.name, node.value, question.type, nodeTtlSeconds);
  const beside = nodeMetaTxt ? additionals : withoutTxt(additionals);
  return { kind: "found", answers, additionals: beside, noDataSoa: false };
}

async function resolveService(
  options: ResolveOptions,
  settings: DnsSettings,
  question: DnsQuestion,
  target: DnsTarget & { kind: "service" },
): Promise<Found> {
  const instances = await lookupService(options, settings, target.service, target.tag, target);
  if (!instances.ok) return { kind: "failed" };
  if (instances.value.length === 0) return absent;
  const shuffled = shuffle(instances.value, options.random);
  return instanceRecords(settings, question, shuffled, serviceTtl(settings, target.service));
}

/** The query says which instances, in which order, and for how long. */
async function resolveQuery(
  options: ResolveOptions,
  settings: DnsSettings,
  question: DnsQuestion,
  name: string,
): Promise<Found> {
  const result = await lookupQuery(options, settings, name);
  if (!result.ok) return { kind: "failed" };
  if (result.value === null || result.value.Nodes.length === 0) return absent;
  const { Service, Nodes, DNS } = result.value;
  const own = DNS.TTL === "" ? null : parseGoDuration(DNS.TTL);
  const ttl = own?.ok ? Math.trunc(own.value / 1_000) : serviceTtl(settings, Service);
  return instanceRecords(settings, question, Nodes, ttl);
}

function instanceRecords(
  settings: DnsSettings,
  question: DnsQuestion,
  instances: readonly CheckServiceNode[],
  ttl: number,
): Found {
  const { aRecordLimit, nodeMetaTxt } = settings.dnsConfig;
  const records =
    question.type === "SRV"
      ? srvRecords(question.name, instances, settings, ttl)
      : serviceRecords(question.name, instances, question.type, ttl);
  const limited =
    question.type === "SRV" || aRecordLimit <= 0 ? records.answers : records.answers.slice(0, aRecordLimit);
  const additionals = nodeMetaTxt ? records.additionals : withoutTxt(records.additionals);
  return { kind: "found", answers: limited, additionals, noDataSoa: true, aliasTtl: ttl };
}

function withoutTxt(records: readonly DnsRecord[]): readonly DnsRecord[] {
  return records.filter((record) => record.type !== "TXT");
}

/** What stands behind the host names among the records: names of ours are resolved here, others by a recursor. */
async function followAlias(
  options: ResolveOptions,
  settings: DnsSettings,
  question: DnsQuestion,
  found: Found & { kind: "found" },
  depth: number,
): Promise<Found> {
  if (depth >= aliasDepthMax) return found;
  const beside = new Set(found.additionals.map((record) => record.name));
  const behind: DnsRecord[] = [];
  for (const record of found.answers) {
    const alias = record.type === "CNAME" ? record.data : record.type === "SRV" ? record.data.target : null;
    if (alias === null || beside.has(alias)) continue;
    beside.add(alias);
    behind.push(...(await behindAlias(options, settings, question, alias, found.aliasTtl, depth)));
  }
  return question.type === "SRV"
    ? { ...found, additionals: [...found.additionals, ...behind] }
    : { ...found, answers: [...found.answers, ...behind] };
}

async function behindAlias(
  options: ResolveOptions,
  settings: DnsSettings,
  question: DnsQuestion,
  alias: string,
  aliasTtl: number | undefined,
  depth: number,
): Promise<readonly DnsRecord[]> {
  const target = parseDomains(alias, settings);
  if (target.kind === "outside") {
    const { exchange, codec, random } = options;
    const outside = await resolveOutside(exchange, settings, codec, alias, random);
    return aliasTtl === undefined ? outside : outside.map((record) => ({ ...record, ttl: aliasTtl }));
  }
  const next = await resolve(options, settings, { ...question, name: alias, type: "ANY" }, target, depth + 1);
  return next.kind === "found" ? withoutTxt(next.answers) : [];
}

/** A copy in random order (Fisher-Yates), so that clients spread over the instances. */
export function shuffle<T>(items: readonly T[], random: () => number): T[] {
  const out = [...items];
  for (let at = out.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [out[at], out[other]] = [out[other]!, out[at]!];
  }
  return out;
}
