// Names that are not ours go to the recursors of the configuration, in their order (Consul: "recursors"). A reply of
// any of them that is no failure is the reply; one that fails, or is silent for too long, is passed over.

import type { Millis } from "../../shared/base/brand.ts";
import type { ListenAddress } from "../config/runtime-config.ts";
import type { DnsCodec, DnsRecord } from "./message.ts";
import { rcodes } from "./message.ts";
import type { DnsSettings } from "./settings.ts";
import type { Transport } from "./trim.ts";

/** Sends one packet and resolves with the answer to it; null when none came in time. */
export type DnsExchange = (
  server: ListenAddress,
  packet: Uint8Array,
  transport: Transport,
  timeoutMillis: Millis,
) => Promise<Uint8Array | null>;

const aaBit = 0x04;
const raBit = 0x80;

/** The first good answer to a client's packet, ready to be sent to it; null when no recursor has one. */
export async function askRecursors(
  exchange: DnsExchange,
  settings: DnsSettings,
  packet: Uint8Array,
  transport: Transport,
): Promise<Uint8Array | null> {
  const answer = await firstGood(exchange, settings, packet, transport);
  if (answer === null) return null;
  const reply = answer.slice();
  reply[2] = (reply[2] ?? 0) & ~aaBit; // we are no authority for it
  reply[3] = (reply[3] ?? 0) | raBit;
  return reply;
}

/** The addresses behind a host name, with the aliases on the way; none when no recursor knows it. */
export async function resolveOutside(
  exchange: DnsExchange,
  settings: DnsSettings,
  codec: DnsCodec,
  name: string,
  random: () => number,
): Promise<readonly DnsRecord[]> {
  const id = Math.floor(random() * 0x10000);
  const packet = codec.encodeQuestion(id, name.replace(/\.$/, ""), "A");
  const answer = await firstGood(exchange, settings, packet, "udp");
  return answer === null ? [] : (codec.decodeReply(answer)?.answers ?? []);
}

async function firstGood(
  exchange: DnsExchange,
  settings: DnsSettings,
  packet: Uint8Array,
  transport: Transport,
): Promise<Uint8Array | null> {
  const { recursors, recursorTimeoutMillis } = settings.dnsConfig;
  for (const server of recursors) {
    const answer = await exchange(server, packet, transport, recursorTimeoutMillis);
    if (answer === null || answer.length < 12) continue;
    const rcode = (answer[3] ?? 0) & 15;
    if (rcode === rcodes.noError || rcode === rcodes.nxDomain) return answer;
  }
  return null;
}
