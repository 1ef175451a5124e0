// Consul's rules for metadata pairs of services and nodes.

import { limits } from "../limits.ts";

const keyPattern = /^[a-zA-Z0-9_-]+$/;

/** null, or Consul's text. Its text speaks of node metadata for services, too. */
export function metaProblem(meta: Readonly<Record<string, string>>): string | null {
  const pairs = Object.entries(meta);
  if (pairs.length > limits.metaPairsMax) {
    return `Node metadata cannot contain more than ${limits.metaPairsMax} key/value pairs`;
  }
  for (const [key, value] of pairs) {
    const reason = pairProblem(key, value);
    if (reason !== null) return `Couldn't load metadata pair ('${key}', '${value}'): ${reason}`;
  }
  return null;
}

function pairProblem(key: string, value: string): string | null {
  if (key === "") return "Key cannot be blank";
  if (!keyPattern.test(key)) return "Key contains invalid characters";
  if (key.length > limits.metaKeyBytesMax)
    return `Key is too long (limit: ${limits.metaKeyBytesMax} characters)`;
  if (key.startsWith("consul-")) return "Key prefix 'consul-' is reserved for internal use";
  const bytes = new TextEncoder().encode(value).length;
  if (bytes > limits.metaValueBytesMax) {
    return `Value is too long (limit: ${limits.metaValueBytesMax} characters)`;
  }
  return null;
}
