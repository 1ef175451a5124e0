// The one interface between whoever asks (HTTP routes, DNS, CLI, anti-entropy) and a server: Consul's RPC names.
// A read's reply carries QueryMeta; a write's reply is its result. Requests and replies are plain JSON values,
// because they cross the agent link and object-to-object RPC.

import type {
  AutopilotConfiguration,
  AutopilotEntry,
  ClusterHealth,
  ServerStats,
} from "../structs/autopilot.ts";
import type { BootstrapView, RaftConfigurationView, RecoveryReport } from "../structs/raft-configuration.ts";
import type { Result } from "../base/result.ts";
import type { ServerError } from "../errors.ts";
import type { ConfigEntry, ConfigKind, GatewayService, StoredConfigEntry } from "../structs/config-entry.ts";
import type { ChainOverrides, DiscoveryChain } from "../structs/discovery-chain.ts";
import type { SnapshotOpened } from "../structs/snapshot.ts";
import type { NodeInfo } from "../structs/node-info.ts";
import type { CheckServiceNode, CheckTtl, HealthCheck } from "../structs/check.ts";
import type { Coordinate, DatacenterCoordinates, NodeCoordinate } from "../structs/coordinate.ts";
import type { DatacenterHealth, MemberReport } from "../structs/member-report.ts";
import type { DirEntry, KvLockOperation, KvOperation, KvPage, KvPageRequest } from "../structs/kv.ts";
import type { Member } from "../structs/members.ts";
import type { Node } from "../structs/node.ts";
import type {
  PreparedQuery,
  PreparedQueryFields,
  QueryOperation,
  QueryResult,
} from "../structs/prepared-query.ts";
import type { QueryOptions, Reply } from "../structs/query.ts";
import type { Session, SessionOperation } from "../structs/session.ts";
import type { DeregisterRequest, RegisterRequest } from "../structs/registration.ts";
import type { NodeServices, ServiceNode } from "../structs/service.ts";

import type { TxnAnswer, TxnOperation } from "../structs/txn.ts";
import type { EventRow } from "../structs/user-event.ts";

type Read<Args, T> = {
  readonly kind: "read";
  readonly request: Args & { readonly options: QueryOptions };
  readonly reply: Reply<T>;
};
type Write<Args, T> = {
  readonly kind: "write";
  readonly request: Args & { readonly token: string };
  readonly reply: T;
};
/** Answered by the leader out of what only the leader knows, without an entry in the log; asking twice does no harm. */
type Leader<Args, T> = {
  readonly kind: "leader";
  readonly request: Args & { readonly token: string };
  readonly reply: T;
};
/** Answered by the very server that is asked, without raft and without forwarding. */
type Local<Args, T> = { readonly kind: "local"; readonly request: Args; readonly reply: T };

export type NodeMetaFilter = Readonly<Record<string, string>>;

