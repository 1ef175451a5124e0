// Calls that can be taken back by name. RPC carries no abort signal, and a callback stub would keep both ends awake.

import type { Cancellation } from "../../shared/rpc/backend.ts";

export class Canceller {
  readonly #open = new Map<string, { aborted: boolean; readonly callbacks: (() => void)[] }>();

  /** The cancellation of the call named `id`; `close` it when the call ended. */
  open(id: string): Cancellation {
    const call = { aborted: false, callbacks: [] as (() => void)[] };
    this.#open.set(id, call);
    return {
      get aborted() {
        return call.aborted;
      },
      onAbort: (callback) => void call.callbacks.push(callback),
    };
  }

  abort(id: string): void {
    const call = this.#open.get(id);
    if (call === undefined || call.aborted) return;
    call.aborted = true;
    for (const callback of call.callbacks) callback();
  }

  close(id: string): void {
    this.#open.delete(id);
  }
}
