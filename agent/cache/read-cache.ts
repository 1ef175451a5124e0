// Answers that this agent keeps for ?cached and DNS (surface B5). A refreshed entry is kept current by one blocking
// query in the background, for as long as somebody asks for it; a simple one stays as it was answered. While no server
// can be reached an entry keeps answering, and its age says since when it may be out of date.

import type { CacheControl, CachedAnswer, CacheKind, ReadCache } from "../../shared/api/cached-read.ts";
import type { Millis } from "../../shared/base/brand.ts";
import { ok, type Result } from "../../shared/base/result.ts";
import type { ServerError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import type { Backend, Cancellation } from "../../shared/rpc/backend.ts";
import type { RpcMethod, RpcReply, RpcRequest } from "../../shared/rpc/methods.ts";
import type { QueryMeta, QueryOptions } from "../../shared/structs/query.ts";
import type { Clock, Timers } from "../ports.ts";
import { backoffMillis } from "../rpc/backoff.ts";

type Answer = Result<unknown, ServerError>;
type Request = { readonly options?: QueryOptions };

type Entry = {
  readonly key: string;
  /** The last good answer; null before the first. */
  value: unknown;
  hasValue: boolean;
  /** When the answer was last known to be current; null while a background query keeps it so. */
  currentUntil: Millis | null;
  fetchedAt: Millis;
  lastUsed: Millis;
  /** A fetch in flight that callers share. */
  fetching: Promise<Answer> | null;
  readonly waiting: Set<() => void>;
  refreshing: boolean;
  stop: () => void;
};

export type ReadCacheParts = {
  readonly backend: Backend;
  readonly timers: Timers;
  readonly clock: Clock;
  random(): number;
};

/** An empty cache. */
export function createReadCache(parts: ReadCacheParts): ReadCache & { stop(): void; readonly size: number } {
  const entries = new Map<string, Entry>();
  const { backend, timers, clock } = parts;

  function entryOf(key: string): Entry {
    const known = entries.get(key);
    if (known !== undefined) {
      known.lastUsed = clock.now();
      return known;
    }
    makeRoom();
    const now = clock.now();
    const entry: Entry = {
      key,
      value: null,
      hasValue: false,
      currentUntil: now,
      fetchedAt: now,
      lastUsed: now,
      fetching: null,
      waiting: new Set(),
      refreshing: false,
      stop: () => {},
    };
    entries.set(key, entry);
    return entry;
  }

  function makeRoom(): void {
    const idleSince = clock.now() - limits.cacheIdleMillisMax;
    for (const entry of entries.values()) if (entry.lastUsed < idleSince) drop(entry);
    if (entries.size < limits.cacheEntriesMax) return;
    const oldest = [...entries.values()].reduce((least, one) =>
      one.lastUsed < least.lastUsed ? one : least,
    );
    drop(oldest);
  }

  function drop(entry: Entry): void {
    entries.delete(entry.key);
    entry.stop();
  }

  /** One fetch at a time for an entry; whoever comes meanwhile shares it. */
  function fetch(entry: Entry, method: RpcMethod, request: Request): Promise<Answer> {
    entry.fetching ??= (backend.call(method, request as never) as Promise<Answer>).then((answer) => {
      entry.fetching = null;
      if (answer.ok && !isRefusal(answer.value)) store(entry, answer.value);
      return answer;
    });
    return entry.fetching;
  }

  function store(entry: Entry, value: unknown): void {
    entry.value = value;
    entry.hasValue = true;
    entry.fetchedAt = clock.now();
    entry.currentUntil = clock.now();
    for (const wake of [...entry.waiting]) wake();
  }

  /** Keeps an entry current until nobody asked for it for a long time. */
  function refresh(entry: Entry, method: RpcMethod, request: Request): void {
    entry.refreshing = true;
    let stopped = false;
    let stopTimer = (): void => {};
    const callbacks: (() => void)[] = [];
    const cancellation: Cancellation = {
      get aborted() {
        return stopped;
      },
      onAbort: (callback) => void callbacks.push(callback),
    };
    entry.stop = () => {
      stopped = true;
      stopTimer();
      for (const callback of callbacks.splice(0)) callback();
    };
    const options = request.options;
    let failures = 0;
    const run = async (): Promise<void> => {
      while (!stopped && options !== undefined) {
        if (clock.now() - entry.lastUsed > limits.cacheIdleMillisMax) return drop(entry);
        entry.currentUntil = null;
        const waitMillis = limits.blockingQueryWaitMillisMax;
        const blocking = { ...options, minIndex: indexOf(entry.value), waitMillis };
        const started = clock.now();
        const answer = (await backend.call(
          method,
          { ...request, options: blocking } as never,
          cancellation,
        )) as Answer;
        callbacks.length = 0;
        if (stopped) return;
        if (answer.ok) {
          failures = 0;
          store(entry, answer.value);
          // A server that answers at once again and again would keep us busy for ever.
          if (clock.now() - started >= 1) continue;
        } else failures++;
        entry.currentUntil ??= started;
        stopTimer = timers.after(
          failures === 0 ? 1 : backoffMillis(failures, parts.random()),
          () => void run(),
        );
        return;
      }
    };
    void run();
  }

  /** Resolves when the entry's index is above `minIndex`, or the time is over. */
  function above(
    entry: Entry,
    minIndex: number,
    waitMillis: Millis,
    cancellation: Cancellation,
  ): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        entry.waiting.delete(check);
        stopTimer();
        resolve();
      };
      const check = (): void => {
        if (indexOf(entry.value) > minIndex) done();
      };
      const stopTimer = timers.after(waitMillis, done);
      entry.waiting.add(check);
      cancellation.onAbort(done);
      check();
    });
  }

  function ageSeconds(entry: Entry): number {
    return entry.currentUntil === null ? 0 : Math.floor((clock.now() - entry.currentUntil) / 1000);
  }

  function isFreshEnough(entry: Entry, kind: CacheKind, control: CacheControl): boolean {
    if (!entry.hasValue) return false;
    if (kind === "refreshed") return true;
    if (control.mustRevalidate) return false;
    return control.maxAgeMillis === null || clock.now() - entry.fetchedAt <= control.maxAgeMillis;
  }

  return {
    async read<M extends RpcMethod>(
      method: M,
      request: RpcRequest<M>,
      kind: CacheKind,
      control: CacheControl,
      cancellation: Cancellation,
    ): Promise<CachedAnswer<RpcReply<M>>> {
      const asked = request as Request;
      const entry = entryOf(keyOf(method, asked));
      const own = plainRequest(asked);
      const minIndex = asked.options?.minIndex ?? 0;
      const hit = isFreshEnough(entry, kind, control) && minIndex === 0;
      if (!isFreshEnough(entry, kind, control)) {
        const age = clock.now() - entry.fetchedAt;
        const answer = await fetch(entry, method, own);
        const mayBeOld = entry.hasValue && age <= control.staleIfErrorMillis;
        if ((!answer.ok || isRefusal(answer.value)) && !mayBeOld) {
          if (!entry.hasValue) drop(entry);
          return { result: answer as Result<RpcReply<M>, ServerError>, hit: false, ageSeconds: 0 };
        }
        const isKept = entries.get(entry.key) === entry;
        if (kind === "refreshed" && !entry.refreshing && isKept) refresh(entry, method, own);
      }
      if (minIndex > 0) {
        await above(entry, minIndex, asked.options?.waitMillis ?? 0, cancellation);
      }
      // What is kept was answered to this very method.
      const value = asDemanded(entry.value, asked) as RpcReply<M>;
      return {
        result: ok(value),
        hit,
        ageSeconds: kind === "simple" ? sinceFetch(entry) : ageSeconds(entry),
      };
    },
    stop() {
      for (const entry of [...entries.values()]) drop(entry);
    },
    get size() {
      return entries.size;
    },
  };

  function sinceFetch(entry: Entry): number {
    return Math.floor((clock.now() - entry.fetchedAt) / 1000);
  }
}

