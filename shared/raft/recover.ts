// Lost majority: an operator forces a configuration on one survivor, which begins a new epoch (epoch.ts) and leads it
// with all that its own log holds, committed or not. What only the lost servers had acknowledged is lost.

import type { Millis } from "../base/brand.ts";
import { campaignsThatTell } from "./follower.ts";
import { lead } from "./leader.ts";
import { lastIndex } from "./log.ts";
import { checkConfiguration, encodeConfiguration, hasQuorum, isVoter, voterIds } from "./membership.ts";
import { beginRound } from "./replication.ts";
import { appendToLog, configurationOf, isBlank, type RaftState, setHard } from "./state.ts";
import type { Configuration } from "./types.ts";

/** How many election time-outs a server must have been without a leader. */
const timeoutsWithoutLeader = 3;

export const noStateToRecover = "this server has no state: bootstrap it instead";

/** Why this server must not be forced to lead with `configuration`; null when it may. Nothing is changed. */
export function refusalOfRecovery(
  state: RaftState,
  configuration: Configuration,
  epoch: number,
  now: Millis,
): string | null {
  if (isBlank(state) || state.configurations.length === 0) {
    return noStateToRecover;
  }
  if (state.newerEpoch !== null) {
    return `this server was left behind by the recovery of epoch ${state.newerEpoch}: recover nothing here, add it to that group`;
  }
  if (epoch !== state.hard.epoch + 1) {
    return `the epoch of this server is ${state.hard.epoch}: a recovery begins epoch ${state.hard.epoch + 1}, not ${epoch}`;
  }
  const voters = voterIds(configuration);
  if (checkConfiguration(configuration) === null || configuration.outgoing.length > 0) {
    return "the servers must be listed once each";
  }
  if (voters.length !== 1 || voters[0] !== state.config.id) {
    return "the survivor must be the only voter at first: the others join as non-voters and are promoted";
  }
  if (state.role === "leader") return "this server is the leader: a majority is alive";
  const silence = now - state.heardAt;
  if (silence < timeoutsWithoutLeader * state.config.electionTimeoutMillis) {
    return `a leader was heard ${Math.max(0, Math.round(silence))} ms ago: a majority may be alive`;
  }
  const hasLooked =
    !isVoter(configurationOf(state), state.config.id) || state.failedCampaigns >= campaignsThatTell;
  if (state.quiescent || !hasLooked) {
    return "this server has not looked for a majority yet: try again in a few seconds";
  }
  const answered = (id: string): boolean => id === state.config.id || state.votes.has(id as never);
  if (state.role !== "follower" && hasQuorum(configurationOf(state), answered)) {
    return "a majority of the servers answers: let them elect a leader";
  }
  return null;
}

/** Begins the epoch. The caller has made sure that nothing speaks against it. */
export function recover(state: RaftState, configuration: Configuration, epoch: number, now: Millis): void {
  const term = state.hard.term + 1;
  setHard(state, {
    epoch,
    term,
    votedFor: state.config.id,
    leaderTerm: term,
    incarnation: state.hard.incarnation + 1,
    leaderIncarnation: 0,
    mayServeReads: false,
  });
  const index = lastIndex(state.log) + 1;
  appendToLog(state, [{ index, term, command: encodeConfiguration(configuration) }]);
  lead(state, now, index, now);
  if (state.leading !== null) beginRound(state, state.leading, now);
}
