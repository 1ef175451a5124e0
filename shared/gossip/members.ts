// The merge rules: what alive, suspect and dead do to the member table (SWIM section 4.2, memberlist's left state and
// address rules). "We" are refuted in members that accuse us.

import type { Millis } from "../base/brand.ts";
import { limits } from "../limits.ts";
import { adjustHealth } from "./awareness.ts";
import { goodbyeToken, ownNews, spreadNews } from "./dissemination.ts";
import { eachMember, findMember, memberCount, putMember } from "./member-table.ts";
import { utf8Bytes } from "./message-size.ts";
import { type GossipState, selfOf } from "./state.ts";
import { beginSuspicion, confirmSuspicion, type Suspicion } from "./suspicion.ts";
import type { Alive, Dead, GossipAddress, Member, NodeName, Suspect } from "./types.ts";

/** alive(n, inc): a member, new or known, says that it is there. */
export function onAlive(state: GossipState, alive: Alive, now: Millis): void {
  const { config } = state;
  const isSelf = alive.node === config.name;
  if (isSelf && state.leaving) return;
  const refusal =
    isSelf || !isSound(alive)
      ? null
      : (versionsRefusal(config.versions, alive) ?? config.admit.member(alive));
  if (!isSound(alive) || refusal !== null) {
    refuse(state, refusal);
    return;
  }
  const known = findMember(state.members, alive.node);
  if (known === undefined) {
    const isFull = memberCount(state.members) >= limits.gossipMembersMax;
    if (isFull || alive.incarnation > limits.gossipIncarnationFirstMax) refuse(state, null);
    else accept(state, unknownMember(alive, now), alive, now);
    return;
  }
  if (jumps(known, alive.incarnation)) {
    refuse(state, null);
    return;
  }
  const moves = !sameAddress(known.address, alive.address);
  if (moves && !mayMove(state, known, now)) {
    state.outbox.events.push({ kind: "conflict", existing: known, other: alive });
    return;
  }
  if (isSelf) onOwnName(state, known, alive);
  else if (moves || alive.incarnation > known.incarnation) accept(state, known, alive, now);
}

/** suspect(n, inc, from): somebody got no answer from n. */
export function onSuspect(state: GossipState, suspect: Suspect, now: Millis): void {
  const known = findMember(state.members, suspect.node);
  if (known === undefined || suspect.incarnation < known.incarnation) return;
  if (jumps(known, suspect.incarnation)) {
    refuse(state, null);
    return;
  }
  const suspicion = state.suspicions.get(suspect.node);
  if (suspicion !== undefined) {
    const confirmed = confirmSuspicion(suspicion, suspect.from);
    if (confirmed === null) return;
    setSuspicion(state, suspect.node, confirmed);
    spreadNews(state, suspect);
    return;
  }
  if (known.state !== "alive") return;
  if (suspect.node === state.config.name) {
    refute(state, suspect.incarnation);
    return;
  }
  const { incarnation } = suspect;
  putMember(state.members, { ...known, incarnation, state: "suspect", stateChangedAt: now });
  const count = memberCount(state.members);
  setSuspicion(state, known.name, beginSuspicion(state.config, count, suspect.from, incarnation, now));
  spreadNews(state, suspect);
  state.counters.suspicions += 1;
}

/** dead(n, inc, from): n failed, or, when it says so itself, left. */
export function onDead(state: GossipState, dead: Dead, now: Millis): void {
  const known = findMember(state.members, dead.node);
  if (known === undefined || dead.incarnation < known.incarnation) return;
  if (jumps(known, dead.incarnation)) {
    refuse(state, null);
    return;
  }
  endSuspicion(state, dead.node);
  if (known.state === "dead" || known.state === "left") return;
  if (dead.node === state.config.name) refute(state, dead.incarnation);
  else bury(state, known, dead, null, now);
}

/** Suspicions that nobody refuted in time become deaths. */
export function onSuspicionsDue(state: GossipState, now: Millis): void {
  const { name: self } = state.config;
  const due = [...state.suspicions].filter(([, suspicion]) => suspicion.endsAt <= now);
  for (const [node, { incarnation }] of due) {
    state.counters.declaredDead += 1;
    onDead(state, { kind: "dead", node, incarnation, from: self }, now);
  }
  state.suspicionsDueAt = earliestEnd(state.suspicions);
}

/** Says goodbye. Without anybody to hear it we have left at once. */
export function leave(state: GossipState, now: Millis): void {
  if (state.leaving) return;
  state.leaving = true;
  const self = selfOf(state);
  const { name, incarnation } = self;
  const someone = [...eachMember(state.members)].some(
    (member) => member.name !== name && (member.state === "alive" || member.state === "suspect"),
  );
  const goodbye: Dead = { kind: "dead", node: name, incarnation, from: name };
  bury(state, self, goodbye, someone ? goodbyeToken : null, now);
  if (!someone) state.outbox.events.push({ kind: "left" });
}

/** Announces new tags of our own under a higher incarnation. */
export function setOwnMeta(state: GossipState, meta: Uint8Array): void {
  const self = selfOf(state);
  if (state.leaving) return;
  const member = { ...self, meta, incarnation: self.incarnation + 1 };
  putMember(state.members, member);
  spreadNews(state, ownNews(state));
  if (!sameBytes(self.meta, meta)) state.outbox.events.push({ kind: "update", member });
}

