// /v1/agent/self and /v1/agent/members at the Worker: the servers, seen from where clients come in.

import { consulVersion } from "../../../version.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../../http.ts";
import { requestToken } from "../../params.ts";
import { emptyReply, errorReply, jsonReply, textReply } from "../../reply.ts";
import { edgeNode, edgeOptions } from "./node.ts";

export const edgeSelfRoutes: readonly Route[] = [
  { method: "GET", path: "/v1/agent/self", summary: "The edge: configuration and statistics", handle: self },
  { method: "GET", path: "/v1/agent/members", summary: "Members of the datacenter", handle: members },
  { method: "GET", path: "/v1/agent/version", summary: "Version of the edge", handle: version },
  {
    method: "PUT",
    path: "/v1/agent/force-leave/:node",
    summary: "Give up a node that failed",
    handle: giveUp,
  },
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

async function version(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  return jsonReply(request, context, { SHA: "", HumanVersion: consulVersion, FIPS: "" });
}

/** The node and all that is on it leave the catalog; whose agent still lives comes back by itself, as in Consul. */
async function giveUp(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const node = request.params.node ?? "";
  const call = { options: edgeOptions, node };
  const known = await context.backend.call("Catalog.NodeServices", call, request.cancellation);
  if (!known.ok) return errorReply(known.error);
  if (known.value.value === null) return textReply(500, `agent: No node found with name '${node}'`);
  const member = { Name: known.value.value.Node.Node, ID: "", Address: "", Status: "left" } as const;
  const told = await context.backend.call("Member.Report", {
    datacenter: "",
    token: requestToken(request, context),
    report: { reporter: edgeNode.name, source: "gossip", full: false, members: [member] },
  });
  return told.ok ? emptyReply : errorReply(told.error);
}

async function members(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const found = await context.backend.call("Status.Members", {}, request.cancellation);
  return found.ok ? jsonReply(request, context, found.value) : errorReply(found.error);
}
