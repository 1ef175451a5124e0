// shared/rpc/backend.ts over the agent's link: what HTTP routes, DNS and anti-entropy of this agent call.
// Waits a little for a link before it says that no server is reachable; blocking reads are shared.

import type { Millis } from "../../shared/base/brand.ts";
import { fail, type Result } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import type { Backend, Cancellation } from "../../shared/rpc/backend.ts";
import { type RpcMethod, type RpcReply, type RpcRequest, rpcKinds } from "../../shared/rpc/methods.ts";
import type { AgentPorts, Entropy, Timers } from "../ports.ts";
import type { Link } from "./link.ts";
import { createPlainReads } from "./plain-reads.ts";
import { type BlockingRequest, createSharedReads } from "./shared-reads.ts";

/** A server answers within its own hold time or not at all; only then is the caller told that nobody answered. */
const answerMillis: Millis = 30_000;

/** A backend whose answers come over `link`. */
export function createBackend(
  link: Link,
  ports: { readonly timers: Timers; readonly entropy: Entropy; readonly defer: AgentPorts["defer"] },
): Backend {
  const reads = createPlainReads(link, ports.defer);

  function plain(
    method: RpcMethod,
    request: unknown,
    cancellation?: Cancellation,
  ): Promise<Result<unknown, ServerError>> {
    if (cancellation?.aborted) return Promise.resolve(fail(serverError("timeout", method)));
    return new Promise((resolve) => {
      const giveUp = (): void => {
        stopTimer();
        takeBack();
        resolve(fail(serverError("timeout", method)));
      };
      const stopTimer = ports.timers.after(answerMillis, giveUp);
      const asked = rpcKinds[method] === "read" ? reads : link;
      const takeBack = asked.request(method, request, (answer) => {
        stopTimer();
        resolve(answer);
      });
      // A write that is on its way is not called back: its caller is gone, its effect is wanted.
      if (rpcKinds[method] !== "write") cancellation?.onAbort(giveUp);
    });
  }

  const shared = createSharedReads(link, ports, plain);

  return {
    async call<M extends RpcMethod>(method: M, request: RpcRequest<M>, cancellation?: Cancellation) {
      const answer = isBlocking(method, request)
        ? await shared.wait(method, request, cancellation)
        : await plain(method, request, cancellation);
      // The server answers with the method's own reply type: both ends are built from shared/rpc/methods.ts.
      return answer as Result<RpcReply<M>, ServerError>;
    },
  };
}

function isBlocking(method: RpcMethod, request: unknown): request is BlockingRequest {
  return rpcKinds[method] === "read" && (request as BlockingRequest).options.minIndex > 0;
}
