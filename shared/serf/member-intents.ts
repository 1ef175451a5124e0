// Members as serf sees them: what the membership core reports, ordered by the intents that members announce. A death
// that was announced is "left", any other is "failed". Source: reference/gossip-protocol.md sections 11.3–11.5, 11.12.

import type { Millis } from "../base/brand.ts";
import { forgetPeer } from "../coordinate/client.ts";
import type { Member, NodeName } from "../gossip/types.ts";
import { limits } from "../limits.ts";
import { witness } from "./lamport.ts";
import { type BufferedIntent, draw, emit, membersWith, type SerfState } from "./state.ts";
import type { JoinIntent, LeaveIntent, SerfMember } from "./types.ts";

function put(state: SerfState, member: SerfMember): SerfMember {
  state.members.set(member.name, member);
  return member;
}

// ---- what the membership core reports

/** A member is here: new, or back. */
export function onMemberJoin(state: SerfState, reported: Member): void {
  const { name, address, meta, versions } = reported;
  const known = state.members.get(name);
  const intent = known === undefined ? state.intents.get(name) : undefined;
  state.intents.delete(name);
  const member = put(state, {
    name,
    address,
    meta,
    tags: state.config.codec.decodeTags(meta),
    // It announced its leave before we heard of it.
    status: intent?.kind === "leave" ? "leaving" : "alive",
    statusTime: intent?.time ?? known?.statusTime ?? 0,
    versions,
    leftAt: 0,
    prune: false,
  });
  state.outbox.remember = true;
  emit(state, { kind: "memberJoin", member });
}

/** A member is gone. Whether it left or failed is decided by what it announced. */
export function onMemberGone(state: SerfState, reported: Member, now: Millis): void {
  const known = state.members.get(reported.name);
  if (known === undefined) return;
  if (known.status === "leaving") {
    const member = put(state, { ...known, status: "left", leftAt: now });
    emit(state, { kind: "memberLeave", member });
    if (member.prune) erase(state, member);
  } else if (known.status === "alive") {
    emit(state, { kind: "memberFailed", member: put(state, { ...known, status: "failed", leftAt: now }) });
  } else return;
  state.outbox.remember = true;
}

/** A member has other tags. */
export function onMemberUpdate(state: SerfState, reported: Member): void {
  const known = state.members.get(reported.name);
  if (known === undefined) return;
  const { address, meta, versions } = reported;
  const tags = state.config.codec.decodeTags(meta);
  emit(state, { kind: "memberUpdate", member: put(state, { ...known, address, meta, tags, versions }) });
}

// ---- what members announce

/** Takes a join intent; true when it is news, which is passed on. */
export function onJoinIntent(state: SerfState, intent: JoinIntent, now: Millis): boolean {
  state.clock = witness(state.clock, intent.time);
  const known = state.members.get(intent.node);
  if (known === undefined) return bufferIntent(state, intent, now);
  if (intent.time <= known.statusTime) return false;
  const status = known.status === "leaving" ? "alive" : known.status;
  put(state, { ...known, status, statusTime: intent.time });
  return true;
}

/**
 * Takes a leave intent; true when it is news, which is passed on. A member never joins and leaves at one logical time:
 * a time that is known already came with a serf's push/pull, which does not say that the member is leaving.
 */
export function onLeaveIntent(state: SerfState, intent: LeaveIntent, now: Millis): boolean {
  state.clock = witness(state.clock, intent.time);
  const known = state.members.get(intent.node);
  if (known === undefined) return bufferIntent(state, intent, now);
  const stays = known.status === "alive" || known.status === "failed";
  if (intent.time < known.statusTime || (intent.time === known.statusTime && !stays)) return false;
  if (intent.node === state.config.name && state.leaving === null) {
    announceJoin(state, now); // we are here: whoever said so was wrong, or speaks of an earlier life of ours
    return false;
  }
  const member = { ...known, statusTime: intent.time, prune: known.prune || intent.prune };
  if (known.status === "alive") {
    put(state, { ...member, status: "leaving" });
  } else if (known.status === "failed") {
    emit(state, { kind: "memberLeave", member: put(state, { ...member, status: "left", leftAt: now }) });
    state.outbox.remember = true;
  } else put(state, member);
  const after = state.members.get(intent.node);
  if (intent.prune && after?.status === "left") erase(state, after);
  return true;
}

/** An intent about somebody unknown waits for the member; the newest counts. */
function bufferIntent(state: SerfState, intent: JoinIntent | LeaveIntent, now: Millis): boolean {
  const known = state.intents.get(intent.node);
  if (known !== undefined && !isNewer(intent, known)) return false;
  if (known === undefined && state.intents.size >= limits.serfIntentsMax) {
    state.refusedCount++;
    return false;
  }
  const expiresAt = now + state.config.intentTimeoutMillis;
  state.intents.set(intent.node, { kind: intent.kind, time: intent.time, expiresAt });
  return true;
}

/** Of the same time a leave counts more than a join, as above. */
function isNewer(intent: JoinIntent | LeaveIntent, known: BufferedIntent): boolean {
  if (intent.time !== known.time) return intent.time > known.time;
  return intent.kind === "leave" && known.kind === "join";
}

/** Tells everybody that we are here to stay. */
export function announceJoin(state: SerfState, now: Millis): void {
  const intent: JoinIntent = { kind: "join", time: state.clock, node: state.config.name };
  onJoinIntent(state, intent, now);
  broadcastIntent(state, intent, null);
}

/** Tells everybody that a member leaves: we ourselves, or one that failed and is given up. */
export function announceLeave(
  state: SerfState,
  node: NodeName,
  prune: boolean,
  token: number | null,
  now: Millis,
): void {
  const intent: LeaveIntent = { kind: "leave", time: state.clock, node, prune };
  state.clock++;
  onLeaveIntent(state, intent, now);
  broadcastIntent(state, intent, token);
}

function broadcastIntent(state: SerfState, intent: JoinIntent | LeaveIntent, token: number | null): void {
  const payload = state.config.codec.encode(intent);
  state.outbox.gossip.push({ kind: "broadcast", priority: "intent", payload, token });
}

// ---- forgetting and coming back

/** Forgets a member: it is told as reaped. */
export function erase(state: SerfState, member: SerfMember): void {
  state.members.delete(member.name);
  state.peerCoordinates.delete(member.name);
  state.coordinates = forgetPeer(state.coordinates, member.name);
  state.outbox.remember = true;
  emit(state, { kind: "memberReap", member });
}

/** Forgets whoever has been gone for too long, and intents that nobody came for. */
export function reap(state: SerfState, now: Millis): void {
  const { reconnectTimeoutMillis, tombstoneTimeoutMillis } = state.config;
  for (const member of [...state.members.values()]) {
    const timeout = member.status === "failed" ? reconnectTimeoutMillis : tombstoneTimeoutMillis;
    const gone = member.status === "failed" || member.status === "left";
    if (gone && now - member.leftAt > timeout) erase(state, member);
  }
  for (const [name, intent] of state.intents) {
    if (intent.expiresAt <= now) state.intents.delete(name);
  }
}

/** Tries one of the failed, as often as there are many of them beside the living: nobody is hammered. */
export function reconnect(state: SerfState): void {
  const failed = membersWith(state, "failed");
  if (failed.length === 0) return;
  const alive = Math.max(1, membersWith(state, "alive").length);
  if (draw(state) > failed.length / alive) return;
  const member = failed[Math.floor(draw(state) * failed.length)];
  if (member !== undefined) state.outbox.reconnects.push({ name: member.name, address: member.address });
}
