// Bugs that are put into raft on purpose, to prove that the simulator finds them: each wraps the step function.

import { voterIds } from "../../shared/raft/membership.ts";
import { configurationOf } from "../../shared/raft/state.ts";
import { quorumValue } from "../../shared/raft/quorum.ts";
import { commitTo } from "../../shared/raft/state.ts";
import { step } from "../../shared/raft/step.ts";
import type { RaftMessage } from "../../shared/raft/types.ts";
import type { Machinery } from "../../worker/server/server.ts";
import { type Schedule, schedules } from "./schedules.ts";
import type { ServerPorts } from "../../worker/server/ports.ts";

/** Machinery with a bug, for one instance on these ports. */
export type Plant = (ports: ServerPorts) => Partial<Machinery>;
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

export type Planted = { readonly plant: Plant; readonly schedule?: Schedule };

export const plants: Readonly<Record<string, Planted>> = {
  "a vote counted twice": { plant: inStep(voteCountedTwice), schedule: schedules.manyElections },
  "a vote acknowledged before it is durable": {
    plant: inStep(beforeDurable("voteReply")),
    schedule: schedules.votesAndCrashes,
  },
  "an append acknowledged before it is durable": { plant: inStep(beforeDurable("appendReply")) },
  "an older term's entry committed by counting replicas": {
    plant: inStep(olderTermCommitted),
    schedule: schedules.shortReigns,
  },
  "a lease used after sleep": { plant: inStep(leaseAfterSleep), schedule: schedules.cutWhileAsleep },
  "an incarnation ignored": { plant: inStep(incarnationIgnored), schedule: schedules.lateAnswers },
  "a superseded instance that trusts itself": {
    plant: inStep(supersededTrusted),
    schedule: schedules.supersessions,
  },
};
