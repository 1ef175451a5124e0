// A request that can be taken back: the asker holds the canceller, whoever works for it holds the cancellation.

import type { Cancellation } from "../../shared/rpc/backend.ts";

export type Canceller = { readonly cancellation: Cancellation; cancel(): void };

/** Callbacks run once, at the first cancel; one that comes later runs at once. */
export function createCanceller(): Canceller {
  const callbacks: (() => void)[] = [];
  let aborted = false;
  return {
    cancellation: {
      get aborted() {
        return aborted;
      },
      onAbort(callback) {
        if (aborted) callback();
        else callbacks.push(callback);
      },
    },
    cancel() {
      if (aborted) return;
      aborted = true;
      for (const callback of callbacks.splice(0)) callback();
    },
  };
}
