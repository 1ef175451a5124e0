// What a server needs from the runtime that hosts it (Durable Object, Node, simulator). Decisions stay on this side.

import type { Millis } from "../../shared/base/brand.ts";
import type { Result } from "../../shared/base/result.ts";
import type { ServerError } from "../../shared/errors.ts";
import type { RaftMessage, ServerId } from "../../shared/raft/types.ts";
import type { RpcMethod } from "../../shared/rpc/methods.ts";
import type { Member } from "../../shared/structs/members.ts";
import type { KnownServer } from "../../shared/structs/known-server.ts";
import type { Sql } from "../../shared/state/sql.ts";

export type { Sql };

/** Messages to the other servers. Nothing here is reliable or ordered except what raft makes so. */
export type Peers = {
  /** Fire and forget; a failure is silence, or `unreachable` fed to raft when the runtime knows. */
  send(to: ServerId, messages: readonly RaftMessage[]): void;
  /** Forwards one RPC to another server (a write or a read to the leader). Rejections become a ServerError. */
  call(to: ServerId, method: RpcMethod, request: unknown): Promise<Result<unknown, ServerError>>;
};

/**
 * One deadline. The runtime chooses timer or alarm; it may come late, never early; null disarms.
 * `alarmBy`: beside a timer, when the server must be woken at the latest even if it loses its memory before.
 */
export type Wake = { at(deadline: Millis | null, urgency: "timer" | "alarm", alarmBy?: Millis): void };

export type Clock = { now(): Millis };

/** Random bytes as a 32-bit seed, for timeouts only; ids are made by whoever proposes. */
export type Entropy = { seed(): number; uuid(): string };

/** One connected agent, by whatever carries it. */
export type AgentLink = {
  readonly id: string;
  /** Text of one frame. */
  send(frame: string): void;
  close(reason: string): void;
  /** Small state that survives the server's sleep (who is at the other end). */
  attachment(): unknown;
  attach(value: unknown): void;
  /** When the link last showed life (keep-alive included), for liveness. */
  lastSeen(): Millis;
};

export type AgentLinks = { all(): readonly AgentLink[] };

export type Log = (
  level: "debug" | "info" | "warn" | "error",
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

/** Runs `body` in a later turn of the event loop, so that all inputs of this turn share one commit. */
export type Defer = (body: () => void) => void;

/** The servers as gossip knows them; without it they are those of the configuration. */
export type Directory = {
  servers(): readonly KnownServer[];
  /** Everybody in the LAN pool; none where there is no gossip. */
  members(): readonly Member[];
  /** Called after each change; the returned function stops it. */
  onChange(listener: () => void): () => void;
};

export type ServerPorts = {
  readonly sql: Sql;
  readonly peers: Peers;
  readonly wake: Wake;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly links: AgentLinks;
  readonly log: Log;
  readonly defer: Defer;
  readonly directory?: Directory;
};
