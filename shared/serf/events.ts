// User events: fired once, delivered once to everybody who is there. Source: reference/gossip-protocol.md section 11.6.

import { sameBytes } from "../base/bytes.ts";
import { limits } from "../limits.ts";
import { witness } from "./lamport.ts";
import { emit, type SerfState } from "./state.ts";
import type { LamportTime, UserEventMessage } from "./types.ts";

const slots = limits.serfEventBufferSlots;

/** Fires an event: delivered here at once, spread to all. Refused when it is larger than the setting allows. */
export function fireUserEvent(
  state: SerfState,
  name: string,
  payload: Uint8Array | null,
  coalesce: boolean,
): void {
  const { codec, userEventBytesMax } = state.config;
  const plainBytes = new TextEncoder().encode(name).length + (payload?.length ?? 0);
  if (plainBytes > userEventBytesMax) {
    state.outbox.refused = `user event exceeds configured limit of ${userEventBytesMax} bytes before encoding`;
    return;
  }
  const message: UserEventMessage = { kind: "userEvent", time: state.eventClock, name, payload, coalesce };
  const bytes = codec.encode(message);
  if (bytes.length > userEventBytesMax) {
    state.outbox.refused = `encoded user event exceeds configured limit of ${userEventBytesMax} bytes after encoding`;
    return;
  }
  state.eventClock++;
  if (onUserEvent(state, message)) spreadUserEvent(state, bytes);
}

/** Passes an event on as it came. */
export function spreadUserEvent(state: SerfState, payload: Uint8Array): void {
  state.outbox.gossip.push({ kind: "broadcast", priority: "event", payload, token: null });
}

/** Takes an event; true when it is news. */
export function onUserEvent(state: SerfState, message: UserEventMessage): boolean {
  const { time, name, payload, coalesce } = message;
  state.eventClock = witness(state.eventClock, time);
  if (time < state.eventTimeMin || isTooOld(state.eventClock, time)) return false;
  const slot = state.events[time % slots] ?? null;
  if (slot !== null && slot.time > time) return false;
  const seen = slot !== null && slot.time === time ? slot.events : [];
  const duplicate = seen.some((event) => event.name === name && samePayload(event.payload, payload));
  if (duplicate) return false;
  if (seen.length >= limits.serfEventsPerTimeMax) {
    state.refusedCount++;
    return false;
  }
  state.events[time % slots] = { time, events: [...seen, { name, payload }] };
  state.outbox.remember = true;
  emit(state, { kind: "userEvent", time, name, payload, coalesce });
  return true;
}

/** A time so old that its slot may have been used again: whether it was seen cannot be told any more. */
export function isTooOld(clock: LamportTime, time: LamportTime): boolean {
  return clock > slots && time < clock - slots;
}

function samePayload(left: Uint8Array | null, right: Uint8Array | null): boolean {
  return sameBytes(left ?? new Uint8Array(0), right ?? new Uint8Array(0));
}
