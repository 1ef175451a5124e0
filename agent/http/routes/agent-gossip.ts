// /v1/agent/join, force-leave and reachability: what an operator tells the pool by way of this agent (surface A4).

import type { HttpReply, HttpRequest, Route } from "../../../shared/api/http.ts";
import { emptyReply, jsonReply, textReply } from "../../../shared/api/reply.ts";
import { forceLeave, testReachability } from "../../gossip/pool-operations.ts";
import type { AgentContext } from "../context.ts";

export const agentGossipRoutes: readonly Route<AgentContext>[] = [
  { method: "PUT", path: "/v1/agent/join/:address", summary: "Join the pool of another agent", handle: join },
  {
    method: "PUT",
    path: "/v1/agent/force-leave/:node",
    summary: "Give up a member that failed",
    handle: giveUp,
  },
  {
    method: "GET",
    path: "/v1/agent/reachability",
    summary: "Ask every member for an acknowledgement by gossip",
    handle: reachability,
  },
];

const noGossip = "this agent does not gossip: its port is turned off or could not be opened";

/** Several errors as Go's multierror prints them. */
export function errorsText(errors: readonly string[]): string {
  const head = errors.length === 1 ? "1 error occurred:" : `${errors.length} errors occurred:`;
  return `${head}\n${errors.map((error) => `\t* ${error}\n`).join("")}\n`;
}

function isTrue(request: HttpRequest, name: string): boolean {
  return ["1", "true"].includes(request.query(name) ?? "");
}

async function join(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const address = request.params.address ?? "";
  if (isTrue(request, "wan")) {
    if (context.config.ownServer === null) return textReply(500, "Must be a server to join WAN cluster");
    const text = `Failed to join ${address}: joining another datacenter is not available yet`;
    return textReply(500, errorsText([text]));
  }
  if (context.pool?.serf() == null) return textReply(500, errorsText([noGossip]));
  if (address === "") return textReply(500, errorsText(["Failed to resolve : lookup : no such host"]));
  const { joined, errors } = await context.pool.join([address]);
  return joined > 0 ? emptyReply : textReply(500, errorsText(errors));
}

async function giveUp(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const node = request.params.node ?? "";
  const layer = context.pool?.serf() ?? null;
  if (layer === null) return textReply(500, `agent: No node found with name '${node}'`);
  const done = forceLeave(layer, node, request.query("prune") !== undefined);
  return done.ok ? emptyReply : textReply(500, done.error);
}

async function reachability(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const layer = context.pool?.serf() ?? null;
  if (layer === null) return textReply(500, noGossip);
  const tested = await testReachability(layer);
  return tested.ok ? jsonReply(request, context, tested.value) : textReply(500, tested.error);
}
