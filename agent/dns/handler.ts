// The DNS server without its sockets: bytes of a query in, bytes of the reply out, null when nothing is answered.

import type { Millis } from "../../shared/base/brand.ts";
import { parseGoDuration } from "../../shared/base/millis.ts";
import type { Backend, Cancellation } from "../../shared/rpc/backend.ts";
import type { Timers } from "../ports.ts";
import { ipFromHex } from "./address.ts";
import {
  addressRecord,
  nodeName,
  nodeRecords,
  nodeTypes,
  type Records,
  serviceRecords,
  soaRecord,
  srvRecords,
} from "./answer.ts";
import { lookupNode, lookupQuery, lookupService } from "./lookup.ts";
import {
  type DnsCodec,
  type DnsQuery,
  type DnsQuestion,
  type DnsRecord,
  type DnsReply,
  type Rcode,
  rcodes,
} from "./message.ts";
import { type DnsTarget, parseName } from "./question.ts";
import { type DnsSettings, serviceTtl } from "./settings.ts";
import { encodeTrimmed, type Transport } from "./trim.ts";

export type DnsHandler = (packet: Uint8Array, transport: Transport) => Promise<Uint8Array | null>;

export type DnsHandlerOptions = {
  readonly backend: Backend;
  /** Asked for every query, so that a reload takes effect at once. */
  readonly settings: () => DnsSettings;
  readonly codec: DnsCodec;
  /** 0 <= x < 1 */
  readonly random: () => number;
  readonly now: () => Millis;
  readonly timers: Timers;
};

/** Resolvers give up after a few seconds; by then they should know that we cannot answer (SERVFAIL). */
const answerMillisMax = 1_500;

/** A name that points at a name that points ... is followed this often inside the domain. */
const aliasDepthMax = 3;

type Found =
  | ({ readonly kind: "found" } & Records & { readonly noDataSoa: boolean })
  | { readonly kind: "absent" }
  | { readonly kind: "failed" };

const absent: Found = { kind: "absent" };

/** Builds the handler; it never rejects. */
export function createDnsHandler(options: DnsHandlerOptions): DnsHandler {
  return async (packet, transport) => {
    const decoded = options.codec.decode(packet);
    if (decoded.kind === "ignored") return null;
    if (decoded.kind === "malformed") {
      const query = { ...decoded, opcode: 0, question: null, edns: null };
      return options.codec.encode(query, emptyReply(rcodes.formErr, false, false));
    }
    const { query } = decoded;
    try {
      const reply = await inTime(options, (bounded) => answerQuery(bounded, query));
      return encodeTrimmed(query, reply, transport, options.codec.encode);
    } catch {
      return options.codec.encode(query, emptyReply(rcodes.servFail, true, true));
    }
  };
}

/** Runs `answer` with a backend whose calls are cancelled, and rejects, when the time is over. */
function inTime(
  options: DnsHandlerOptions,
  answer: (options: DnsHandlerOptions) => Promise<DnsReply>,
): Promise<DnsReply> {
  return new Promise((resolve, reject) => {
    const callbacks: (() => void)[] = [];
    let aborted = false;
    const cancellation: Cancellation = {
      get aborted() {
        return aborted;
      },
      onAbort: (callback) => void callbacks.push(callback),
    };
    const stopTimer = options.timers.after(answerMillisMax, () => {
      aborted = true;
      for (const callback of callbacks) callback();
      reject(new Error("no server answered in time"));
    });
    const backend: Backend = {
      call: (method, request) => options.backend.call(method, request, cancellation),
    };
    answer({ ...options, backend })
      .then(resolve, reject)
      .finally(stopTimer);
  });
}

function emptyReply(rcode: Rcode, authoritative: boolean, edns: boolean): DnsReply {
  return { rcode, authoritative, answers: [], authorities: [], additionals: [], edns };
}

async function answerQuery(options: DnsHandlerOptions, query: DnsQuery): Promise<DnsReply> {
  if (query.opcode !== 0) return emptyReply(rcodes.notImp, false, false);
  const { question } = query;
  const settings = options.settings();
  const target: DnsTarget =
    question === null ? { kind: "outside" } : parseName(question.name, settings.domain);
  if (question === null || target.kind === "outside") return emptyReply(rcodes.refused, false, false);
  const soa = soaRecord(settings.domain, Math.floor(options.now() / 1000));
  const empty = emptyReply(rcodes.noError, true, true);
  if (question.type === "SOA" || question.type === "NS")
    return { ...empty, ...zoneReply(settings, question, soa) };
  const found = await resolve(options, settings, question, target, 0);
  if (found.kind === "failed") return { ...empty, rcode: rcodes.servFail };
  if (found.kind === "absent") return { ...empty, rcode: rcodes.nxDomain, authorities: [soa] };
  const noData = found.answers.length === 0 && found.noDataSoa;
  return {
    ...empty,
    answers: found.answers,
    additionals: found.additionals,
    authorities: noData ? [soa] : [],
  };
}

