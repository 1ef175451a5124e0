// The whole membership protocol as one function: (state, input, now) → effects. It never waits, sends, reads a clock
// or rolls dice; DESIGN.md says what the driver owes it.

import { assertNever } from "../base/assert.ts";
import type { Millis } from "../base/brand.ts";
import {
  hasNews,
  nextGossipTick,
  onGossipDue,
  ownNews,
  spreadNews,
  spreadUserMessage,
} from "./dissemination.ts";
import {
  leave,
  onAlive,
  onDead,
  onSuspect,
  onSuspicionsDue,
  prolongSuspicions,
  setOwnMeta,
} from "./members.ts";
import { memberCount } from "./member-table.ts";
import {
  onAck,
  onIndirectPing,
  onNack,
  onPing,
  onProbeDeadline,
  onProbeDue,
  onRelaysDue,
  onStall,
  onStreamPinged,
  probeDeadline,
  relaysDueAt,
} from "./probe.ts";
import { mergePushPull, onPushPullDue } from "./push-pull.ts";
import { pushPullInterval } from "./scaling.ts";
import { draw, emptyOutbox, type GossipState } from "./state.ts";
import type { GossipAddress, GossipEffects, GossipInput, PacketMessage } from "./types.ts";

/** Takes one input. Mutates `state`. */
export function step(state: GossipState, input: GossipInput, now: Millis): GossipEffects {
  state.outbox = emptyOutbox();
  noticeStall(state, now);
  handle(state, input, now);
  armTimers(state, now);
  state.wakeAt = wakeAt(state);
  return { ...state.outbox, wakeAt: state.wakeAt };
}

/** A deadline that passed long ago means that this process did not run: what it missed is not the others' fault. */
function noticeStall(state: GossipState, now: Millis): void {
  if (state.wakeAt === null || !state.config.stallAware) return;
  const late = now - state.wakeAt;
  if (late < state.config.probeTimeoutMillis) return;
  prolongSuspicions(state, late);
  onStall(state, now);
}

function handle(state: GossipState, input: GossipInput, now: Millis): void {
  switch (input.kind) {
    case "wake":
      onWake(state, now);
      return;
    case "packet":
      for (const message of input.messages) onMessage(state, message, input.from, now);
      return;
    case "pushPull":
      mergePushPull(state, input.message, now);
      return;
    case "streamPinged":
      onStreamPinged(state, input.sequence, input.ok, now);
      return;
    case "broadcast":
      spreadUserMessage(state, input.priority, input.payload, input.token);
      return;
    case "meta":
      setOwnMeta(state, input.meta);
      return;
    case "ackPayload":
      state.ackPayload = input.payload;
      return;
    case "leave":
      leave(state, now);
      return;
    default:
      assertNever(input);
  }
}

function onMessage(state: GossipState, message: PacketMessage, from: GossipAddress, now: Millis): void {
  switch (message.kind) {
    case "ping":
      onPing(state, message, from);
      return;
    case "indirectPing":
      onIndirectPing(state, message, from, now);
      return;
    case "ack":
      onAck(state, message, now);
      return;
    case "nack":
      onNack(state, message);
      return;
    case "alive":
      onAlive(state, message, now);
      return;
    case "suspect":
      onSuspect(state, message, now);
      return;
    case "dead":
      onDead(state, message, now);
      return;
    case "user":
      if (message.payload.length > 0) state.outbox.events.push({ kind: "user", payload: message.payload });
      return;
    default:
      assertNever(message);
  }
}

function onWake(state: GossipState, now: Millis): void {
  const { probe } = state;
  if (state.relays.size > 0) onRelaysDue(state, now);
  if (probe !== null && probeDeadline(probe) <= now) onProbeDeadline(state, probe, now);
  if (isDue(state.suspicionsDueAt, now)) onSuspicionsDue(state, now);
  if (isDue(state.probeDueAt, now)) onProbeDue(state, now);
  if (isDue(state.gossipDueAt, now)) onGossipDue(state, now);
  if (isDue(state.pushPullDueAt, now)) {
    state.pushPullDueAt =
      now + pushPullInterval(state.config.pushPullIntervalMillis, memberCount(state.members));
    onPushPullDue(state);
  }
}

/** Nothing runs while we are alone; every timer starts at a random point of its interval. */
function armTimers(state: GossipState, now: Millis): void {
  const { config } = state;
  if (memberCount(state.members) === 1) {
    state.probeDueAt = null;
    state.pushPullDueAt = null;
    state.gossipDueAt = null;
    return;
  }
  if (state.probeDueAt === null || state.pushPullDueAt === null) {
    const interval = pushPullInterval(config.pushPullIntervalMillis, memberCount(state.members));
    state.probeDueAt = now + draw(state) * config.probeIntervalMillis;
    state.pushPullDueAt = now + draw(state) * interval;
    state.gossipPhase = now - draw(state) * config.gossipIntervalMillis;
    if (!state.leaving) spreadNews(state, ownNews(state));
  }
  if (state.gossipDueAt === null && hasNews(state)) state.gossipDueAt = nextGossipTick(state, now);
}

function wakeAt(state: GossipState): Millis | null {
  const { probe } = state;
  let earliest = probe === null ? state.probeDueAt : probeDeadline(probe);
  const relays = state.relays.size === 0 ? null : relaysDueAt(state);
  for (const dueAt of [relays, state.suspicionsDueAt, state.gossipDueAt, state.pushPullDueAt]) {
    if (dueAt !== null && (earliest === null || dueAt < earliest)) earliest = dueAt;
  }
  return earliest;
}

function isDue(at: Millis | null, now: Millis): boolean {
  return at !== null && at <= now;
}
