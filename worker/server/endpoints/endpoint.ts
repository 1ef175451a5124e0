// What an endpoint is: how the request of one RPC method is checked when it comes from outside as unknown, and what
// is done with it. The areas beside this file list theirs; index.ts holds them against shared/rpc/methods.ts.

import type { Millis } from "../../../shared/base/brand.ts";
import type { Result } from "../../../shared/base/result.ts";
import type { ServerError } from "../../../shared/errors.ts";
import type { Command } from "../../../shared/fsm/types.ts";
import type { RpcMethod, RpcMethods, RpcReply, RpcRequest } from "../../../shared/rpc/methods.ts";
import type { ReadMethod } from "../../../shared/state/reads.ts";
import type { ClusterHealth, ServerStats } from "../../../shared/structs/autopilot.ts";
import type { NodeCoordinate } from "../../../shared/structs/coordinate.ts";
import type { Member } from "../../../shared/structs/members.ts";
import type { LogIndex, ServerId } from "../../../shared/raft/types.ts";
import type { ServerConfig } from "../config.ts";
import type { Directory, Sql } from "../ports.ts";
import type { RaftAdmin } from "../raft-admin.ts";
import type { MemberHealth } from "../leader/member-health.ts";
import type { SessionTimers } from "../leader/session-ttl.ts";
import type { SnapshotShelf } from "../snapshot-shelf.ts";
import type { RaftStatus } from "../raft-driver.ts";

export type WriteMethod = { [M in RpcMethod]: RpcMethods[M]["kind"] extends "write" ? M : never }[RpcMethod];
export type LeaderMethod = {
  [M in RpcMethod]: RpcMethods[M]["kind"] extends "leader" ? M : never;
}[RpcMethod];
export type LocalMethod = Exclude<RpcMethod, ReadMethod | WriteMethod | LeaderMethod>;

/** What an endpoint that is answered without raft may use. */
export type LocalContext = {
  readonly config: ServerConfig;
  readonly status: RaftStatus;
  /** Asked by another server: answer for this server alone. */
  readonly forPeer: boolean;
  members(forPeer: boolean): Promise<readonly Member[]>;
  /** Servers that this one knows and that it could form a group with. */
  readonly directory: Directory;
  /** Waits a moment for a leader when none is known: a server that has just woken learns it from its peers. */
  leader(): Promise<ServerId | null>;
  /** Written with others within some seconds. */
  collectCoordinate(update: NodeCoordinate): void;
};

/** What the leader puts into a command so that applying it needs neither clock nor dice. */
export type Proposal = { readonly now: Millis; uuid(): string };

/** What an endpoint that only the leader answers may use. */
export type LeaderContext = Proposal & {
  readonly config: ServerConfig;
  readonly status: RaftStatus;
  /** This server's applied state; the leadership was confirmed before. */
  readonly sql: Sql;
  /** Appends a command; the state machine's result. */
  propose(command: Command): Promise<Result<unknown, ServerError>>;
  readonly directory: Directory;
  /** For a follower that serves a read. */
  confirmFor(lease: boolean): Promise<Result<LogIndex, ServerError>>;
  readonly raft: RaftAdmin;
  /** How autopilot sees the servers. */
  health(): Promise<Result<ClusterHealth, ServerError>>;
  /** How far another server is; null when it does not say so in time. */
  askStats(server: ServerId, millis: Millis): Promise<ServerStats | null>;
  readonly sessionTimers: SessionTimers;
  readonly memberHealth: Pick<MemberHealth, "report" | "status">;
  /** Snapshots that are being read. */
  readonly snapshots: SnapshotShelf;
};

/** Checks the shape only as far as the code behind relies on it; the answer is the same object. */
type Check<M extends RpcMethod> = (request: unknown) => Result<RpcRequest<M>, ServerError>;

export type ReadEndpoint<M extends ReadMethod> = {
  readonly kind: "read";
  readonly check: Check<M>;
  /** Adds what only the answering server knows. */
  readonly complete?: (
    request: RpcRequest<M>,
    server: { readonly datacenter: string; seed(): number },
  ) => RpcRequest<M>;
};
export type WriteEndpoint<M extends WriteMethod> = {
  readonly kind: "write";
  readonly check: Check<M>;
  /** "" is the datacenter of whoever is asked. */
  readonly datacenter: (request: RpcRequest<M>) => string;
  /** What the leader refuses because of its settings, before anything is proposed; null when it does not. */
  readonly refuse?: (
    request: RpcRequest<M>,
    context: { readonly config: ServerConfig },
  ) => ServerError | null;
  /** `datacenter` is this server's: what is stored never says "". Called on the leader, once for each try. */
  readonly command: (request: RpcRequest<M>, datacenter: string, proposal: Proposal) => Command;
};
export type LeaderEndpoint<M extends LeaderMethod> = {
  readonly kind: "leader";
  readonly check: Check<M>;
  readonly datacenter: (request: RpcRequest<M>) => string;
  /** True when whoever is asked may answer as it sees it. */
  readonly anyServer?: (request: RpcRequest<M>) => boolean;
  readonly run: (
    request: RpcRequest<M>,
    context: LeaderContext,
  ) => Result<RpcReply<M>, ServerError> | Promise<Result<RpcReply<M>, ServerError>>;
};
export type LocalEndpoint<M extends LocalMethod> = {
  readonly kind: "local";
  /** Left out where the request says nothing. */
  readonly check?: Check<M>;
  readonly datacenter?: (request: RpcRequest<M>) => string;
  readonly run: (context: LocalContext, request: RpcRequest<M>) => RpcReply<M> | Promise<RpcReply<M>>;
};

export type Endpoints = { readonly [M in ReadMethod]: ReadEndpoint<M> } & {
  readonly [M in WriteMethod]: WriteEndpoint<M>;
} & { readonly [M in LeaderMethod]: LeaderEndpoint<M> } & {
  readonly [M in LocalMethod]: LocalEndpoint<M>;
};
