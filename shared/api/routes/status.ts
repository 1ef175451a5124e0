// /v1/status: who leads and who the servers are, as the asked server knows it.

import { serverError } from "../../errors.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../http.ts";
import { parseQueryOptions } from "../params.ts";
import { errorReply, jsonReply } from "../reply.ts";

/** The routes of this area. */
export const statusRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/status/leader",
    summary: "Address of the leader",
    handle: readStatus("Status.Leader"),
  },
  {
    method: "GET",
    path: "/v1/status/peers",
    summary: "Addresses of the servers",
    handle: readStatus("Status.Peers"),
  },
];

function readStatus(method: "Status.Leader" | "Status.Peers") {
  return async (request: HttpRequest, context: ApiContext): Promise<HttpReply> => {
    const options = parseQueryOptions(request, context);
    if (!options.ok) return errorReply(options.error);
    const { datacenter } = options.value;
    if (datacenter !== "" && datacenter !== context.datacenter) {
      return errorReply(serverError("noPathToDatacenter"));
    }
    const result = await context.backend.call(method, {}, request.cancellation);
    return result.ok ? jsonReply(request, context, result.value) : errorReply(result.error);
  };
}
