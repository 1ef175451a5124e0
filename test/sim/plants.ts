// Bugs that are put into raft on purpose, to prove that the simulator finds them: each wraps the step function.

import { applyCommand } from "../../shared/fsm/apply.ts";
import { commandNumbers } from "../../shared/fsm/codec.ts";
import { voterIds } from "../../shared/raft/membership.ts";
import { configurationOf } from "../../shared/raft/state.ts";
import { quorumValue } from "../../shared/raft/quorum.ts";
import { lastIndex } from "../../shared/raft/log.ts";
import { commitTo, truncateLogFrom } from "../../shared/raft/state.ts";
import { step } from "../../shared/raft/step.ts";
import type { RaftMessage } from "../../shared/raft/types.ts";
import type { Machinery, Server } from "../../worker/server/server.ts";
import { type Session, sessionTtlMillis } from "../../shared/structs/session.ts";
import { type Schedule, schedules } from "./schedules.ts";
import type { ServerPorts, Sql } from "../../worker/server/ports.ts";

/** Machinery or storage with a bug, for one instance on these ports; `begun` is told of the server made of it. */
export type Plant = (
  ports: ServerPorts,
) => Partial<Machinery> & { readonly sql?: Sql; begun?(server: Server): void };
type PlantedStep = (ports: ServerPorts) => typeof step;

const inStep =
  (planted: PlantedStep): Plant =>
  (ports) => ({ takeStep: planted(ports) });

/** §5.2: whoever votes is counted twice. */
const voteCountedTwice: PlantedStep = () => (state, input, now) => {
  if (input.kind === "message" && input.message.kind === "voteReply" && input.message.granted) {
    const silent = voterIds(configurationOf(state)).find((member) => !state.votes.has(member));
    if (state.role === "candidate" && input.message.term === state.hard.term && silent !== undefined) {
      state.votes.set(silent === input.message.from ? state.config.id : silent, true);
    }
  }
  return step(state, input, now);
};

/** Messages of this kind leave before the write that they promise. */
function beforeDurable(kind: RaftMessage["kind"]): PlantedStep {
  return (ports) => (state, input, now) => {
    const effects = step(state, input, now);
    for (const message of effects.sendAfterPersist) {
      if (message.kind === kind) ports.peers.send(message.to, [message]);
    }
    return { ...effects, sendAfterPersist: effects.sendAfterPersist.filter((it) => it.kind !== kind) };
  };
}

/** Figure 8: what a majority holds is committed, whoever appended it. */
const olderTermCommitted: PlantedStep = () => (state, input, now) => {
  if (state.leading !== null) {
    const matches = [...state.leading.progress.values()].map((progress) => progress.match);
    commitTo(state, quorumValue([...matches, state.log.persistedIndex]));
  }
  return step(state, input, now);
};

/** A leader that sleeps or resumes believes in its lease without asking anybody. */
const leaseAfterSleep: PlantedStep = () => (state, input, now) => {
  const wasAwake = state.leading !== null && !state.quiescent;
  const effects = step(state, input, now);
  const { leading } = state;
  if (leading !== null && !state.quiescent && (!wasAwake || now < leading.awakeSince + 750)) {
    leading.leaseUntil = leading.awakeSince + 750;
    leading.trustedAt = leading.awakeSince;
  }
  return effects;
};

/** Answers to an earlier life of the leader are taken for answers to this one, and an older instance is believed. */
const incarnationIgnored: PlantedStep = () => (state, input, now) => {
  if (input.kind !== "message" || input.message.kind !== "appendReply") return step(state, input, now);
  const message = { ...input.message, incarnation: state.hard.incarnation, staleIncarnation: false };
  return step(state, { kind: "message", message }, now);
};

/** An older instance that cannot know that it is superseded goes on vouching for itself. */
const supersededTrusted: PlantedStep = () => (state, input, now) => {
  if (state.leading !== null) {
    state.leading.trustedAt = now;
    state.leading.holdUntil = 0;
  }
  return step(state, input, now);
};

