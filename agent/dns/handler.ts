// The DNS server without its sockets: bytes of a query in, bytes of the reply out, null when nothing is answered.

import type { ReadCache } from "../../shared/api/cached-read.ts";
import type { Millis } from "../../shared/base/brand.ts";
import type { Backend } from "../../shared/rpc/backend.ts";
import { createCanceller } from "../../shared/rpc/cancellation.ts";
import type { Timers } from "../ports.ts";
import { ipFromHex } from "./address.ts";
import { addressRecord, nodeName, soaRecord } from "./answer.ts";
import { lookupAddress, lookupService } from "./lookup.ts";
import {
  type DnsCodec,
  type DnsQuery,
  type DnsQuestion,
  type DnsRecord,
  type DnsReply,
  type Rcode,
  rcodes,
} from "./message.ts";
import { type DnsTarget, isDnsName, normalDomain, parseDomains } from "./question.ts";
import { askRecursors, type DnsExchange } from "./recursor.ts";
import { resolve, shuffle } from "./resolve.ts";
import { isReverseName, reversedAddress, spellings } from "./reverse.ts";
import type { DnsSettings } from "./settings.ts";
import { encodeTrimmed, type Transport } from "./trim.ts";

export type DnsHandler = (packet: Uint8Array, transport: Transport) => Promise<Uint8Array | null>;

export type DnsHandlerOptions = {
  readonly backend: Backend;
  /** Asked for every query, so that a reload takes effect at once. */
  readonly settings: () => DnsSettings;
  readonly codec: DnsCodec;
  readonly exchange: DnsExchange;
  /** For dns_config.use_cache. */
  readonly cache?: ReadCache;
  /** 0 <= x < 1 */
  readonly random: () => number;
  readonly now: () => Millis;
  readonly timers: Timers;
  /** A server that never had a leader has nothing to say: its lookups wait for one like other calls, as in Consul. */
  readonly waitsForLeader?: () => boolean;
};

/** Resolvers give up after a few seconds; by then they should know that we cannot answer (SERVFAIL). */
const answerMillisMax = 1_500;
/** Longer than a server holds a request without a leader (rpc_hold_timeout), unless that is set very high. */
const leaderMillisMax = 15_000;

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
    const settings = options.settings();
    const uncompressed = settings.dnsConfig.disableCompression;
    const bounded = inTime(options);
    try {
      const reply = await answerQuery(
        { ...options, ...bounded, sourceAddress: subnetOf(query) },
        settings,
        query,
      );
      if (reply !== null) {
        return encodeTrimmed(
          query,
          { ...reply, uncompressed },
          transport,
          settings.dnsConfig,
          options.codec.encode,
        );
      }
      const outside = await askRecursors(options.exchange, settings, packet, transport);
      if (outside !== null) return outside;
      const failed = { ...emptyReply(rcodes.servFail, false, true), recursionAvailable: true };
      return options.codec.encode(query, failed);
    } catch {
      return options.codec.encode(query, emptyReply(rcodes.servFail, true, true));
    } finally {
      bounded.stopTimer();
    }
  };
}

/** A backend whose calls are cancelled, and reject, when the time is over. */
function inTime(options: DnsHandlerOptions): { readonly backend: Backend; readonly stopTimer: () => void } {
  const { cancellation, cancel } = createCanceller();
  const isPatient = options.waitsForLeader?.() === true;
  const stopTimer = options.timers.after(isPatient ? leaderMillisMax : answerMillisMax, cancel);
  return {
    backend: {
      call: (method, request) =>
        new Promise((resolve, reject) => {
          const late = () => reject(new Error("no server answered in time"));
          if (cancellation.aborted) return late();
          cancellation.onAbort(late);
          options.backend.call(method, request, cancellation).then(resolve, reject);
        }),
    },
    stopTimer,
  };
}

