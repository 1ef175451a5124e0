// A request that can be taken back: the asker holds the canceller, whoever works for it holds the cancellation.
//
// A class, and no object with a `get aborted()` in it: V8 gives every evaluation of such a literal a hidden class of its
// own, which lives in the old generation and keeps the request with all its buffers until the next full collection.
// Under load that was most of the memory and a third of the time.

import type { Cancellation } from "./backend.ts";

export type Canceller = { readonly cancellation: Cancellation; cancel(): void };

/** Callbacks run once, at the first cancel; one that comes later runs at once. */
export function createCanceller(): Canceller {
  const call = new CancellableCall();
  return { cancellation: call, cancel: () => call.cancel() };
}

class CancellableCall implements Cancellation {
  aborted = false;
  #callbacks: (() => void)[] = [];

  onAbort(callback: () => void): void {
    if (this.aborted) callback();
    else this.#callbacks.push(callback);
  }

  cancel(): void {
    if (this.aborted) return;
    this.aborted = true;
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
  }
}
