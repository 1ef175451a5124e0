// Which instances a prepared query gives out, and in which order: healthy ones that match, shuffled, then those near a
// node first, then cut (Consul: "Execute Prepared Query").

import { nextRandom } from "../base/prng.ts";
import type { CheckServiceNode } from "../structs/check.ts";
import type { ServiceQuery } from "../structs/prepared-query.ts";

/** The instances that a query may give out, in the order in which they came. */
export function eligibleInstances(
  instances: readonly CheckServiceNode[],
  query: ServiceQuery,
): readonly CheckServiceNode[] {
  const ignored = new Set(query.IgnoreCheckIDs ?? []);
  const { wanted, unwanted } = tagRules(query.Tags ?? []);
  return instances.filter(({ Node, Service, Checks }) => {
    const isHealthy = Checks.every(({ CheckID, Status }) => {
      if (ignored.has(CheckID)) return true;
      return query.OnlyPassing ? Status === "passing" : Status !== "critical";
    });
    const tags = new Set(Service.Tags.map((tag) => tag.toLowerCase()));
    return (
      isHealthy &&
      wanted.every((tag) => tags.has(tag)) &&
      !unwanted.some((tag) => tags.has(tag)) &&
      hasPairs(Node.Meta, query.NodeMeta) &&
      hasPairs(Service.Meta, query.ServiceMeta)
    );
  });
}

/** A copy in random order (Fisher-Yates); the same seed gives the same order. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const out = [...items];
  let state = seed;
  for (let at = out.length - 1; at > 0; at--) {
    const draw = nextRandom(state);
    state = draw.state;
    const other = Math.floor(draw.value * (at + 1));
    [out[at], out[other]] = [out[other] as T, out[at] as T];
  }
  return out;
}

/** The asked node itself comes first, however close others are: Consul says so of `_agent`. */
export function nodeFirst(instances: readonly CheckServiceNode[], node: string): readonly CheckServiceNode[] {
  const isIt = (instance: CheckServiceNode) => instance.Node.Node === node;
  return [...instances.filter(isIt), ...instances.filter((instance) => !isIt(instance))];
}

function tagRules(tags: readonly string[]) {
  const lower = tags.map((tag) => tag.toLowerCase());
  return {
    wanted: lower.filter((tag) => !tag.startsWith("!")),
    unwanted: lower.filter((tag) => tag.startsWith("!")).map((tag) => tag.slice(1)),
  };
}

function hasPairs(
  meta: Readonly<Record<string, string>> | null,
  wanted: Readonly<Record<string, string>> | null,
): boolean {
  return Object.entries(wanted ?? {}).every(
    ([key, value]) => meta !== null && Object.hasOwn(meta, key) && meta[key] === value,
  );
}
