// Calls that can be taken back by name. RPC carries no abort signal, and a callback stub would keep both ends awake.

import type { Cancellation } from "../../shared/rpc/backend.ts";
import { type Canceller, createCanceller } from "../../shared/rpc/cancellation.ts";

export class OpenCalls {
  readonly #open = new Map<string, Canceller>();

  /** The cancellation of the call named `id`; `close` it when the call ended. */
  open(id: string): Cancellation {
    const call = createCanceller();
    this.#open.set(id, call);
    return call.cancellation;
  }

  abort(id: string): void {
    this.#open.get(id)?.cancel();
  }

  close(id: string): void {
    this.#open.delete(id);
  }
}
