// /v1/agent/self and /v1/agent/members at the Worker: the servers, seen from where clients come in.

import { consulVersion } from "../../../version.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../../http.ts";
import { errorReply, jsonReply } from "../../reply.ts";
import { edgeNode } from "./node.ts";

export const edgeSelfRoutes: readonly Route[] = [
  { method: "GET", path: "/v1/agent/self", summary: "The edge: configuration and statistics", handle: self },
  { method: "GET", path: "/v1/agent/members", summary: "Members of the datacenter", handle: members },
];

async function self(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const raft = await context.backend.call("Status.Raft", {}, request.cancellation);
  return jsonReply(request, context, {
    Config: {
      Datacenter: context.datacenter,
      NodeName: edgeNode.name,
      NodeID: "",
      Revision: "",
      Server: true,
      Version: consulVersion,
    },
    DebugConfig: {},
    Coord: null,
    Member: null,
    Stats: {
      build: { prerelease: "", revision: "", version: consulVersion },
      consul: { acl: "disabled", server: "true" },
      ...(raft.ok ? { raft: raft.value } : {}),
    },
    Meta: {},
  });
}

async function members(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const found = await context.backend.call("Status.Members", {}, request.cancellation);
  return found.ok ? jsonReply(request, context, found.value) : errorReply(found.error);
}
