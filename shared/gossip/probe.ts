// One probe at a time (SWIM section 4.1, Lifeguard section IV.A): ping directly; then through others and over a
// stream; who has answered none of it by the end is suspected.

import type { Millis } from "../base/brand.ts";
import { limits } from "../limits.ts";
import { adjustHealth, failedProbeDelta, scaleByHealth } from "./awareness.ts";
import { protocolMax, sendChecked, sendPlain, sendWithNews } from "./dissemination.ts";
import {
  dropMembers,
  eachMember,
  findMember,
  memberAt,
  memberCount,
  newRandomWalk,
  nextSlot,
  pickMembers,
} from "./member-table.ts";
import { onSuspect, sameAddress } from "./members.ts";
import { deathRememberedMillis } from "./scaling.ts";
import { draw, type GossipState, nextSequence, type Probe, selfOf } from "./state.ts";
import type { Ack, GossipAddress, IndirectPing, Member, Nack, Ping, PingSource } from "./types.ts";

const streamPingProtocol = 3;
const nackProtocol = 4;
/** A nack that leaves when the time is up comes too late to count: it leaves at 80 % (Lifeguard section IV.A). */
const nackShare = 0.8;

/** The next member of the round is probed; at the end of a round the long dead are forgotten. */
export function onProbeDue(state: GossipState, now: Millis): void {
  if (state.probe !== null) return;
  const { config } = state;
  state.probeDueAt = now + config.probeIntervalMillis;
  const target = nextTarget(state, now);
  if (target === null) return;
  const sequence = nextSequence(state);
  state.probe = {
    sequence,
    target: target.name,
    sentAt: now,
    askOthersAt: now + config.probeTimeoutMillis,
    endsAt: now + scaleByHealth(config.probeIntervalMillis, state.healthScore),
    othersAsked: false,
    nacksExpected: 0,
    nacksReceived: 0,
  };
  state.counters.probes += 1;
  const ping: Ping = { kind: "ping", sequence, node: target.name, source: ourselves(state) };
  if (target.state === "suspect" && config.buddy) {
    // Buddy system: tell it, so that it can refute at once.
    const { name: node, incarnation } = target;
    sendChecked(state, target, [ping, { kind: "suspect", node, incarnation, from: config.name }]);
  } else {
    sendWithNews(state, target.address, ping);
  }
}

/** The probe under way has waited long enough for its next stage, or for its end. */
export function onProbeDeadline(state: GossipState, probe: Probe, now: Millis): void {
  const target = findMember(state.members, probe.target);
  if (target === undefined) {
    endProbe(state, now);
    return;
  }
  if (now < probe.endsAt) {
    if (!probe.othersAsked) askOthers(state, probe, target, now);
    return;
  }
  state.counters.probesFailed += 1;
  const delta = failedProbeDelta(probe.nacksExpected, probe.nacksReceived);
  state.healthScore = adjustHealth(state.healthScore, delta, state.config.awarenessMax);
  endProbe(state, now);
  const { name: node, incarnation } = target;
  onSuspect(state, { kind: "suspect", node, incarnation, from: state.config.name }, now);
}

/** The probe under way is given up without a verdict: we have not been there to hear the answer. */
export function onStall(state: GossipState, now: Millis): void {
  state.counters.stalls += 1;
  state.healthScore = adjustHealth(state.healthScore, 1, state.config.awarenessMax);
  if (state.probe !== null) endProbe(state, now);
}

/** When the probe under way needs us again. */
export function probeDeadline(probe: Probe): Millis {
  return probe.othersAsked ? probe.endsAt : Math.min(probe.askOthersAt, probe.endsAt);
}

export function onPing(state: GossipState, ping: Ping, from: GossipAddress): void {
  if (ping.node !== "" && ping.node !== state.config.name) return;
  const ack: Ack = { kind: "ack", sequence: ping.sequence, payload: state.ackPayload };
  reply(state, ping.source, from, ack);
}

/** Pings somebody for somebody else. */
export function onIndirectPing(
  state: GossipState,
  request: IndirectPing,
  from: GossipAddress,
  now: Millis,
): void {
  if (state.relays.size >= limits.gossipRelaysMax) {
    state.counters.refused += 1;
    return;
  }
  const { probeTimeoutMillis } = state.config;
  const sequence = nextSequence(state);
  state.relays.set(sequence, {
    requester: request.source?.address ?? from,
    sequence: request.sequence,
    nackAt: request.nack ? now + probeTimeoutMillis * nackShare : null,
    endsAt: now + probeTimeoutMillis,
  });
  const ping: Ping = { kind: "ping", sequence, node: request.node, source: ourselves(state) };
  const { ip, port } = request.target;
  const to = port === 0 ? { ip, port: state.config.address.port } : request.target;
  const known = findMember(state.members, request.node);
  if (known !== undefined && sameAddress(known.address, to)) sendWithNews(state, to, ping);
  else sendPlain(state, to, [ping]);
}

export function onAck(state: GossipState, ack: Ack, now: Millis): void {
  const { probe } = state;
  if (probe !== null && probe.sequence === ack.sequence) {
    const member = findMember(state.members, probe.target);
    if (member !== undefined && now <= probe.askOthersAt && !probe.othersAsked) {
      const roundTripMillis = now - probe.sentAt;
      state.outbox.events.push({ kind: "pinged", member, roundTripMillis, payload: ack.payload });
    }
    probeSucceeded(state, now);
    return;
  }
  const relay = state.relays.get(ack.sequence);
  if (relay === undefined) return;
  state.relays.delete(ack.sequence);
  const relayed: Ack = { kind: "ack", sequence: relay.sequence, payload: new Uint8Array(0) };
  sendPlain(state, relay.requester, [relayed]);
}

