// What an HTTP route, the DNS server or a cache calls: one method, one request, a result. Implemented by the agent
// over its server link (agent/rpc/backend.ts) and inside a server (worker/server/server.ts).

import type { Result } from "../base/result.ts";
import type { ServerError } from "../errors.ts";
import type { RpcMethod, RpcReply, RpcRequest } from "./methods.ts";

/** Aborted when the caller went away; a blocking query then leaves no waiter behind. */
export type Cancellation = { readonly aborted: boolean; onAbort(callback: () => void): void };

export type Backend = {
  call<M extends RpcMethod>(
    method: M,
    request: RpcRequest<M>,
    cancellation?: Cancellation,
  ): Promise<Result<RpcReply<M>, ServerError>>;
  /**
   * Would a read that was answered with this very value be answered with it again now? False where nobody can say.
   * Counts as a call.
   */
  stillHolds?(answer: object): boolean;
};
