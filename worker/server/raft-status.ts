// What is shown of raft on one server, and what its settings mean to the driver.

import type { Millis } from "../../shared/base/brand.ts";
import { limits } from "../../shared/limits.ts";
import { lastIndex } from "../../shared/raft/log.ts";
import { isConfigurationEntry, voterIds } from "../../shared/raft/membership.ts";
import {
  configurationOf,
  indexedConfigurationOf,
  type RaftState,
  type Role,
} from "../../shared/raft/state.ts";
import { lastContact, logEnd } from "../../shared/raft/step.ts";
import type { Configuration, Entry, LogIndex, RaftServer, ServerId, Term } from "../../shared/raft/types.ts";
import type { ServerConfig } from "./config.ts";
import { serversOf } from "./raft-admin.ts";

export type RaftStatus = {
  readonly role: Role;
  readonly term: Term;
  readonly leader: ServerId | null;
  readonly commitIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  readonly lastIndex: LogIndex;
  /** Of the entry at lastIndex. */
  readonly lastTerm: Term;
  /** Since the leader was heard; 0 on the leader, Infinity never. */
  readonly lastContactMillis: number;
  /** Voters beside this server. */
  readonly numPeers: number;
  readonly quiescent: boolean;
  /** The configuration in force here: who belongs to the group, and where. */
  readonly servers: readonly RaftServer[];
  /** The log entry that holds it; 0 for the one of the bootstrap. */
  readonly configurationIndex: LogIndex;
  /** The name that the group got when it was bootstrapped; "" before. */
  readonly cluster: string;
  /** How many times a lost majority was given up. */
  readonly epoch: number;
  /** A newer epoch that this server was not part of: it waits to be given that group's state. Null: all is well. */
  readonly newerEpoch: number | null;
  /** Does this server know of any configuration? Without one it waits to be bootstrapped or called. */
  readonly bootstrapped: boolean;
};

/** The part of it that every request needs, for which the whole would be too much. */
export type LeaderContact = Pick<RaftStatus, "role" | "leader" | "appliedIndex" | "lastContactMillis">;

export function leaderContact(state: RaftState, appliedIndex: LogIndex, now: () => Millis): LeaderContact {
  const { role, leader } = state;
  // A leader, which is asked several times for each request, need not look at the clock.
  return { role, leader, appliedIndex, lastContactMillis: role === "leader" ? 0 : lastContact(state, now()) };
}

/** What this server knows of itself and its group. */
export function raftStatus(state: RaftState, appliedIndex: LogIndex, now: number): RaftStatus {
  return {
    role: state.role,
    term: state.hard.term,
    leader: state.leader,
    commitIndex: state.commitIndex,
    appliedIndex,
    lastIndex: lastIndex(state.log),
    lastTerm: logEnd(state).term,
    lastContactMillis: lastContact(state, now),
    numPeers: voterIds(configurationOf(state)).filter((id) => id !== state.config.id).length,
    quiescent: state.quiescent,
    servers: serversOf(state),
    configurationIndex: indexedConfigurationOf(state).index,
    cluster: state.hard.cluster,
    epoch: state.hard.epoch,
    newerEpoch: state.newerEpoch,
    bootstrapped: state.configurations.length > 0,
  };
}

/** How long the log may become, and what stays of it. */
export function logLimits(config: ServerConfig): {
  readonly entriesMax: number;
  readonly entriesKept: number;
} {
  return config.log ?? { entriesMax: limits.raftLogEntriesMax, entriesKept: limits.raftLogEntriesKept };
}

/** The group as the settings list it; null when it is bootstrapped otherwise (bootstrap.ts). */
export function initialConfiguration(config: ServerConfig): Configuration | null {
  if (config.servers.length === 0 || config.beginsTogether === true) return null;
  const servers = config.servers.map((id) => ({ id, address: config.addressOf[id] ?? "", voter: true }));
  return { servers, outgoing: [] };
}

/** The empty entry of a new leader, and configurations. */
export function isRaftsOwn(entry: Entry): boolean {
  return entry.command === "" || isConfigurationEntry(entry);
}