function accept(state: GossipState, before: Member, alive: Alive, now: Millis): void {
  endSuspicion(state, alive.node);
  const { address, meta, incarnation } = alive;
  const versions = alive.versions.length >= 6 ? alive.versions : before.versions;
  const stateChangedAt = before.state === "alive" ? before.stateChangedAt : now;
  const member: Member = { ...before, address, meta, versions, incarnation, state: "alive", stateChangedAt };
  putMember(state.members, member);
  spreadNews(state, alive);
  if (before.state === "dead" || before.state === "left") state.outbox.events.push({ kind: "join", member });
  else if (!sameBytes(before.meta, meta)) state.outbox.events.push({ kind: "update", member });
}

function bury(state: GossipState, known: Member, dead: Dead, token: number | null, now: Millis): void {
  const left = dead.from === dead.node;
  const { incarnation } = dead;
  const member: Member = { ...known, incarnation, state: left ? "left" : "dead", stateChangedAt: now };
  putMember(state.members, member);
  spreadNews(state, dead, token);
  state.outbox.events.push({ kind: "leave", member });
}

/** What others say of us is an echo, or it is overruled: they may remember an earlier life of ours. */
function onOwnName(state: GossipState, self: Member, alive: Alive): void {
  if (alive.incarnation < self.incarnation) return;
  const isEcho =
    alive.incarnation === self.incarnation &&
    sameBytes(alive.meta, self.meta) &&
    sameBytes(alive.versions, self.versions);
  if (!isEcho) refute(state, alive.incarnation);
}

/** Somebody says what is not true of us: a higher incarnation overrules it. Being accused, we may well be slow. */
function refute(state: GossipState, accused: number): void {
  const self = selfOf(state);
  const incarnation = Math.max(self.incarnation, accused) + 1;
  putMember(state.members, { ...self, incarnation });
  state.healthScore = adjustHealth(state.healthScore, 1, state.config.awarenessMax);
  state.counters.refutations += 1;
  spreadNews(state, ownNews(state));
}

function refuse(state: GossipState, reason: string | null): void {
  state.counters.refused += 1;
  if (reason !== null) state.outbox.events.push({ kind: "refused", reason });
}

function unknownMember(alive: Alive, now: Millis): Member {
  const { node: name, address, meta } = alive;
  const versions = new Uint8Array(6);
  return { name, address, meta, versions, incarnation: 0, state: "dead", stateChangedAt: now };
}

/** 32 bits on the wire; one is kept for a last refutation. */
const incarnationMax = 0xffff_fffe;

/**
 * An incarnation that no life of this member can have reached since we heard of it. One forged message with the
 * highest number would otherwise bury a member for good: it cannot refute, and the others keep telling each other.
 */
function jumps(known: Member, incarnation: number): boolean {
  return incarnation > known.incarnation + limits.gossipIncarnationJumpMax;
}

/** What no sane peer sends. The address may be odd: it is stored, and dialling it fails. */
function isSound({ node, meta, versions, incarnation, address }: Alive): boolean {
  const [least = 0, most = 0] = versions;
  if (versions.length >= 3 && (least === 0 || most === 0 || least > most)) return false;
  const isSized = node !== "" && utf8Bytes(node) <= limits.gossipNameBytesMax;
  const isShort = meta.length <= limits.gossipForeignMetaBytesMax && versions.length <= 16;
  return isSized && isShort && address.ip.length <= 16 && incarnation <= incarnationMax;
}

/**
 * Who does not understand us, or we it, is no member. As one it would end every state exchange and join of all others
 * (push-pull.ts), and one forged message could make it one.
 */
function versionsRefusal(own: Uint8Array, { node, versions }: Alive): string | null {
  if (versions.length < 6) return null;
  for (const [what, at] of [["protocol", 0] as const, ["delegate protocol", 3] as const]) {
    const [least = 0, most = 0, spoken = 0] = versions.slice(at);
    const [ownLeast = 0, ownMost = 0, ownSpoken = 0] = own.slice(at);
    if (spoken < ownLeast || spoken > ownMost || ownSpoken < least || ownSpoken > most)
      return `${node}: ${what} ${spoken} of ${least} to ${most} does not fit ours, ${ownSpoken} of ${ownLeast} to ${ownMost}`;
  }
  return null;
}

/** A name may come back elsewhere at once after it left, and some time after it died. */
function mayMove(state: GossipState, known: Member, now: Millis): boolean {
  const { deadNodeReclaimMillis: reclaim } = state.config;
  if (known.name === state.config.name) return false;
  if (known.state === "left") return true;
  return known.state === "dead" && reclaim > 0 && now - known.stateChangedAt > reclaim;
}

function setSuspicion(state: GossipState, node: NodeName, suspicion: Suspicion): void {
  state.suspicions.set(node, suspicion);
  state.suspicionsDueAt = Math.min(state.suspicionsDueAt ?? Number.POSITIVE_INFINITY, suspicion.endsAt);
}

function endSuspicion(state: GossipState, node: NodeName): void {
  if (state.suspicions.delete(node) && state.suspicions.size === 0) state.suspicionsDueAt = null;
}

/** Time in which we did not listen does not count against anybody. */
export function prolongSuspicions(state: GossipState, millis: Millis): void {
  for (const [node, suspicion] of state.suspicions)
    state.suspicions.set(node, { ...suspicion, endsAt: suspicion.endsAt + millis });
  state.suspicionsDueAt = earliestEnd(state.suspicions);
}

function earliestEnd(suspicions: ReadonlyMap<NodeName, Suspicion>): Millis | null {
  let earliest: Millis | null = null;
  for (const { endsAt } of suspicions.values()) {
    if (earliest === null || endsAt < earliest) earliest = endsAt;
  }
  return earliest;
}

export function sameAddress(one: GossipAddress, other: GossipAddress): boolean {
  return one.port === other.port && sameBytes(one.ip, other.ip);
}

export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one === other) return true;
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
