// Operator: raft's configuration and its changes by hand, and autopilot's settings and health.

import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import type { RaftServer, ServerId } from "../../../shared/raft/types.ts";
import type { RpcRequest } from "../../../shared/rpc/methods.ts";
import type { AutopilotConfiguration } from "../../../shared/structs/autopilot.ts";
import type { RaftConfigurationView } from "../../../shared/structs/raft-configuration.ts";
import type { Endpoints, LeaderContext } from "./endpoint.ts";
import { count, type Field, flag, object, orNull, queryOptions, requestOf, text } from "./request-shape.ts";

const number: Field = (value) => typeof value === "number" && Number.isFinite(value);
const configuration = object({
  CleanupDeadServers: flag,
  LastContactThreshold: number,
  MaxTrailingLogs: number,
  MinQuorum: number,
  ServerStabilizationTime: number,
  RedundancyZoneTag: text,
  DisableUpgradeMigration: flag,
  UpgradeVersionTag: text,
} satisfies { readonly [F in keyof AutopilotConfiguration]: Field });

const asked = { datacenter: text, token: text };

function viewOf(context: LeaderContext): RaftConfigurationView {
  const { index, servers } = context.raft.configuration();
  const known = context.directory.servers();
  const { leader, role } = context.status;
  const leaderId = role === "leader" ? context.config.id : leader;
  return {
    Servers: servers.map((server) => {
      const named = known.find(({ id }) => id === server.id);
      return {
        ID: named?.nodeId ?? server.id,
        Node: named?.name ?? "(unknown)",
        Address: server.address,
        Leader: server.id === leaderId,
        ProtocolVersion: String(named?.protocolVersion ?? 3),
        Voter: server.voter,
      };
    }),
    Index: index,
  };
}

/** By raft's id or the one that is shown. */
function findById(context: LeaderContext, id: string): RaftServer | undefined {
  const raftId = context.directory.servers().find((server) => server.nodeId === id)?.id;
  return context.raft.configuration().servers.find((server) => server.id === id || server.id === raftId);
}

async function removePeer(
  request: RpcRequest<"Operator.RaftRemovePeer">,
  context: LeaderContext,
): Promise<Result<true, ServerError>> {
  const { servers } = context.raft.configuration();
  const { id, address } = request;
  const found = id === "" ? servers.find((server) => server.address === address) : findById(context, id);
  if (found === undefined) {
    const what = id === "" ? `address "${address}"` : `id "${id}"`;
    return fail(serverError("rejected", `${what} was not found in the Raft configuration`));
  }
  const voters = servers.filter((server) => server.voter);
  if (found.voter && voters.length === 1) {
    return fail(serverError("rejected", "Need at least one voter in configuration: {[]}"));
  }
  const removed = await context.raft.changeMembership({ kind: "remove", id: found.id as ServerId });
  return removed.ok ? ok(true) : removed;
}

async function transferLeader(
  request: RpcRequest<"Operator.RaftTransferLeader">,
  context: LeaderContext,
): Promise<Result<true, ServerError>> {
  const found = request.id === "" ? null : findById(context, request.id);
  if (found === undefined) {
    return fail(serverError("rejected", `id "${request.id}" was not found in the Raft configuration`));
  }
  const moved = await context.raft.transferLeadership(found?.id ?? null);
  return moved.ok ? ok(true) : moved;
}

export const operatorEndpoints = {
  "Operator.AutopilotGetConfiguration": { kind: "read", check: requestOf({ options: queryOptions }) },
  "Operator.AutopilotSetConfiguration": {
    kind: "write",
    check: requestOf({ ...asked, configuration, cas: orNull(count) }),
    datacenter: (request) => request.datacenter,
    command: ({ configuration: wanted, cas }) => ({
      kind: "autopilot",
      configuration: wanted,
      cas,
      initial: false,
    }),
  },
  "Operator.ServerHealth": {
    kind: "leader",
    check: requestOf(asked),
    datacenter: (request) => request.datacenter,
    run: (_request, context) => context.health(),
  },
  "Operator.RaftGetConfiguration": {
    kind: "leader",
    check: requestOf({ ...asked, stale: flag }),
    datacenter: (request) => request.datacenter,
    anyServer: (request) => request.stale,
    run: (_request, context) => ok(viewOf(context)),
  },
  "Operator.RaftRemovePeer": {
    kind: "leader",
    check: requestOf({ ...asked, id: text, address: text }),
    datacenter: (request) => request.datacenter,
    run: removePeer,
  },
  "Operator.RaftTransferLeader": {
    kind: "leader",
    check: requestOf({ ...asked, id: text }),
    datacenter: (request) => request.datacenter,
    run: transferLeader,
  },
} satisfies Partial<Endpoints>;
