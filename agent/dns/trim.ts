// Cutting a reply to what the client can take (surface reference C3): over UDP the number of answers and the bytes,
// over TCP 64 KiB. Answers go from the end, and with them what stood beside them; TC says so when enable_truncate is on.

import type { DnsConfig } from "../config/dns-config.ts";
import type { DnsQuery, DnsRecord, DnsReply } from "./message.ts";

export type Transport = "udp" | "tcp";

const plainUdpBytesMax = 512;
const tcpBytesMax = 65_535;

/** The largest packet that may be sent to whoever asked. */
export function replyBytesMax(query: DnsQuery, transport: Transport): number {
  if (transport === "tcp") return tcpBytesMax;
  return Math.max(query.edns?.udpSize ?? 0, plainUdpBytesMax);
}

/** The additional records that the kept answers still refer to. */
function keepReferenced(
  answers: readonly DnsRecord[],
  all: readonly DnsRecord[],
  additionals: readonly DnsRecord[],
): readonly DnsRecord[] {
  if (answers.length === all.length) return additionals;
  const targets = (records: readonly DnsRecord[]) =>
    new Set(records.flatMap((one) => (one.type === "SRV" ? [one.data.target] : [])));
  const kept = targets(answers);
  const dropped = targets(all.slice(answers.length));
  return additionals.filter((one) => kept.has(one.name) || !dropped.has(one.name));
}

/** The largest count in 0..most for which `fits`; `fits` holds for every count below one for which it holds. */
function largest(most: number, fits: (count: number) => boolean): number {
  let low = 0;
  let high = most;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

export type TrimRules = Pick<DnsConfig, "udpAnswerLimit" | "aRecordLimit" | "enableTruncate">;

/** How many answers a small UDP packet may have; a_record_limit, where it counts, stands in for udp_answer_limit. */
function answersMax(query: DnsQuery, reply: DnsReply, rules: TrimRules): number {
  const limitedElsewhere = rules.aRecordLimit > 0 && query.question?.type !== "SRV";
  return limitedElsewhere ? reply.answers.length : Math.min(reply.answers.length, rules.udpAnswerLimit);
}

/** The reply's bytes, cut so that they fit. */
export function encodeTrimmed(
  query: DnsQuery,
  whole: DnsReply,
  transport: Transport,
  rules: TrimRules,
  encode: (query: DnsQuery, reply: DnsReply) => Uint8Array,
): Uint8Array {
  const pack = (_query: DnsQuery, reply: DnsReply): Uint8Array => {
    const isCut =
      reply.answers.length < whole.answers.length || reply.additionals.length < whole.additionals.length;
    return encode(query, isCut && rules.enableTruncate ? { ...reply, truncated: true } : reply);
  };
  return cutToFit(query, whole, transport, rules, pack);
}

function cutToFit(
  query: DnsQuery,
  reply: DnsReply,
  transport: Transport,
  rules: TrimRules,
  encode: (query: DnsQuery, reply: DnsReply) => Uint8Array,
): Uint8Array {
  const bytesMax = replyBytesMax(query, transport);
  const fewOnly = transport === "udp" && bytesMax <= plainUdpBytesMax;
  const most = fewOnly ? answersMax(query, reply, rules) : reply.answers.length;
  const cut = (count: number): DnsReply => {
    const answers = reply.answers.slice(0, count);
    return { ...reply, answers, additionals: keepReferenced(answers, reply.answers, reply.additionals) };
  };
  const whole = encode(query, cut(most));
  if (whole.length <= bytesMax) return whole;
  const count = largest(most, (answers) => encode(query, cut(answers)).length <= bytesMax);
  if (count > 0) return encode(query, cut(count));
  // Not even one answer with all that stands beside it: the answer counts more.
  const one = cut(Math.min(1, most));
  const beside = (extra: number): DnsReply => ({ ...one, additionals: one.additionals.slice(0, extra) });
  const extra = largest(one.additionals.length, (n) => encode(query, beside(n)).length <= bytesMax);
  return encode(query, beside(extra));
}
