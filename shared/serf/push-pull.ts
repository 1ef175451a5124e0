// serf's half of a push/pull: what we know of members' intents and of recent events, given and taken.
// Source: reference/gossip-protocol.md section 11.3.

import type { Millis } from "../base/brand.ts";
import { onUserEvent, spreadUserEvent } from "./events.ts";
import { witnessClock } from "./lamport.ts";
import { onJoinIntent, onLeaveIntent } from "./member-intents.ts";
import type { SerfState } from "./state.ts";
import type { SerfState as SerfStateMessage } from "./types.ts";

/** The bytes of our half. Empty event slots are left out: readers take a short list for a ring as well. */
export function localUserState(state: SerfState): Uint8Array {
  const statusTimes = new Map<string, number>();
  const leftMembers: string[] = [];
  for (const { name, status, statusTime } of state.members.values()) {
    // The time of a leave must not reach anybody before the leave does: readers take it for the time of a join.
    statusTimes.set(name, status === "leaving" ? statusTime - 1 : statusTime);
    if (status === "left") leftMembers.push(name);
  }
  return state.config.codec.encode({
    kind: "pushPull",
    time: state.clock,
    statusTimes,
    leftMembers,
    eventTime: state.eventClock,
    events: state.events.filter((slot) => slot !== null),
    queryTime: state.queryClock,
  });
}

/** Takes the other side's half. `join`: the exchange is part of a join, ours or theirs. */
export function mergeUserState(state: SerfState, remote: SerfStateMessage, join: boolean, now: Millis): void {
  state.clock = witnessClock(state.clock, remote.time);
  state.eventClock = witnessClock(state.eventClock, remote.eventTime);
  state.queryClock = witnessClock(state.queryClock, remote.queryTime);
  const left = new Set(remote.leftMembers);
  for (const [node, time] of remote.statusTimes) {
    if (left.has(node)) onLeaveIntent(state, { kind: "leave", time: time + 1, node, prune: false }, now);
    else onJoinIntent(state, { kind: "join", time: joinTime(state, node, time), node }, now);
  }
  if (join && state.ignoreOldEvents) state.eventTimeMin = Math.max(state.eventTimeMin, remote.eventTime);
  for (const slot of remote.events) {
    for (const { name, payload } of slot?.events ?? []) {
      const message = { kind: "userEvent" as const, time: slot?.time ?? 0, name, payload, coalesce: false };
      if (onUserEvent(state, message)) spreadUserEvent(state, state.config.codec.encode(message));
    }
  }
}

/**
 * When a member that is told to be here said so. A real serf that has heard a leave names its time here as well, and
 * whoever had not heard it would then refuse the leave itself as old news: the member would fail instead of leaving. So
 * the time itself stays free, unless it says that somebody who wanted to leave has changed its mind.
 */
function joinTime(state: SerfState, node: string, time: number): number {
  const status = state.members.get(node)?.status ?? "alive";
  return status === "alive" ? time - 1 : time;
}