export type RpcMethods = {
  "Status.Leader": Local<{}, string>; // "host:port" or ""
  "Status.Peers": Local<{}, readonly string[]>;
  /** How far this server's raft is, for autopilot. */
  "Status.RaftStats": Local<{}, ServerStats>;
  /** For servers that look for their first configuration. */
  "Status.Bootstrap": Local<{}, BootstrapView>;
  "Status.Raft": Local<{}, Readonly<Record<string, string>>>; // for `legate info` and /v1/agent/self Stats.raft
  /** The servers, and the agents that have (or lately had) a link to any of them. */
  "Status.Members": Local<{}, readonly Member[]>;

  /**
   * The leader's commit index, its leadership confirmed (`lease`: a lease is enough): whoever has applied so much of this
   * group's log may answer a read that came before it was asked (thesis §6.4, "processing read-only queries").
   */
  "Read.Index": Leader<{ readonly lease: boolean }, { readonly index: number; readonly group: string }>;
  /** Agents about members of their pool, servers about links that ended. */
  "Member.Report": Leader<{ readonly datacenter: string; readonly report: MemberReport }, true>;
  "Operator.Health": Leader<{ readonly datacenter: string }, DatacenterHealth>;

  "Catalog.Register": Write<{ readonly registration: RegisterRequest }, true>;
  "Catalog.Deregister": Write<{ readonly deregistration: DeregisterRequest }, true>;
  "Catalog.ListDatacenters": Local<{}, readonly string[]>;
  "Catalog.ListNodes": Read<{ readonly nodeMeta: NodeMetaFilter }, readonly Node[]>;
  /** Service name to the union of its tags, sorted. */
  "Catalog.ListServices": Read<
    { readonly nodeMeta: NodeMetaFilter },
    Readonly<Record<string, readonly string[]>>
  >;
  "Catalog.ServiceNodes": Read<
    {
      readonly service: string;
      readonly tags: readonly string[];
      readonly nodeMeta: NodeMetaFilter;
      /** Of the instances that take part in the mesh for the service. */
      readonly mesh?: boolean;
    },
    readonly ServiceNode[]
  >;
  /** By node name or node ID. */
  "Catalog.NodeServices": Read<{ readonly node: string }, NodeServices | null>;

  /** The first node that has one of the addresses, else the first service whose own it is; "" for none. */
  "Catalog.AddressOwner": Read<
    { readonly addresses: readonly string[] },
    { readonly node: string; readonly service: string }
  >;

  /** A check that is reported to the servers themselves; `ttlMillis` 0 ends that. Asked before the check is registered. */
  "Health.SetCheckTtl": Write<CheckTtl, true>;
  /** A report for such a check: it is critical again when the next one does not come in time. */
  "Health.ReportCheck": Write<
    {
      readonly node: string;
      readonly checkId: string;
      readonly status: string;
      readonly output: string;
    },
    true
  >;
  "Health.NodeChecks": Read<{ readonly node: string }, readonly HealthCheck[]>;
  "Health.ServiceChecks": Read<
    { readonly service: string; readonly nodeMeta: NodeMetaFilter },
    readonly HealthCheck[]
  >;
  "Health.ChecksInState": Read<
    { readonly state: string; readonly nodeMeta: NodeMetaFilter },
    readonly HealthCheck[]
  >;
  "Health.ServiceNodes": Read<
    {
      readonly service: string;
      readonly tags: readonly string[];
      readonly passingOnly: boolean;
      readonly nodeMeta: NodeMetaFilter;
      readonly mesh?: boolean;
      /** The ingress gateways that lead to the service. */
      readonly ingress?: boolean;
    },
    readonly CheckServiceNode[]
  >;

  /** Taken by any server, which writes what came in together within some seconds (Consul: coordinate batching). */
  "Coordinate.Update": Local<
    {
      readonly datacenter: string;
      readonly token: string;
      readonly node: string;
      readonly segment: string;
      readonly coordinate: Coordinate;
    },
    true
  >;
  /** Its id (made by the leader when it brings none) and its time; one that was fired before is not fired again. */
  "Event.Fire": Write<
    { readonly datacenter: string; readonly event: EventRow },
    { readonly id: string; readonly lTime: number }
  >;
  /** Those of a name, or all for "", oldest first. */
  "Event.List": Read<{ readonly name: string }, readonly EventRow[]>;
  "Coordinate.BatchUpdate": Write<{ readonly updates: readonly NodeCoordinate[] }, true>;
  "Coordinate.ListDatacenters": Local<{}, readonly DatacenterCoordinates[]>;
  "Coordinate.ListNodes": Read<{}, readonly NodeCoordinate[]>;
  "Coordinate.Node": Read<{ readonly node: string }, readonly NodeCoordinate[]>;

  /** Takes a snapshot of the state, which the leader keeps for a while. */
  "Snapshot.Open": Leader<{ readonly datacenter: string }, SnapshotOpened>;
  "Snapshot.Chunk": Leader<
    { readonly datacenter: string; readonly id: string; readonly number: number },
    string
  >;
  /** A name for a restore. */
  "Snapshot.Begin": Leader<{ readonly datacenter: string }, string>;
  /** Stages a chunk as pieces from `number` on; the number of the next piece. Again is no harm. */
  "Snapshot.Stage": Leader<
    {
      readonly datacenter: string;
      readonly id: string;
      readonly number: number;
      readonly chunk: string;
    },
    number
  >;
  /** Replaces the state by what was staged, or nothing. */
  "Snapshot.Commit": Leader<
    { readonly datacenter: string; readonly id: string; readonly pieces: number },
    true
  >;

  /** False when a check-and-set did not apply. */
  "ConfigEntry.Apply": Write<
    {
      readonly datacenter: string;
      readonly operation: "set" | "cas" | "delete";
      /** To be deleted: its kind and name. */
      readonly entry: ConfigEntry;
      readonly modifyIndex: number;
    },
    boolean
  >;
  "ConfigEntry.Get": Read<
    { readonly entryKind: ConfigKind; readonly name: string },
    StoredConfigEntry | null
  >;
  /** Of one kind, or of all for "". */
  "ConfigEntry.List": Read<{ readonly entryKind: ConfigKind | "" }, readonly StoredConfigEntry[]>;
  "DiscoveryChain.Get": Read<
    {
      readonly service: string;
      /** The datacenter it is compiled for; "" is the own one. */
      readonly evaluateIn: string;
      readonly overrides: ChainOverrides;
      /** Of the server that answers; a request has none. */
      readonly trustDomain?: string;
    },
    Result<DiscoveryChain, ServerError>
  >;
  "Catalog.GatewayServices": Read<{ readonly gateway: string }, readonly GatewayService[] | null>;
  /** Nodes with all that is on them; one by name, or all for "". */
  "Internal.NodeDump": Read<{ readonly node: string }, readonly NodeInfo[]>;

  /** Null before the first leader wrote any. */
  "Operator.AutopilotGetConfiguration": Read<{}, AutopilotEntry | null>;
  /** Legate's own: a listing in portions. */
  "KVS.Page": Read<{ readonly page: KvPageRequest }, KvPage>;
  /** False when a check-and-set did not apply. */
  "Operator.AutopilotSetConfiguration": Write<
    {
      readonly datacenter: string;
      readonly configuration: AutopilotConfiguration;
      readonly cas: number | null;
    },
    boolean
  >;
  "Operator.ServerHealth": Leader<{ readonly datacenter: string; readonly token: string }, ClusterHealth>;
  /** `stale`: as the asked server has it. */
  "Operator.RaftGetConfiguration": Leader<
    { readonly datacenter: string; readonly token: string; readonly stale: boolean },
    RaftConfigurationView
  >;
  /** By id or by address, the other is "". A server that leaves asks for itself. */
  "Operator.RaftRemovePeer": Leader<
    {
      readonly datacenter: string;
      readonly token: string;
      readonly id: string;
      readonly address: string;
    },
    true
  >;
  /** `epoch` 0 only looks. */
  "Operator.RaftRecover": Leader<
    { readonly datacenter: string; readonly token: string; readonly epoch: number },
    RecoveryReport
  >;
  /** `id` "" leaves the choice to the leader. */
  "Operator.RaftTransferLeader": Leader<
    { readonly datacenter: string; readonly token: string; readonly id: string },
    true
  >;
  /** The id of the query. */
  "PreparedQuery.Apply": Write<
    {
      readonly datacenter: string;
      readonly operation: QueryOperation;
      readonly query: PreparedQueryFields;
    },
    string
  >;
  "PreparedQuery.List": Read<{}, readonly PreparedQuery[]>;
  "PreparedQuery.Get": Read<{ readonly id: string }, Result<PreparedQuery, ServerError>>;
  "PreparedQuery.Explain": Read<{ readonly idOrName: string }, Result<PreparedQuery, ServerError>>;
  /** Each execution is shuffled anew; it never blocks. */
  "PreparedQuery.Execute": Read<
    {
      readonly idOrName: string;
      readonly limit: number;
      readonly connect: boolean;
      readonly agentNode: string;
      readonly sourceAddress: string;
      /** Of the server that answers; a request has none. */
      readonly seed?: number;
    },
    Result<QueryResult, ServerError>
  >;

  "KVS.Get": Read<{ readonly key: string }, DirEntry | null>;
  "KVS.List": Read<{ readonly prefix: string }, readonly DirEntry[]>;
  "KVS.ListKeys": Read<{ readonly prefix: string; readonly separator: string }, readonly string[]>;
  /** False when a check-and-set did not apply. */
  "KVS.Apply": Write<
    {
      readonly operation: KvOperation /** "" or absent: of whoever is asked */;
      readonly datacenter?: string;
    },
    boolean
  >;
  /** Writes a key and takes its lock: the fencing token, 0 when another holds it or a lock delay is not over. */
  "KVS.Acquire": Write<{ readonly operation: KvLockOperation; readonly datacenter?: string }, number>;
  /** Writes a key and gives back its lock; false when that session does not hold it. */
  "KVS.Release": Write<{ readonly operation: KvLockOperation; readonly datacenter?: string }, boolean>;

  "Txn.Apply": Write<
    { readonly operations: readonly TxnOperation[]; readonly datacenter: string },
    TxnAnswer
  >;
  /** Operations that only read. */
  "Txn.Read": Read<{ readonly operations: readonly TxnOperation[] }, TxnAnswer>;

  "Session.Get": Read<{ readonly id: string }, readonly Session[]>;
  "Session.List": Read<{}, readonly Session[]>;
  "Session.NodeSessions": Read<{ readonly node: string }, readonly Session[]>;
  /** The id of the session that was created or destroyed. */
  "Session.Apply": Write<{ readonly operation: SessionOperation; readonly datacenter: string }, string>;
  /** Starts the session's TTL again; empty when there is no such session. */
  "Session.Renew": Leader<{ readonly id: string; readonly datacenter: string }, readonly Session[]>;
};