/** The client's network as its resolver tells it (RFC 7871): enough to find what is near. */
function subnetOf(query: DnsQuery): string {
  const data = query.edns?.clientSubnet ?? null;
  if (data === null || data.length < 4) return "";
  const family = ((data[0] ?? 0) << 8) | (data[1] ?? 0);
  const bytes = family === 1 ? 4 : family === 2 ? 16 : 0;
  if (bytes === 0 || data.length - 4 > bytes) return "";
  const hex = Array.from({ length: bytes }, (_, at) => (data[4 + at] ?? 0).toString(16).padStart(2, "0"));
  const address = ipFromHex(hex.join(""));
  return address.ok ? address.value.text : "";
}

function emptyReply(rcode: Rcode, authoritative: boolean, edns: boolean): DnsReply {
  return { rcode, authoritative, answers: [], authorities: [], additionals: [], edns };
}

type Answering = DnsHandlerOptions & { readonly sourceAddress: string };

/** Null when the question is for a recursor. */
async function answerQuery(
  options: Answering,
  settings: DnsSettings,
  query: DnsQuery,
): Promise<DnsReply | null> {
  if (query.opcode !== 0) return emptyReply(rcodes.notImp, false, false);
  const { question } = query;
  const recursionAvailable = settings.dnsConfig.recursors.length > 0;
  if (question !== null && isReverseName(question.name)) {
    const reply = await answerReverse(options, settings, question);
    return reply === null ? null : { ...reply, recursionAvailable };
  }
  const target: DnsTarget = question === null ? { kind: "outside" } : parseDomains(question.name, settings);
  if (question === null || target.kind === "outside") {
    return recursionAvailable && question !== null ? null : emptyReply(rcodes.refused, false, false);
  }
  const soa = soaRecord(settings, Math.floor(options.now() / 1000));
  const empty = { ...emptyReply(rcodes.noError, true, true), recursionAvailable };
  if (question.type === "SOA" || question.type === "NS") {
    return { ...empty, ...(await zoneReply(options, settings, question, soa)) };
  }
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

/** The name behind an address of ours; null when it is nobody's, or no name is asked for. */
async function answerReverse(
  options: Answering,
  settings: DnsSettings,
  question: DnsQuestion,
): Promise<DnsReply | null> {
  const address = reversedAddress(question.name);
  if (address === null) return null;
  const owner = await lookupAddress(options, settings, spellings(address));
  if (!owner.ok) return emptyReply(rcodes.servFail, true, true);
  const { node, service } = owner.value;
  if (node === "" && service === "") return null;
  const zone = `${settings.datacenter}.${normalDomain(settings.domain)}.`;
  const data = node === "" ? `${service}.service.${zone}` : `${node}.node.${zone}`;
  const answers: DnsRecord[] = [{ name: question.name, type: "PTR", ttl: 0, data }];
  return { ...emptyReply(rcodes.noError, true, true), answers };
}

/** Consul names so many. */
const nameServersMax = 3;

/** The zone's name servers are some of the servers; where servers speak no DNS (the edge), the agent that is asked. */
async function zoneReply(
  options: Answering,
  settings: DnsSettings,
  question: DnsQuestion,
  soa: DnsRecord,
): Promise<Partial<DnsReply>> {
  const ttl = settings.dnsConfig.nodeTtlSeconds;
  const servers = await lookupService(options, settings, "consul", "");
  const known = shuffle(servers.ok ? servers.value : [], options.random).slice(0, nameServersMax);
  const nodes = known.map(({ Node }) => ({ name: nodeName(Node.Node, settings), address: Node.Address }));
  const usable = nodes.filter(({ name }) => isDnsName(name));
  if (usable.length === 0) {
    usable.push({ name: nodeName(settings.nodeName, settings), address: settings.advertiseAddr });
  }
  const records: DnsRecord[] = usable.map(({ name }) => ({ name: soa.name, type: "NS", ttl, data: name }));
  const additionals = usable.flatMap(({ name, address }) => addressRecord(name, address, "ANY", ttl) ?? []);
  return question.type === "SOA"
    ? { answers: [soa], authorities: records, additionals }
    : { answers: records, additionals };
}
