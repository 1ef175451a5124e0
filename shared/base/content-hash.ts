// A 64-bit FNV-1a of text, as 16 hexadecimal digits: names of files made from ids that may hold any character, and
// the X-Consul-ContentHash of a service. Not for secrets.

const offset = 0xcbf29ce484222325n;
const prime = 0x100000001b3n;
const mask = 0xffffffffffffffffn;

/** Sixteen hexadecimal digits. */
export function contentHash(text: string): string {
  let hash = offset;
  const bytes = new TextEncoder().encode(text);
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * prime) & mask;
  return hash.toString(16).padStart(16, "0");
}
