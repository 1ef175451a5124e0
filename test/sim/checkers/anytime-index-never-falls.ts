// X-Consul-Index never falls, for one client that asks one thing again after it had the answer:
// - asked of one server with ?stale, or as a blocking query, from that server;
// - asked with the default or consistent mode, whichever servers it asks.
// Except after tombstones were reaped, as in Consul, and after the power went where applied state is only recoverable.
// And the answer of a blocking query that did not run out of time is above the index that was given.

import type { Consistency } from "../../../shared/structs/query.ts";

export type Asked = {
  readonly client: string;
  readonly server: string;
  readonly query: string;
  readonly consistency: Consistency;
  readonly minIndex: number;
};

export type IndexChecker = {
  answered(asked: Asked, index: number): void;
  /** The query is not asked any more. */
  forget(query: string): void;
  /** An index may fall once. */
  forgetAll(): void;
};

export function indexNeverFalls(): IndexChecker {
  const highest = new Map<string, Map<string, number>>();
  return {
    answered(asked, index) {
      const { client, server, query, consistency, minIndex } = asked;
      if (index < 1) throw new Error(`${server} answers ${query} with index ${index}`);
      const isLocal = consistency === "stale" || minIndex > 0;
      const who = isLocal ? `${client} ${server}` : client;
      let indexes = highest.get(query);
      if (indexes === undefined) {
        indexes = new Map();
        highest.set(query, indexes);
      }
      const known = indexes.get(who) ?? 0;
      if (index < known) {
        throw new Error(
          `${client} asked ${server} for ${query} (${consistency}): index ${index} after ${known}`,
        );
      }
      indexes.set(who, index);
    },
    forget: (query) => void highest.delete(query),
    forgetAll: () => highest.clear(),
  };
}