/** An answer inside an answer that says no (a prepared query that is not there): nothing to keep. */
function isRefusal(value: unknown): boolean {
  const inner = (value as { readonly value?: unknown } | null)?.value;
  return typeof inner === "object" && inner !== null && "ok" in inner && inner.ok === false;
}

function indexOf(value: unknown): number {
  const meta = (value as { readonly meta?: QueryMeta } | null)?.meta;
  return meta?.index ?? 0;
}

/** Everything but how the caller waits and how consistent it wants to be: a cached answer is neither. */
function keyOf(method: RpcMethod, request: Request): string {
  const { options, ...rest } = request;
  const who = options === undefined ? [] : [options.datacenter, options.token, options.near ?? ""];
  return JSON.stringify([method, who, rest]);
}

function plainRequest(request: Request): Request {
  if (request.options === undefined) return request;
  return { ...request, options: { ...request.options, consistency: "default", minIndex: 0, waitMillis: 0 } };
}

/** The meta says with which consistency was asked, as Consul's header does. */
function asDemanded(value: unknown, request: Request): unknown {
  const reply = value as { readonly meta?: QueryMeta } | null;
  if (reply?.meta === undefined || request.options === undefined) return value;
  return { ...reply, meta: { ...reply.meta, consistency: request.options.consistency } };
}
