// Cutting a reply to what the client can take (surface reference C3): over UDP the number of answers and the bytes,
// over TCP 64 KiB. Answers go from the end, and with them what stood beside them; TC is not set (enable_truncate).

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

/** The reply's bytes, cut so that they fit. */
export function encodeTrimmed(
  query: DnsQuery,
  reply: DnsReply,
  transport: Transport,
  encode: (query: DnsQuery, reply: DnsReply) => Uint8Array,
): Uint8Array {
  const bytesMax = replyBytesMax(query, transport);
  const fewOnly = transport === "udp" && bytesMax <= plainUdpBytesMax;
  const most = fewOnly ? Math.min(reply.answers.length, 3) : reply.answers.length;
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