export type RpcMethod = keyof RpcMethods;
export type RpcRequest<M extends RpcMethod> = RpcMethods[M]["request"];
export type RpcReply<M extends RpcMethod> = RpcMethods[M]["reply"];

/** Which way a method goes; kept beside the types so that a new method is one line in each list. */
export const rpcKinds: { readonly [M in RpcMethod]: RpcMethods[M]["kind"] } = {
  "Status.Leader": "local",
  "Status.Peers": "local",
  "Status.RaftStats": "local",
  "Status.Bootstrap": "local",
  "Status.Raft": "local",
  "Status.Members": "local",
  "Read.Index": "leader",
  "Member.Report": "leader",
  "Operator.Health": "leader",
  "Catalog.Register": "write",
  "Catalog.Deregister": "write",
  "Catalog.ListDatacenters": "local",
  "Catalog.ListNodes": "read",
  "Catalog.ListServices": "read",
  "Catalog.ServiceNodes": "read",
  "Catalog.NodeServices": "read",
  "Catalog.AddressOwner": "read",
  "Health.SetCheckTtl": "write",
  "Health.ReportCheck": "write",
  "Health.NodeChecks": "read",
  "Health.ServiceChecks": "read",
  "Health.ChecksInState": "read",
  "Health.ServiceNodes": "read",
  "Coordinate.Update": "local",
  "Event.Fire": "write",
  "Event.List": "read",
  "Coordinate.BatchUpdate": "write",
  "Coordinate.ListDatacenters": "local",
  "Coordinate.ListNodes": "read",
  "Coordinate.Node": "read",
  "Snapshot.Open": "leader",
  "Snapshot.Chunk": "leader",
  "Snapshot.Begin": "leader",
  "Snapshot.Stage": "leader",
  "Snapshot.Commit": "leader",
  "ConfigEntry.Apply": "write",
  "ConfigEntry.Get": "read",
  "ConfigEntry.List": "read",
  "DiscoveryChain.Get": "read",
  "Catalog.GatewayServices": "read",
  "Internal.NodeDump": "read",
  "Operator.AutopilotGetConfiguration": "read",
  "Operator.AutopilotSetConfiguration": "write",
  "Operator.ServerHealth": "leader",
  "Operator.RaftGetConfiguration": "leader",
  "Operator.RaftRemovePeer": "leader",
  "Operator.RaftRecover": "leader",
  "Operator.RaftTransferLeader": "leader",
  "PreparedQuery.Apply": "write",
  "PreparedQuery.List": "read",
  "PreparedQuery.Get": "read",
  "PreparedQuery.Explain": "read",
  "PreparedQuery.Execute": "read",
  "KVS.Get": "read",
  "KVS.List": "read",
  "KVS.ListKeys": "read",
  "KVS.Page": "read",
  "KVS.Apply": "write",
  "KVS.Acquire": "write",
  "KVS.Release": "write",
  "Txn.Apply": "write",
  "Txn.Read": "read",
  "Session.Get": "read",
  "Session.List": "read",
  "Session.NodeSessions": "read",
  "Session.Apply": "write",
  "Session.Renew": "leader",
};