/** The name server of the zone is the agent that is asked: servers at the edge speak no DNS themselves. */
function zoneReply(settings: DnsSettings, question: DnsQuestion, soa: DnsRecord): Partial<DnsReply> {
  const server = nodeName(settings.nodeName, settings);
  const ttl = settings.dnsConfig.nodeTtlSeconds;
  const ns: DnsRecord = { name: soa.name, type: "NS", ttl, data: server };
  const glue = addressRecord(server, settings.advertiseAddr, "ANY", ttl);
  const additionals = glue === null ? [] : [glue];
  return question.type === "SOA"
    ? { answers: [soa], authorities: [ns], additionals }
    : { answers: [ns], additionals };
}

async function resolve(
  options: DnsHandlerOptions,
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

/** The label says the address: whatever type is asked, it is told (as Consul does). */
function resolveAddress(settings: DnsSettings, question: DnsQuestion, hex: string): Found {
  const ip = ipFromHex(hex);
  const record = ip.ok
    ? addressRecord(question.name, ip.value.text, "ANY", settings.dnsConfig.nodeTtlSeconds)
    : null;
  return { kind: "found", answers: record === null ? [] : [record], additionals: [], noDataSoa: false };
}

async function resolveNode(
  options: DnsHandlerOptions,
  settings: DnsSettings,
  question: DnsQuestion,
  name: string,
): Promise<Found> {
  if (!nodeTypes.has(question.type)) return { kind: "found", answers: [], additionals: [], noDataSoa: false };
  const node = await lookupNode(options.backend, settings, name);
  if (!node.ok) return { kind: "failed" };
  if (node.value === null) return absent;
  const records = nodeRecords(question.name, node.value, question.type, settings.dnsConfig.nodeTtlSeconds);
  return { kind: "found", ...records, noDataSoa: false };
}

async function resolveService(
  options: DnsHandlerOptions,
  settings: DnsSettings,
  question: DnsQuestion,
  target: DnsTarget & { kind: "service" },
): Promise<Found> {
  const instances = await lookupService(options.backend, settings, target.service, target.tag);
  if (!instances.ok) return { kind: "failed" };
  if (instances.value.length === 0) return absent;
  const shuffled = shuffle(instances.value, options.random);
  const ttl = serviceTtl(settings, target.service);
  const records =
    question.type === "SRV"
      ? srvRecords(question.name, shuffled, settings, ttl)
      : serviceRecords(question.name, shuffled, question.type, ttl);
  return { kind: "found", ...records, noDataSoa: true };
}

/** The query says which instances, in which order, and for how long. */
async function resolveQuery(
  options: DnsHandlerOptions,
  settings: DnsSettings,
  question: DnsQuestion,
  name: string,
): Promise<Found> {
  const result = await lookupQuery(options.backend, settings, name);
  if (!result.ok) return { kind: "failed" };
  if (result.value === null || result.value.Nodes.length === 0) return absent;
  const { Service, Nodes, DNS } = result.value;
  const own = DNS.TTL === "" ? null : parseGoDuration(DNS.TTL);
  const ttl = own?.ok ? Math.trunc(own.value / 1_000) : serviceTtl(settings, Service);
  const records =
    question.type === "SRV"
      ? srvRecords(question.name, Nodes, settings, ttl)
      : serviceRecords(question.name, Nodes, question.type, ttl);
  return { kind: "found", ...records, noDataSoa: true };
}

/** A host name that is itself in the domain is resolved here, as no recursor would know it: to all its addresses. */
async function followAlias(
  options: DnsHandlerOptions,
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
    const target = alias === null || beside.has(alias) ? null : parseName(alias, settings.domain);
    if (alias === null || target === null || target.kind === "outside") continue;
    beside.add(alias);
    const next = await resolve(
      options,
      settings,
      { ...question, name: alias, type: "ANY" },
      target,
      depth + 1,
    );
    if (next.kind === "found") behind.push(...next.answers.filter((one) => one.type !== "TXT"));
  }
  return question.type === "SRV"
    ? { ...found, additionals: [...found.additionals, ...behind] }
    : { ...found, answers: [...found.answers, ...behind] };
}

/** A copy in random order (Fisher-Yates), so that clients spread over the instances. */
function shuffle<T>(items: readonly T[], random: () => number): T[] {
  const out = [...items];
  for (let at = out.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [out[at], out[other]] = [out[other]!, out[at]!];
  }
  return out;
}
