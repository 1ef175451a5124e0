// Reverse lookups: an address under in-addr.arpa or ip6.arpa to the node or the service that has it.

import type { IpAddress } from "./address.ts";
import { ipFromHex } from "./address.ts";
import { normalDomain } from "./question.ts";

/** The address that a reverse name stands for (RFC 1035 3.5, RFC 3596 2.5); null for any other name. */
export function reversedAddress(name: string): IpAddress | null {
  const lower = normalDomain(name);
  if (lower.endsWith(".in-addr.arpa")) {
    const parts = lower.slice(0, -".in-addr.arpa".length).split(".").toReversed();
    const valid = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
    const hex = parts.map((part) => Number(part).toString(16).padStart(2, "0")).join("");
    return valid ? addressOf(hex) : null;
  }
  if (!lower.endsWith(".ip6.arpa")) return null;
  const nibbles = lower.slice(0, -".ip6.arpa".length).split(".").toReversed();
  const valid = nibbles.length === 32 && nibbles.every((nibble) => /^[0-9a-f]$/.test(nibble));
  return valid ? addressOf(nibbles.join("")) : null;
}

function addressOf(hex: string): IpAddress | null {
  const address = ipFromHex(hex);
  return address.ok ? address.value : null;
}

/** Consul takes all of arpa for reverse names, whatever stands in front of it. */
export function isReverseName(name: string): boolean {
  const lower = normalDomain(name);
  return lower === "arpa" || lower.endsWith(".arpa");
}

/** How the catalog may have written an address: IPv6 in full and with its longest run of zeros as "::" (RFC 5952). */
export function spellings(address: IpAddress): readonly string[] {
  if (address.family === 4) return [address.text];
  const groups = address.text.split(":");
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === "0") length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return [address.text];
  const head = groups.slice(0, best.start).join(":");
  const tail = groups.slice(best.start + best.length).join(":");
  return [address.text, `${head}::${tail}`];
}
