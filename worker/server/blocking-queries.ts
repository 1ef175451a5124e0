// The table of blocking queries parked on this server. Equal queries share one entry; an entry is found by the watch
// keys its last result depended on, read again when one of them changed, and wakes a waiter only when the result's
// index passed what the waiter knows and the result itself is another one. Nothing here is stored or timed.

import { limits } from "../../shared/limits.ts";
import { ResultTooLarge } from "../../shared/state/bounded-sql.ts";
import type { ReadResult } from "../../shared/state/reads.ts";
import { everything } from "../../shared/state/watch-keys.ts";
import { createWatchIndex } from "./watch-index.ts";

/** What a parked query ends with. */
export type Parked =
  | { readonly kind: "changed"; readonly result: ReadResult<unknown> }
  | { readonly kind: "full" }
  /** The result grew beyond what can be answered. */
  | { readonly kind: "tooLarge" };

type Waiter = {
  readonly minIndex: number;
  /** Fingerprint of the result at exactly minIndex, when this server has seen it; "" when it has not. */
  known: string;
  readonly settle: (outcome: Parked) => void;
};

type Query = {
  readonly signature: string;
  readonly read: () => ReadResult<unknown>;
  keys: readonly string[];
  readonly waiters: Set<Waiter>;
};

export type BlockingQueries = {
  /**
   * Parks a waiter whose result is not above `minIndex` yet; equal signatures must mean equal reads.
   * Returns how to take it back; after that `settle` is not called.
   */
  park(
    query: { readonly signature: string; readonly read: () => ReadResult<unknown> },
    first: ReadResult<unknown>,
    minIndex: number,
    settle: (outcome: Parked) => void,
  ): () => void;
  /** Keys that a commit changed: reads again, later in this turn, what depended on them. */
  changed(keys: readonly string[]): void;
  readonly waiters: number;
  readonly queries: number;
};

/** An empty table. `defer` gathers all commits of a turn into one pass. */
export function createBlockingQueries(defer: (body: () => void) => void): BlockingQueries {
  const queries = new Map<string, Query>();
  const watched = createWatchIndex<Query>();
  const stale = new Set<Query>();
  let waiters = 0;
  let allIsNew = false;

  function index(query: Query): void {
    for (const key of query.keys) watched.add(key, query);
  }

  function unindex(query: Query): void {
    for (const key of query.keys) watched.remove(key, query);
  }

  function leave(query: Query, waiter: Waiter): boolean {
    if (!query.waiters.delete(waiter)) return false;
    waiters -= 1;
    if (query.waiters.size === 0) {
      unindex(query);
      queries.delete(query.signature);
      stale.delete(query);
    }
    return true;
  }

  /** After a restore indexes may be lower than before: whoever waits is told, as Consul does. */
  function refresh(query: Query, isRestored: boolean): void {
    const result = readWithin(query);
    if (result === null) {
      for (const waiter of [...query.waiters]) {
        leave(query, waiter);
        waiter.settle({ kind: "tooLarge" });
      }
      return;
    }
    if (!sameKeys(result.keys, query.keys)) {
      unindex(query);
      query.keys = result.keys;
      index(query);
    }
    const print = fingerprintOf(result);
    for (const waiter of [...query.waiters]) {
      if (result.index === waiter.minIndex) waiter.known = print;
      if (!isRestored && (result.index <= waiter.minIndex || waiter.known === print)) continue;
      leave(query, waiter);
      waiter.settle({ kind: "changed", result });
    }
  }

  return {
    park(query, first, minIndex, settle) {
      if (waiters >= limits.waitersMax) {
        settle({ kind: "full" });
        return () => {};
      }
      let entry = queries.get(query.signature);
      if (entry === undefined) {
        entry = { ...query, keys: first.keys, waiters: new Set() };
        queries.set(query.signature, entry);
        index(entry);
      }
      // Only the result at the very index that the waiter knows is surely the one it has seen: a follower that lags
      // behind holds an older one, and comparing with that could hide a change there and back.
      const known = first.index === minIndex ? fingerprintOf(first) : "";
      const waiter: Waiter = { minIndex, known, settle };
      const parkedAt = entry;
      parkedAt.waiters.add(waiter);
      waiters += 1;
      return () => void leave(parkedAt, waiter);
    },
    changed(keys) {
      allIsNew ||= keys.includes(everything);
      const idle = stale.size === 0;
      for (const key of keys) for (const query of watched.matching(key)) stale.add(query);
      if (!idle || stale.size === 0) return;
      defer(() => {
        const due = [...stale];
        const isRestored = allIsNew;
        stale.clear();
        allIsNew = false;
        for (const query of due) if (query.waiters.size > 0) refresh(query, isRestored);
      });
    },
    get waiters() {
      return waiters;
    },
    get queries() {
      return queries.size;
    },
  };
}

/** Null when the result is too large. */
function readWithin(query: Query): ReadResult<unknown> | null {
  try {
    return query.read();
  } catch (error) {
    if (error instanceof ResultTooLarge) return null;
    throw error;
  }
}

function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, at) => key === b[at]);
}

function fingerprintOf({ index, indexIsNews, value }: ReadResult<unknown>): string {
  return indexIsNews === true ? `${index} ${fingerprint(value)}` : fingerprint(value);
}

/** Two 32-bit FNV-1a lanes and the length: short, and far from colliding by chance. */
export function fingerprint(value: unknown): string {
  const text = JSON.stringify(value);
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ (unit + at), 0x01000193);
  }
  return `${(a >>> 0).toString(36)}.${(b >>> 0).toString(36)}.${text.length}`;
}
