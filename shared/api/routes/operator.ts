// /v1/operator: raft's configuration and its changes by hand, and autopilot.

import { parseUint64 } from "../../base/go-number.ts";
import { rfc3339Seconds } from "../../base/rfc3339.ts";
import { ok, fail, type Result } from "../../base/result.ts";
import { type ServerError, serverError } from "../../errors.ts";
import {
  type ClusterHealth,
  defaultAutopilot,
  presentAutopilot,
  presentHealth,
  presentState,
} from "../../structs/autopilot.ts";
import { parseAutopilot } from "../../structs/parse-autopilot.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../http.ts";
import { readJsonBody } from "../json-body.ts";
import { parseQueryOptions } from "../params.ts";
import { emptyReply, errorReply, jsonReply } from "../reply.ts";

/** The routes of this area. */
export const operatorRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/operator/health",
    summary: "Whether members are expired, and if not, why",
    handle: datacenterHealth,
  },
  {
    method: "GET",
    path: "/v1/operator/raft/configuration",
    summary: "Servers of the raft group",
    handle: raftConfiguration,
  },
  {
    method: "DELETE",
    path: "/v1/operator/raft/peer",
    summary: "Remove a server from the raft group",
    handle: removePeer,
  },
  {
    method: "POST",
    path: "/v1/operator/raft/transfer-leader",
    summary: "Hand the leadership to another server",
    handle: transferLeader,
  },
  {
    method: "PUT",
    path: "/v1/operator/raft/recover",
    summary: "Give up a lost majority on the server of this agent; without ?epoch it only looks",
    handle: recoverRaft,
  },
  {
    method: "GET",
    path: "/v1/operator/autopilot/configuration",
    summary: "Autopilot's settings",
    handle: getAutopilot,
  },
  {
    method: "PUT",
    path: "/v1/operator/autopilot/configuration",
    summary: "Set autopilot's settings, or check and set",
    handle: setAutopilot,
  },
  {
    method: "GET",
    path: "/v1/operator/autopilot/health",
    summary: "Health of the servers; 429 when not all are healthy",
    handle: autopilotHealth,
  },
  {
    method: "GET",
    path: "/v1/operator/autopilot/state",
    summary: "Health of the servers by id, the leader and the voters",
    handle: autopilotState,
  },
];

async function raftConfiguration(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const { datacenter, token, consistency } = options.value;
  const asked = { datacenter, token, stale: consistency === "stale" };
  const found = await context.backend.call("Operator.RaftGetConfiguration", asked, request.cancellation);
  return found.ok ? jsonReply(request, context, found.value) : errorReply(found.error);
}

async function removePeer(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const id = request.query("id");
  const address = request.query("address");
  if (id === undefined && address === undefined) {
    return badRequest(
      "Must specify either ?id with the server's ID or ?address with IP:port of peer to remove",
    );
  }
  if (id !== undefined && address !== undefined)
    return badRequest("Must specify only one of ?id or ?address");
  // An empty one names nobody, and Consul says so.
  if (id === "" || address === "") {
    const what = id === "" ? "id" : "address";
    return errorReply(serverError("rejected", `${what} "" was not found in the Raft configuration`));
  }
  const { datacenter, token } = options.value;
  const asked = { datacenter, token, id: id ?? "", address: address ?? "" };
  const removed = await context.backend.call("Operator.RaftRemovePeer", asked);
  return removed.ok ? emptyReply : errorReply(removed.error);
}

async function transferLeader(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const { datacenter, token } = options.value;
  const asked = { datacenter, token, id: request.query("id") ?? "" };
  const moved = await context.backend.call("Operator.RaftTransferLeader", asked);
  return moved.ok ? jsonReply(request, context, { Success: true }) : errorReply(moved.error);
}

/** Ours: Consul has a file to edit by hand (peers.json). */
async function recoverRaft(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const text = request.query("epoch") ?? "0";
  const epoch = parseUint64(text);
  if (!epoch.ok) return badRequest(`Error parsing epoch value: ${epoch.error}`);
  const { datacenter, token } = options.value;
  const asked = { datacenter, token, epoch: Math.min(Number(epoch.value), Number.MAX_SAFE_INTEGER) };
  const done = await context.backend.call("Operator.RaftRecover", asked);
  return done.ok ? jsonReply(request, context, done.value) : errorReply(done.error);
}

async function getAutopilot(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const plain = { ...options.value, minIndex: 0 };
  const found = await context.backend.call(
    "Operator.AutopilotGetConfiguration",
    { options: plain },
    request.cancellation,
  );
  if (!found.ok) return errorReply(found.error);
  const entry = found.value.value ?? { ...defaultAutopilot, CreateIndex: 0, ModifyIndex: 0 };
  return jsonReply(request, context, presentAutopilot(entry));
}

async function setAutopilot(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const body = await readJsonBody(request);
  if (!body.ok) {
    if (body.error.code !== "decodeFailed") return errorReply(body.error);
    return badRequest(`Error parsing autopilot config: ${body.error.args[0]}`);
  }
  const configuration = parseAutopilot(body.value);
  if (!configuration.ok) return badRequest(`Error parsing autopilot config: ${configuration.error}`);
  const cas = casOf(request);
  if (!cas.ok) return errorReply(cas.error);
  const { datacenter, token } = options.value;
  const set = await context.backend.call("Operator.AutopilotSetConfiguration", {
    datacenter,
    token,
    configuration: configuration.value,
    cas: cas.value,
  });
  return set.ok ? jsonReply(request, context, set.value) : errorReply(set.error);
}

function casOf(request: HttpRequest): Result<number | null, ServerError> {
  const text = request.query("cas");
  if (text === undefined) return ok(null);
  const parsed = parseUint64(text);
  if (!parsed.ok) {
    return fail(serverError("badRequest", `Bad request: Error parsing cas value: ${parsed.error}`));
  }
  return ok(Math.min(Number(parsed.value), Number.MAX_SAFE_INTEGER));
}

async function autopilotHealth(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const found = await healthOf(request, context);
  if (!found.ok) return errorReply(found.error);
  const reply = jsonReply(request, context, presentHealth(found.value, rfc3339Seconds));
  if (found.value.healthy) return reply;
  // Consul says the status before it knows the type.
  return {
    ...reply,
    status: 429,
    headers: { ...reply.headers, "Content-Type": "text/plain; charset=utf-8" },
  };
}

async function autopilotState(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const found = await healthOf(request, context);
  return found.ok
    ? jsonReply(request, context, presentState(found.value, rfc3339Seconds))
    : errorReply(found.error);
}

async function healthOf(
  request: HttpRequest,
  context: ApiContext,
): Promise<Result<ClusterHealth, ServerError>> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return options;
  const { datacenter, token } = options.value;
  return context.backend.call("Operator.ServerHealth", { datacenter, token }, request.cancellation);
}

function badRequest(text: string): HttpReply {
  return errorReply(serverError("badRequest", `Bad request: ${text}`));
}

/** Ours. 200 also when something is wrong: the body says what. */
async function datacenterHealth(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const datacenter = request.query("dc") ?? "";
  const token = "";
  const health = await context.backend.call("Operator.Health", { datacenter, token }, request.cancellation);
  return health.ok ? jsonReply(request, context, health.value) : errorReply(health.error);
}
