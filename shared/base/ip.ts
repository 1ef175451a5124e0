// IP addresses as bytes and as text, in the form that Go prints (RFC 5952).

/** 4 or 16 bytes; null for what is no address. IPv4-mapped text keeps its 16 bytes. */
export function parseIpBytes(text: string): Uint8Array | null {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split(".");
  const isIpv4 = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
  return isIpv4 ? Uint8Array.from(parts, Number) : null;
}

function parseIpv6(text: string): Uint8Array | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half) => (half === "" ? [] : groupBytes(half)));
  if (head === undefined || head === null || tail === null) return null;
  if (tail === undefined) return head.length === 16 ? Uint8Array.from(head) : null;
  const zeros = 16 - head.length - tail.length;
  if (zeros < 2) return null;
  return Uint8Array.from([...head, ...new Array<number>(zeros).fill(0), ...tail]);
}

function groupBytes(text: string): number[] | null {
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [place, group] of groups.entries()) {
    const isLast = place === groups.length - 1;
    const ipv4 = isLast && group.includes(".") ? parseIpv4(group) : null;
    if (ipv4 !== null) bytes.push(...ipv4);
    else if (/^[0-9a-fA-F]{1,4}$/.test(group))
      bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff);
    else return null;
  }
  return bytes;
}

/** Whether 16 bytes stand for an IPv4 address. */
export function isMappedIpv4(ip: Uint8Array): boolean {
  return ip.length === 16 && ip.every((byte, at) => at >= 12 || byte === (at < 10 ? 0 : 0xff));
}

/** "10.0.0.1", "fe80::1"; mapped addresses as the IPv4 that they are; "" for what is no address. */
export function formatIp(ip: Uint8Array): string {
  if (ip.length === 4) return ip.join(".");
  if (isMappedIpv4(ip)) return ip.slice(12).join(".");
  if (ip.length !== 16) return "";
  const groups = Array.from({ length: 8 }, (_, at) => ((ip[2 * at] ?? 0) << 8) | (ip[2 * at + 1] ?? 0));
  const { start, length } = longestZeros(groups);
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  return best;
}
