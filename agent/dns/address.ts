// IP addresses as DNS needs them: which family a text is, and the hexadecimal form of <hex>.addr.consul.

import { fail, ok, type Result } from "../../shared/base/result.ts";

export type IpAddress = { readonly family: 4 | 6; readonly text: string; readonly bytes: readonly number[] };

function parseIpv4(text: string): number[] | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const bytes = parts.map((part) => (/^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256));
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

/** Groups of one side of "::", a trailing dotted quad counting as two; null when one of them is not a group. */
function parseGroups(text: string): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [at, part] of parts.entries()) {
    const quad = at === parts.length - 1 ? parseIpv4(part) : null;
    if (quad !== null) {
      groups.push((quad[0]! << 8) | quad[1]!, (quad[2]! << 8) | quad[3]!);
      continue;
    }
    if (!/^[0-9a-f]{1,4}$/i.test(part)) return null;
    groups.push(Number.parseInt(part, 16));
  }
  return groups;
}

function parseIpv6(text: string): number[] | null {
  const sides = text.split("::");
  if (sides.length > 2) return null;
  const head = parseGroups(sides[0]!);
  const tail = parseGroups(sides[1] ?? "");
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (sides.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return groups.flatMap((group) => [group >> 8, group & 255]);
}

function fromBytes(bytes: readonly number[]): IpAddress {
  const mapped = bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0);
  if (mapped && bytes[10] === 255 && bytes[11] === 255) return fromBytes(bytes.slice(12));
  if (bytes.length === 4) return { family: 4, text: bytes.join("."), bytes };
  const groups = Array.from({ length: 8 }, (_, n) => ((bytes[2 * n]! << 8) | bytes[2 * n + 1]!).toString(16));
  return { family: 6, text: groups.join(":"), bytes };
}

/** The address, an IPv4-mapped one as IPv4; null when the text is no IP address (so it is a host name). */
export function parseIp(text: string): IpAddress | null {
  const bytes = text.includes(":") ? parseIpv6(text) : parseIpv4(text);
  return bytes === null ? null : fromBytes(bytes);
}

/** The label in front of ".addr": two digits a byte. */
export function ipToHex(ip: IpAddress): string {
  return ip.bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The address of such a label; 8 digits are IPv4, 32 are IPv6. */
export function ipFromHex(hex: string): Result<IpAddress, "not an address"> {
  if (!/^([0-9a-f]{8}|[0-9a-f]{32})$/i.test(hex)) return fail("not an address");
  const pairs = hex.match(/../g) ?? [];
  const bytes = pairs.map((pair) => Number.parseInt(pair, 16));
  const text = fromBytes(bytes);
  return ok(text);
}
