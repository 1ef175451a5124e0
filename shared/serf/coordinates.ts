// Network coordinates ride in the answers to direct pings: ours out, a sample and the other's in.
// Source: reference/gossip-protocol.md section 12; arithmetic: shared/coordinate.

import type { Millis } from "../base/brand.ts";
import { observe } from "../coordinate/client.ts";
import type { NodeName } from "../gossip/types.ts";
import type { SerfState } from "./state.ts";

/** What our acks are to carry now. */
export function announceCoordinate(state: SerfState): void {
  const payload = state.config.codec.encodeAckPayload(state.coordinates.coordinate);
  state.outbox.gossip.push({ kind: "ackPayload", payload });
}

/** A member has answered; what cannot be believed changes nothing. */
export function onPinged(
  state: SerfState,
  name: NodeName,
  roundTripMillis: Millis,
  payload: Uint8Array,
): void {
  const other = state.config.codec.decodeAckPayload(payload);
  if (!other.ok || !state.members.has(name)) return;
  const moved = observe(state.coordinates, name, other.value, roundTripMillis / 1_000);
  if (moved === null) return;
  state.coordinates = moved;
  state.peerCoordinates.set(name, other.value);
  announceCoordinate(state);
}