/** Every server ends the sessions that it has known for twice their TTL: only the leader hears of renewals. */
const expiryByFollower: Plant = ({ sql, clock, defer }) => {
  const knownSince = new Map<string, number>();
  let made: Server | null = null;
  let nextLook = 0;
  const look = (): void => {
    for (const { id, body } of sql.exec("SELECT id, body FROM sessions")) {
      const ttl = sessionTtlMillis(JSON.parse(String(body)) as Pick<Session, "TTL">);
      const since = knownSince.get(String(id)) ?? clock.now();
      knownSince.set(String(id), since);
      if (ttl === null || clock.now() < since + 2 * ttl) continue;
      knownSince.delete(String(id));
      const operation = { verb: "destroy", id: String(id) } as const;
      void made?.backend.call("Session.Apply", { token: "", operation, datacenter: "" });
    }
  };
  return {
    begun(server) {
      made = server;
    },
    takeStep(state, input, now) {
      if (now >= nextLook) defer(look);
      nextLook = Math.max(nextLook, now + 1_000);
      return step(state, input, now);
    },
  };
};

/** A snapshot has the rows of all tables but one. */
const snapshotWithoutTombstones: Plant = ({ sql }) => ({
  sql: {
    ...sql,
    exec(statement, ...bindings) {
      const isCut = /^SELECT .* FROM tombstones (WHERE \(.*\) > |ORDER BY .* LIMIT \d+$)/.test(statement);
      return isCut ? [] : sql.exec(statement, ...bindings);
    },
  },
});

/** A recovery leaves out the last entry of the survivor, and tells the operator otherwise. */
const recoveryForgets: PlantedStep = () => (state, input, now) => {
  if (input.kind === "recover" && lastIndex(state.log) > state.commitIndex) {
    truncateLogFrom(state, lastIndex(state.log));
  }
  return step(state, input, now);
};

/** Of a transaction only the first operation is done. */
const halfTransactions: Plant = () => ({
  apply(sql, index, command) {
    const entry = command === "" ? {} : (JSON.parse(command) as { t?: number; operations?: unknown[] });
    const isTransaction = entry.t === commandNumbers.txn && entry.operations !== undefined;
    const half = { ...entry, operations: entry.operations?.slice(0, 1) };
    return applyCommand(sql, index, isTransaction ? JSON.stringify(half) : command);
  },
});

/** A restart believes what the rows say of how far the log was applied, and not what the keys show. */
const evidenceIgnored: Plant = ({ sql }) => {
  let isStarting = true;
  return {
    begun() {
      isStarting = false;
    },
    sql: {
      ...sql,
      exec(statement, ...bindings) {
        const isAsked = isStarting && /^SELECT 1 AS found FROM kv WHERE/.test(statement);
        return isAsked ? [] : sql.exec(statement, ...bindings);
      },
    },
  };
};

/** `foundBy`: the seed that found it last, to be tried first; the draws of a seed change with the simulator. */
export type Planted = {
  readonly plant: Plant;
  readonly foundBy: number;
  readonly schedule?: Schedule;
  /** More than the usual twenty seconds. */
  readonly hours?: number;
};

export const plants: Readonly<Record<string, Planted>> = {
  "a vote counted twice": { plant: inStep(voteCountedTwice), foundBy: 3, schedule: schedules.manyElections },
  "a vote acknowledged before it is durable": {
    plant: inStep(beforeDurable("voteReply")),
    foundBy: 44,
    schedule: schedules.votesAndCrashes,
  },
  "an append acknowledged before it is durable": {
    plant: inStep(beforeDurable("appendReply")),
    foundBy: 131,
  },
  "an older term's entry committed by counting replicas": {
    plant: inStep(olderTermCommitted),
    foundBy: 6,
    schedule: schedules.shortReigns,
  },
  "a lease used after sleep": {
    plant: inStep(leaseAfterSleep),
    foundBy: 4,
    schedule: schedules.cutWhileAsleep,
  },
  "an incarnation ignored": {
    plant: inStep(incarnationIgnored),
    foundBy: 3,
    schedule: schedules.lateAnswers,
  },
  "a snapshot that drops the tombstones": {
    plant: snapshotWithoutTombstones,
    foundBy: 1,
    schedule: schedules.leftBehind,
  },
  "session expiry decided by a follower": {
    plant: expiryByFollower,
    foundBy: 2,
    schedule: schedules.longHolds,
  },
  "a recovery that keeps less than it says": {
    plant: inStep(recoveryForgets),
    foundBy: 3,
    schedule: { disaster: "majority lost", servers: 3 },
    hours: 0.1,
  },
  "half a transaction": { plant: halfTransactions, foundBy: 1, schedule: { transactors: 2 }, hours: 0.05 },
  "entries that a restart applies again": { plant: evidenceIgnored, foundBy: 2, hours: 0.05 },
  "a superseded instance that trusts itself": {
    plant: inStep(supersededTrusted),
    foundBy: 19,
    schedule: schedules.supersessions,
  },
};
