// serf's half of a push/pull: what we know of members' intents and of recent events, given and taken.
// Source: reference/gossip-protocol.md section 11.3.

import type { Millis } from "../base/brand.ts";
import { onUserEvent, spreadUserEvent } from "./events.ts";
import { witnessClock } from "./lamport.ts";
import { onJoinIntent, onLeaveIntent } from "./member-intents.ts";
import type { SerfState } from "./state.ts";
import type { SerfState as SerfStateMessage } from "./types.ts";

/**
 * The bytes of our half. Empty event slots are left out: readers take a short list for a ring as well. Who is leaving
 * stands among those that left: a bare time is taken for one of joining, and makes readers deaf to the leave intent that
 * is still on its way. Readers count one up from the time of those that left, and so arrive at that intent's.
 */
export function localUserState(state: SerfState): Uint8Array {
  const statusTimes = new Map<string, number>();
  const leftMembers: string[] = [];
  for (const { name, status, statusTime } of state.members.values()) {
    statusTimes.set(name, status === "leaving" ? Math.max(0, statusTime - 1) : statusTime);
    if (status === "left" || status === "leaving") leftMembers.push(name);
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
    else onJoinIntent(state, { kind: "join", time, node }, now);
  }
  if (join && state.ignoreOldEvents) state.eventTimeMin = Math.max(state.eventTimeMin, remote.eventTime);
  for (const slot of remote.events) {
    for (const { name, payload } of slot?.events ?? []) {
      const message = { kind: "userEvent" as const, time: slot?.time ?? 0, name, payload, coalesce: false };
      if (onUserEvent(state, message)) spreadUserEvent(state, state.config.codec.encode(message));
    }
  }
}
