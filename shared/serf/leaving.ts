// Leaving in order: tell that we intend to, then say goodbye, then answer pings until the goodbye has gone round.
// The two messages must not share a packet: receivers take the last one first, and a goodbye without an intent before
// it is a failure. Source: reference/gossip-protocol.md section 11.5.

import type { Millis } from "../base/brand.ts";
import { announceLeave } from "./member-intents.ts";
import { emit, hasAliveOthers, type SerfState } from "./state.ts";

/** Begins; again is no error. */
export function beginLeave(state: SerfState, now: Millis): void {
  if (state.leaving !== null) return;
  const token = state.nextToken++;
  const heard = hasAliveOthers(state);
  state.leaving = { stage: "intent", until: now + state.config.broadcastTimeoutMillis, token };
  state.outbox.remember = true;
  announceLeave(state, state.config.name, false, token, now);
  if (!heard) sayGoodbye(state, now);
}

/** A broadcast that somebody waits for has gone out. */
export function onTransmitted(state: SerfState, token: number, now: Millis): void {
  if (state.leaving?.stage === "intent" && state.leaving.token === token) sayGoodbye(state, now);
}

function sayGoodbye(state: SerfState, now: Millis): void {
  state.leaving = { stage: "goodbye", until: now + state.config.broadcastTimeoutMillis, token: -1 };
  state.outbox.gossip.push({ kind: "leave" });
}

/** The goodbye has gone out. */
export function onGoodbyeSent(state: SerfState, now: Millis): void {
  if (state.leaving?.stage !== "goodbye") return;
  const linger = hasAliveOthers(state) ? state.config.leavePropagateMillis : 0;
  if (linger === 0) finish(state);
  else state.leaving = { stage: "linger", until: now + linger, token: -1 };
}

/** What waited too long goes on without an answer. */
export function onLeaveDue(state: SerfState, now: Millis): void {
  const { leaving } = state;
  if (leaving === null || leaving.stage === "left" || leaving.until > now) return;
  if (leaving.stage === "intent") sayGoodbye(state, now);
  else if (leaving.stage === "goodbye") onGoodbyeSent(state, now);
  else finish(state);
}

function finish(state: SerfState): void {
  const self = state.members.get(state.config.name);
  if (self !== undefined) state.members.set(self.name, { ...self, status: "left" });
  state.leaving = { stage: "left" };
  emit(state, { kind: "left" });
}
