// A Backend that answers from a table and remembers what it was asked, for tests of routes.

import { fail, ok } from "../../shared/base/result.ts";
import { serverError } from "../../shared/errors.ts";
import type { Backend } from "../../shared/rpc/backend.ts";
import type { RpcMethod, RpcReply, RpcRequest } from "../../shared/rpc/methods.ts";
import type { QueryMeta } from "../../shared/structs/query.ts";

export type FakeAnswers = { [M in RpcMethod]?: (request: RpcRequest<M>) => RpcReply<M> };
export type FakeBackend = Backend & { readonly calls: { method: string; request: unknown }[] };

export const fakeMeta: QueryMeta = {
  index: 7,
  lastContactMillis: 0,
  knownLeader: true,
  consistency: "default",
};

/** A read's datacenter other than dc1 has no path, as in a server. */
export function fakeBackend(answers: FakeAnswers): FakeBackend {
  const calls: { method: string; request: unknown }[] = [];
  return {
    calls,
    async call(method, request) {
      calls.push({ method, request });
      const options = "options" in request ? request.options : null;
      if (options !== null && !["", "dc1"].includes(options.datacenter)) {
        return fail(serverError("noPathToDatacenter"));
      }
      const answer = answers[method];
      return answer === undefined ? fail(serverError("noLeader")) : ok(answer(request));
    },
  };
}
