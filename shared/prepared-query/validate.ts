// What a prepared query must say before it is stored; texts of Consul 1.8.7.

import { parseGoDuration } from "../base/millis.ts";
import { ok, type Result } from "../base/result.ts";
import { namePrefixMatch, type PreparedQueryFields } from "../structs/prepared-query.ts";
import { compileTemplate } from "./template.ts";

/** What is wrong with a query by itself; null when nothing is. */
export function queryProblem(query: PreparedQueryFields): string | null {
  const problem = malformed(query);
  if (problem !== null) return `Invalid prepared query: ${problem}`;
  if (query.Template.Type === "") return null;
  const compiled = query.Template.Type === namePrefixMatch ? compileTemplate(query) : badType(query);
  return compiled.ok ? null : `failed compiling template: ${compiled.error}`;
}

function badType(query: PreparedQueryFields): Result<never, string> {
  return { ok: false, error: `Bad Template.Type '${query.Template.Type}'` };
}

function malformed(query: PreparedQueryFields): string | null {
  // A name, or a session whose end ends the query; a template may have the empty name.
  if (query.Name === "" && query.Template.Type === "" && query.Session === "") {
    return "Must be bound to a session";
  }
  const { Service, Failover, NodeMeta } = query.Service;
  if (Service === "") return "Must provide a Service name to query";
  if (Failover.NearestN < 0) return `Bad NearestN '${Failover.NearestN}', must be >= 0`;
  const metaProblem = badNodeMeta(NodeMeta ?? {});
  if (metaProblem !== null) return metaProblem;
  return badTtl(query.DNS.TTL);
}

function badTtl(text: string): string | null {
  const ttl = text === "" ? ok(0) : parseGoDuration(text);
  if (!ttl.ok) return `Bad DNS TTL '${text}': ${ttl.error}`;
  return ttl.value < 0 ? `DNS TTL '${Math.round(ttl.value * 1e6)}', must be >=0` : null;
}

// Node metadata has the rules of the nodes' own, except for the reserved names, which a query may ask for.
function badNodeMeta(meta: Readonly<Record<string, string>>): string | null {
  for (const [key, value] of Object.entries(meta)) {
    const problem = badPair(key, value);
    if (problem !== null) return `Couldn't load metadata pair ('${key}', '${value}'): ${problem}`;
  }
  return null;
}

function badPair(key: string, value: string): string | null {
  if (key === "") return "Key cannot be blank";
  if (!/^[a-zA-Z0-9_-]+$/.test(key)) return "Key contains invalid characters";
  if (key.length > 128) return "Key is too long (limit: 128 characters)";
  if (value.length > 512) return "Value is too long (limit: 512 characters)";
  return null;
}
