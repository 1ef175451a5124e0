// The Backend of the Worker's HTTP API: each call is one RPC to a server object of this datacenter.
// Any server will do, because it forwards what only the leader can answer.

import { fail } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import type { ServerId } from "../../shared/raft/types.ts";
import type { Backend, Cancellation } from "../../shared/rpc/backend.ts";
import { type RpcMethod, type RpcReply, rpcKinds } from "../../shared/rpc/methods.ts";
import type { ConsulServer } from "../consul-server.ts";
import { objectName } from "./environment.ts";
import { callFailure, describe, notStarted } from "./peers.ts";

const attemptsMax = 3;

/**
 * `first` is the position of the server to ask first; the others follow when it fails. `keepAlive` is the request's
 * waitUntil.
 */
export function createServerBackend(
  namespace: DurableObjectNamespace<ConsulServer>,
  datacenter: string,
  servers: readonly ServerId[],
  first: number,
  keepAlive: (work: Promise<unknown>) => void,
): Backend {
  return {
    async call(method, request, cancellation) {
      let failure: ServerError = serverError("noServers", "none is configured");
      for (let attempt = 0; attempt < attemptsMax; attempt++) {
        const server = servers[(first + attempt) % servers.length];
        if (server === undefined) break;
        // A new stub for every attempt: one that threw stays broken.
        const stub = namespace.getByName(objectName(datacenter, server));
        try {
          const result = await callObject(stub, method, request, cancellation, keepAlive);
          return result as { readonly ok: true; readonly value: RpcReply<typeof method> };
        } catch (error) {
          failure = callFailure(server, method, error);
          if (!mayRepeat(method, error)) break;
        }
      }
      return fail(failure);
    },
  };
}

/** A read is repeated unless the objects are overloaded; a write only when it is known that nothing was done. */
function mayRepeat(method: RpcMethod, error: unknown): boolean {
  const { overloaded, retryable, message } = describe(error);
  if (overloaded) return false;
  if (message.includes(notStarted)) return true;
  return retryable || rpcKinds[method] !== "write";
}

async function callObject(
  stub: DurableObjectStub<ConsulServer>,
  method: RpcMethod,
  request: unknown,
  cancellation: Cancellation | undefined,
  keepAlive: (work: Promise<unknown>) => void,
): Promise<unknown> {
  if (cancellation === undefined || rpcKinds[method] !== "read") return stub.call("", method, request);
  const id = crypto.randomUUID();
  cancellation.onAbort(() => keepAlive(stub.cancel(id).catch(() => undefined)));
  const call = stub.call(id, method, request);
  // Without it the runtime may forget this request together with its client before the abort is heard. A local workerd
  // does not report clients that went away (1.20261117): there the query's own time limit removes the waiter.
  keepAlive(call.catch(() => undefined));
  return call;
}