export function onNack(state: GossipState, nack: Nack): void {
  if (state.probe?.sequence !== nack.sequence) return;
  state.probe.nacksReceived = Math.min(state.probe.nacksReceived + 1, state.probe.nacksExpected);
}

export function onStreamPinged(state: GossipState, sequence: number, ok: boolean, now: Millis): void {
  if (state.probe?.sequence !== sequence || !ok) return;
  state.counters.probesSavedByStream += 1;
  probeSucceeded(state, now);
}

/** Relays whose ping stays unanswered: a nack to those who want one, then they are forgotten. */
export function onRelaysDue(state: GossipState, now: Millis): void {
  for (const [sequence, relay] of state.relays) {
    if (relay.nackAt !== null && relay.nackAt <= now) {
      relay.nackAt = null;
      const nack: Nack = { kind: "nack", sequence: relay.sequence };
      sendPlain(state, relay.requester, [nack]);
    }
    if (relay.endsAt <= now) state.relays.delete(sequence);
  }
}

/** When the next relay needs us. */
export function relaysDueAt(state: GossipState): Millis | null {
  let earliest: Millis | null = null;
  for (const { nackAt, endsAt } of state.relays.values()) {
    const dueAt = nackAt ?? endsAt;
    if (earliest === null || dueAt < earliest) earliest = dueAt;
  }
  return earliest;
}

/** The answer to a ping over a stream; null when somebody else is meant. */
export function answerStreamPing(state: GossipState, ping: Ping): Ack | null {
  if (ping.node !== "" && ping.node !== state.config.name) return null;
  return { kind: "ack", sequence: ping.sequence, payload: new Uint8Array(0) };
}

function askOthers(state: GossipState, probe: Probe, target: Member, now: Millis): void {
  const { config } = state;
  probe.othersAsked = true;
  const { picked, seed } = pickMembers(
    state.members,
    config.indirectChecks,
    state.random,
    (member) => member.state === "alive" && member.name !== config.name && member.name !== target.name,
  );
  state.random = seed;
  const source = ourselves(state);
  const { name: node, address } = target;
  for (const relay of picked) {
    const nack = config.nacks && protocolMax(relay) >= nackProtocol;
    if (nack) probe.nacksExpected += 1;
    sendWithNews(state, relay.address, {
      kind: "indirectPing",
      sequence: probe.sequence,
      target: address,
      node,
      nack,
      source,
    });
  }
  if (!config.streamPing || protocolMax(target) < streamPingProtocol || now >= probe.endsAt) return;
  const ping: Ping = { kind: "ping", sequence: probe.sequence, node, source };
  state.outbox.streamPings.push({ to: target, ping, until: probe.endsAt });
}

function probeSucceeded(state: GossipState, now: Millis): void {
  state.healthScore = adjustHealth(state.healthScore, -1, state.config.awarenessMax);
  endProbe(state, now);
}

/** The next probe starts on its tick, or now when that has passed. */
function endProbe(state: GossipState, now: Millis): void {
  state.probe = null;
  if (state.probeDueAt !== null && state.probeDueAt < now) state.probeDueAt = now;
}

/** Those that we are in contact with hear our news with the answer; strangers, whose address may be forged, do not. */
function reply(state: GossipState, source: PingSource | null, from: GossipAddress, ack: Ack): void {
  const to = source === null || source.address.port === 0 ? from : source.address;
  const known = source === null ? undefined : findMember(state.members, source.node);
  if (known !== undefined && sameAddress(known.address, to)) sendWithNews(state, to, ack);
  else sendPlain(state, to, [ack]);
}

function ourselves(state: GossipState): PingSource {
  return { node: state.config.name, address: selfOf(state).address };
}

function nextTarget(state: GossipState, now: Millis): Member | null {
  // Twice the count: what is left of this round, and all of the next.
  for (let checks = 2 * memberCount(state.members); checks > 0; checks -= 1) {
    const slot = nextSlot(state.walk, memberCount(state.members), draw(state));
    if (slot === null) {
      beginRound(state, now);
      continue;
    }
    const member = memberAt(state.members, slot);
    const isThere = member.state === "alive" || member.state === "suspect";
    if (isThere && member.name !== state.config.name) return member;
  }
  return null;
}

/** A new round; those who are long dead are forgotten, and sooner where they outnumber the living (scaling.ts). */
function beginRound(state: GossipState, now: Millis): void {
  const { config, members } = state;
  const { gossipToTheDeadMillis, pushPullIntervalMillis, name } = config;
  state.walk = newRandomWalk();
  let gone = 0;
  for (const member of eachMember(members)) if (isGone(member)) gone += 1;
  if (gone === 0) return;
  const remembered = deathRememberedMillis(pushPullIntervalMillis, memberCount(members));
  const longest =
    2 * gone > memberCount(members) ? gossipToTheDeadMillis : Math.max(gossipToTheDeadMillis, remembered);
  dropMembers(
    members,
    (member) => isGone(member) && member.name !== name && now - member.stateChangedAt > longest,
  );
}

function isGone({ state }: Member): boolean {
  return state === "dead" || state === "left";
}
