// Blocking queries of this agent's callers. Equal ones are one request on the link; each caller has its own
// time-out, which the agent answers itself with one plain read, and leaves without disturbing the others.

import type { Millis } from "../../shared/base/brand.ts";
import { fail, type Result } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import type { Cancellation } from "../../shared/rpc/backend.ts";
import type { RpcMethod } from "../../shared/rpc/methods.ts";
import type { QueryOptions } from "../../shared/structs/query.ts";
import type { Entropy, Timers } from "../ports.ts";
import type { Link } from "./link.ts";

type Answer = Result<unknown, ServerError>;
type Caller = { readonly settle: (answer: Answer) => void; readonly stopTimer: () => void };
type SharedRead = { readonly callers: Set<Caller>; cancel: () => void };

export type BlockingRequest = { readonly options: QueryOptions };

export type SharedReads = {
  /** Answers when the result's index passed `options.minIndex`, or after `options.waitMillis`; Infinity waits for ever. */
  wait(method: RpcMethod, request: BlockingRequest, cancellation?: Cancellation): Promise<Answer>;
  /** Requests that are out, for tests and /v1/agent/self. */
  readonly size: number;
};

/** `plainRead` answers a caller whose time is over. */
export function createSharedReads(
  link: Link,
  ports: { readonly timers: Timers; readonly entropy: Entropy },
  plainRead: (method: RpcMethod, request: unknown, cancellation?: Cancellation) => Promise<Answer>,
): SharedReads {
  const reads = new Map<string, SharedRead>();

  /** The read that equal callers share; asked of the server with the longest wait, since time-outs are ours. */
  function join(method: RpcMethod, request: BlockingRequest, key: string): SharedRead {
    const existing = reads.get(key);
    if (existing !== undefined) return existing;
    const read: SharedRead = { callers: new Set(), cancel: () => {} };
    reads.set(key, read);
    const asked = withOptions(request, { waitMillis: limits.blockingQueryWaitMillisMax });
    read.cancel = link.request(method, asked, (answer) => {
      if (reads.get(key) === read) reads.delete(key);
      for (const caller of [...read.callers]) {
        caller.stopTimer();
        caller.settle(answer);
      }
      read.callers.clear();
    });
    return read;
  }

  /** False when the caller has its answer already. The last one to leave takes the request back. */
  function leave(read: SharedRead, caller: Caller, key: string): boolean {
    caller.stopTimer();
    if (!read.callers.delete(caller)) return false;
    if (read.callers.size === 0 && reads.get(key) === read) {
      reads.delete(key);
      read.cancel();
    }
    return true;
  }

  return {
    get size() {
      return reads.size;
    },
    wait(method, request, cancellation) {
      if (cancellation?.aborted) return Promise.resolve(fail(serverError("timeout", method)));
      const key = `${method} ${JSON.stringify(withOptions(request, { waitMillis: 0 }))}`;
      return new Promise((resolve) => {
        const read = join(method, request, key);
        let stopTimer = (): void => {};
        const caller: Caller = { settle: resolve, stopTimer: () => stopTimer() };
        read.callers.add(caller);
        const wait = jittered(request.options.waitMillis, ports.entropy.random());
        if (wait < Number.POSITIVE_INFINITY)
          stopTimer = ports.timers.after(wait, () => {
            if (!leave(read, caller, key)) return;
            resolve(plainRead(method, withOptions(request, { minIndex: 0, waitMillis: 0 }), cancellation));
          });
        cancellation?.onAbort(() => {
          if (leave(read, caller, key)) resolve(fail(serverError("timeout", method)));
        });
      });
    },
  };
}

function withOptions<R extends BlockingRequest>(request: R, changes: Partial<QueryOptions>): R {
  return { ...request, options: { ...request.options, ...changes } };
}

/** Consul adds up to a sixteenth, so that callers who started together do not end together. */
function jittered(waitMillis: Millis, random: number): Millis {
  if (waitMillis === Number.POSITIVE_INFINITY) return waitMillis;
  const capped = Math.min(waitMillis, limits.blockingQueryWaitMillisMax);
  return Math.max(0, capped + (capped / 16) * random);
}
