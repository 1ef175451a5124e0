// /v1/agent/self, members, reload, leave (surface A4). Members come from a server; without one, an agent still
// knows itself.

import type { HttpReply, HttpRequest, Route } from "../../../shared/api/http.ts";
import { emptyReply, jsonReply, textReply } from "../../../shared/api/reply.ts";
import type { Millis } from "../../../shared/base/brand.ts";
import type { Result } from "../../../shared/base/result.ts";
import { originCoordinate } from "../../../shared/coordinate/coordinate.ts";
import type { ServerError } from "../../../shared/errors.ts";
import type { Cancellation } from "../../../shared/rpc/backend.ts";
import { createCanceller } from "../../../shared/rpc/cancellation.ts";
import type { Member } from "../../../shared/structs/members.ts";
import { consulVersion } from "../../../shared/version.ts";
import { serfStats } from "../../gossip/serf-stats.ts";
import { localNode, selfMember } from "../../local/node.ts";
import { wanMember } from "../../local/server-node.ts";
import type { AgentContext } from "../context.ts";
import { debugConfig } from "./debug-config.ts";

export const agentSelfRoutes: readonly Route<AgentContext>[] = [
  {
    method: "GET",
    path: "/v1/agent/self",
    summary: "This agent: configuration, member, statistics",
    handle: readSelf,
  },
  { method: "GET", path: "/v1/agent/members", summary: "Members of the datacenter", handle: listMembers },
  { method: "PUT", path: "/v1/agent/reload", summary: "Read the configuration files again", handle: reload },
  { method: "PUT", path: "/v1/agent/leave", summary: "Leave the datacenter and end", handle: leave },
];

/** A local question is answered at once or not at all: these pages must show up while servers are away. */
const patienceMillis: Millis = 2_000;

async function readSelf(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const { config } = context;
  const raft = await askServer(request, context, (cancellation) =>
    context.backend.call("Status.Raft", {}, cancellation),
  );
  const leader = await askServer(request, context, (cancellation) =>
    context.backend.call("Status.Leader", {}, cancellation),
  );
  return jsonReply(request, context, {
    Config: {
      Datacenter: config.datacenter,
      NodeName: config.nodeName,
      NodeID: config.nodeId,
      Revision: "",
      Server: config.ownServer !== null,
      Version: consulVersion,
    },
    DebugConfig: debugConfig(config),
    Coord: context.pool?.serf()?.state.coordinates.coordinate ?? originCoordinate,
    Member: selfMember(config, context.memberStatus()),
    Stats: stats(context, raft, leader ?? ""),
    Meta: localNode(config).meta,
  });
}

function stats(
  context: AgentContext,
  raft: Readonly<Record<string, string>> | null,
  leader: string,
): Record<string, Record<string, string>> {
  const { monitors, ttls } = context.registrar.counts();
  const link = context.link();
  const serf = serfStats(context.pool);
  const runtime = runtimeStats(context.describeHost());
  return {
    agent: {
      check_monitors: String(monitors),
      check_ttls: String(ttls),
      checks: String(context.state.checks.size),
      services: String(context.state.services.size),
    },
    build: { prerelease: "", revision: "", version: consulVersion },
    consul: consulStats(context, raft, leader),
    link: { connected: String(link.up), server: link.server, url: link.url, reason: link.reason },
    ...(raft === null ? {} : { raft: { ...raft } }),
    ...(runtime === null ? {} : { runtime }),
    ...(serf === null ? {} : { serf_lan: serf }),
    ...(serf === null || context.config.ownServer === null ? {} : { serf_wan: wanStats(context, serf) }),
  };
}

/** Of the host's description: Consul's "runtime" is about the Go program, which this is not. */
function runtimeStats(host: Record<string, unknown> | null): Record<string, string> | null {
  const about = host?.Host;
  if (typeof about !== "object" || about === null) return null;
  const { kernelArch, os } = about as Record<string, unknown>;
  const cpus = Array.isArray(host?.CPU) ? host.CPU.length : 0;
  return { arch: String(kernelArch ?? ""), cpu_count: String(cpus), os: String(os ?? "") };
}

/** The servers among the members; their clocks are the LAN's. */
function wanStats(context: AgentContext, lan: Record<string, string>): Record<string, string> {
  const servers = context.poolMembers().filter(({ Tags }) => Tags.role === "consul");
  const count = (status: number) => String(servers.filter(({ Status }) => Status === status).length);
  return { ...lan, failed: count(4), left: count(3), members: String(servers.length) };
}

function consulStats(
  context: AgentContext,
  raft: Readonly<Record<string, string>> | null,
  leader: string,
): Record<string, string> {
  const { config } = context;
  if (config.ownServer === null) {
    const known = config.edgeUrls.length > 0 ? (context.link().up ? 1 : 0) : context.knownServers();
    return { acl: "disabled", known_servers: String(known), server: "false" };
  }
  const leads = raft?.state === "Leader";
  return {
    acl: "disabled",
    bootstrap: String(config.ownServer.bootstrap),
    known_datacenters: "1",
    leader: String(leads),
    leader_addr: leader,
    server: "true",
  };
}

async function listMembers(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const { config } = context;
  const segment = request.query("segment") ?? "";
  if (segment !== "" && segment !== "_all") {
    return textReply(500, "Network segments are not supported in this version of Consul");
  }
  const own = selfMember(config, context.memberStatus());
  if (["1", "true"].includes(request.query("wan") ?? "")) {
    // A client agent is in no WAN pool, and Consul's client answers null.
    return jsonReply(request, context, wanMembers(own, context));
  }
  // What gossip says counts, whatever was registered with serfHealth; of this agent only it knows that it is leaving.
  const gossiped = context.poolMembers().filter((member) => member.Name !== own.Name);
  if (config.edgeUrls.length === 0) return jsonReply(request, context, [own, ...gossiped].sort(byName));
  const known = await askServer(request, context, (cancellation) =>
    context.backend.call("Status.Members", {}, cancellation),
  );
  const shown = new Set([own, ...gossiped].map((member) => member.Name));
  const linked = (known ?? []).filter((member) => !shown.has(member.Name));
  return jsonReply(request, context, [own, ...gossiped, ...linked].sort(byName));
}

/** The servers that this one sees, as the pool between datacenters names them; null on a client. */
function wanMembers(own: Member, { config, poolMembers }: AgentContext): readonly Member[] | null {
  const { ownServer, datacenter } = config;
  if (ownServer === null) return null;
  const others = poolMembers().filter(({ Name, Tags }) => Name !== own.Name && Tags.role === "consul");
  return [own, ...others].map((member) => wanMember(member, datacenter, ownServer)).sort(byName);
}

function byName(left: Member, right: Member): number {
  return left.Name < right.Name ? -1 : left.Name > right.Name ? 1 : 0;
}

/** Null when no server is linked, or it does not answer soon. */
async function askServer<T>(
  request: HttpRequest,
  context: AgentContext,
  ask: (cancellation: Cancellation) => Promise<Result<T, ServerError>>,
): Promise<T | null> {
  if (!context.link().up) return null;
  const { cancellation, cancel } = createCanceller();
  const stopTimer = context.timers.after(patienceMillis, cancel);
  request.cancellation.onAbort(cancel);
  const answer = await ask(cancellation);
  stopTimer();
  return answer.ok ? answer.value : null;
}

async function reload(_request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const reloaded = await context.reload();
  return reloaded.ok ? emptyReply : textReply(500, reloaded.error);
}

async function leave(_request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  await context.leave();
  return emptyReply;
}
