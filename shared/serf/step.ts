// serf as one function: (state, input, now) → effects. It stands on the membership core's events and speaks to it in
// inputs; agent/gossip/serf-driver.ts carries both to and fro.

import { assertNever } from "../base/assert.ts";
import type { Millis } from "../base/brand.ts";
import type { GossipEvent } from "../gossip/types.ts";
import { limits } from "../limits.ts";
import { announceCoordinate, onPinged } from "./coordinates.ts";
import { fireUserEvent, onUserEvent, spreadUserEvent } from "./events.ts";
import { beginLeave, onGoodbyeSent, onLeaveDue, onTransmitted } from "./leaving.ts";
import {
  announceJoin,
  announceLeave,
  onJoinIntent,
  onLeaveIntent,
  onMemberGone,
  onMemberJoin,
  onMemberUpdate,
  reap,
  reconnect,
} from "./member-intents.ts";
import { onConflict, takeVotes } from "./name-conflict.ts";
import { closeDueQueries, onQueryResponse } from "./own-queries.ts";
import { mergeUserState } from "./push-pull.ts";
import { answerQuery, askAll, expireOpenQueries, onQuery, onRelay, spreadQuery } from "./queries.ts";
import { emit, emptySerfOutbox, type SerfState } from "./state.ts";
import type { SerfEffects, SerfInput, SerfMessage, Tags } from "./types.ts";

/** Takes one input. Mutates `state`. */
export function step(state: SerfState, input: SerfInput, now: Millis): SerfEffects {
  state.outbox = emptySerfOutbox();
  handle(state, input, now);
  takeVotes(state);
  return { ...state.outbox, wakeAt: wakeAt(state) };
}

function handle(state: SerfState, input: SerfInput, now: Millis): void {
  switch (input.kind) {
    case "wake":
      onWake(state, now);
      return;
    case "gossip":
      onGossip(state, input.event, now);
      return;
    case "started":
      announceCoordinate(state);
      return;
    case "joining":
      state.ignoreOldEvents = input.ignoreOldEvents;
      return;
    case "joined":
      announceJoin(state, now);
      return;
    case "leave":
      beginLeave(state, now);
      return;
    case "forceLeave":
      announceLeave(state, input.node, input.prune, null, now);
      return;
    case "userEvent":
      fireUserEvent(state, input.name, input.payload, input.coalesce);
      return;
    case "query":
      askAll(state, input.token, input.query, now);
      return;
    case "respond":
      answerQuery(state, input.query, input.payload, now);
      return;
    case "tags":
      setTags(state, input.tags);
      return;
    default:
      assertNever(input);
  }
}

function onGossip(state: SerfState, event: GossipEvent, now: Millis): void {
  switch (event.kind) {
    case "join":
      onMemberJoin(state, event.member);
      return;
    case "leave":
      onMemberGone(state, event.member, now);
      return;
    case "update":
      onMemberUpdate(state, event.member);
      return;
    case "conflict":
      onConflict(state, event.existing, event.other, now);
      return;
    case "user":
      onUserMessage(state, event.payload, now);
      return;
    case "userState":
      onUserState(state, event.userState, event.join, now);
      return;
    case "pinged":
      onPinged(state, event.member.name, event.roundTripMillis, event.payload);
      return;
    case "transmitted":
      onTransmitted(state, event.token, now);
      return;
    case "left":
      onGoodbyeSent(state, now);
      return;
    case "refused":
      emit(state, { kind: "warning", text: event.reason });
      return;
    default:
      assertNever(event);
  }
}

function onUserState(state: SerfState, bytes: Uint8Array, join: boolean, now: Millis): void {
  if (bytes.length === 0) return;
  const remote = state.config.codec.decode(bytes);
  if (remote.ok && remote.value.kind === "pushPull") mergeUserState(state, remote.value, join, now);
  else state.refusedCount++;
}

/** A message from the pool. News is passed on with the very bytes that came. */
function onUserMessage(state: SerfState, payload: Uint8Array, now: Millis): void {
  const message = state.config.codec.decode(payload);
  if (message.ok) onMessage(state, message.value, payload, now);
  else state.refusedCount++;
}

function onMessage(state: SerfState, message: SerfMessage, payload: Uint8Array, now: Millis): void {
  switch (message.kind) {
    case "join":
      if (onJoinIntent(state, message, now)) spreadIntent(state, payload);
      return;
    case "leave":
      if (onLeaveIntent(state, message, now)) spreadIntent(state, payload);
      return;
    case "userEvent":
      if (onUserEvent(state, message)) spreadUserEvent(state, payload);
      return;
    case "query":
      if (onQuery(state, message, now)) spreadQuery(state, payload);
      return;
    case "queryResponse":
      onQueryResponse(state, message);
      return;
    case "relay":
      onRelay(state, message.to, message.inner);
      return;
    case "pushPull":
      state.refusedCount++; // only ever half of an exchange
      return;
    default:
      assertNever(message);
  }
}

function spreadIntent(state: SerfState, payload: Uint8Array): void {
  state.outbox.gossip.push({ kind: "broadcast", priority: "intent", payload, token: null });
}

function setTags(state: SerfState, tags: Tags): void {
  const meta = state.config.codec.encodeTags(tags);
  if (meta.length > limits.gossipMetaBytesMax) {
    state.outbox.refused = `Encoded length of tags exceeds limit of ${limits.gossipMetaBytesMax} bytes`;
    return;
  }
  const self = state.members.get(state.config.name);
  if (self !== undefined) {
    const member = { ...self, meta, tags };
    state.members.set(self.name, member);
    emit(state, { kind: "memberUpdate", member });
  }
  state.outbox.gossip.push({ kind: "meta", meta });
}

function onWake(state: SerfState, now: Millis): void {
  const { config } = state;
  closeDueQueries(state, now);
  expireOpenQueries(state, now);
  onLeaveDue(state, now);
  if (state.reapAt <= now) {
    state.reapAt = now + config.reapIntervalMillis;
    reap(state, now);
  }
  if (state.reconnectAt <= now) {
    state.reconnectAt = now + config.reconnectIntervalMillis;
    if (state.leaving === null) reconnect(state);
  }
}

/** Alone and without a question there is nothing to wait for. */
function wakeAt(state: SerfState): Millis | null {
  const { leaving } = state;
  let earliest =
    state.members.size > 1 || state.intents.size > 0 ? Math.min(state.reapAt, state.reconnectAt) : null;
  const consider = (due: Millis) => {
    if (earliest === null || due < earliest) earliest = due;
  };
  for (const query of state.ownQueries.values()) consider(query.deadline);
  if (leaving !== null && leaving.stage !== "left") consider(leaving.until);
  return earliest;
}
