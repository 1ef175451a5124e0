// Spreading: filling packets with broadcasts, and the gossip tick that sends them without waiting for a ping.

import type { Millis } from "../base/brand.ts";
import { limits } from "../limits.ts";
import { type BroadcastQueue, enqueue, takeBroadcasts } from "./broadcasts.ts";
import { memberCount, pickMembers } from "./member-table.ts";
import { messageSize } from "./message-size.ts";
import { retransmitLimit } from "./scaling.ts";
import { selfOf, type GossipState } from "./state.ts";
import type {
  Alive,
  BroadcastPriority,
  Dead,
  GossipAddress,
  Member,
  PacketMessage,
  Suspect,
} from "./types.ts";

/** Type byte and count of a compound, and the length that each part has in it. */
const compoundHeadBytes = 2;
const compoundPartBytes = 2;
const compoundPartsMax = 255;
const checksumProtocol = 5;

/** The token of our own goodbye. Those of the layer above are its own and never negative. */
export const goodbyeToken = -1;

/** memberlist's highest protocol that a member understands; features are chosen by it. */
export function protocolMax(member: Member): number {
  return member.versions[1] ?? 0;
}

/** Spreads news about a member; older news about it is dropped. */
export function spreadNews(
  state: GossipState,
  message: Alive | Suspect | Dead,
  token: number | null = null,
): void {
  const finished: number[] = [];
  const news = { message, size: messageSize(message), about: message.node, token };
  enqueue(state.membership, news, limits.gossipMembersMax, finished);
  report(state, finished);
}

/** Spreads a message of the layer above; one that fits no packet is dropped. */
export function spreadUserMessage(
  state: GossipState,
  priority: BroadcastPriority,
  payload: Uint8Array,
  token: number | null,
): void {
  const finished: number[] = [];
  const message = { kind: "user" as const, payload };
  const size = messageSize(message);
  if (payload.length > 0 && size + compoundPartBytes <= gossipBudget(state)) {
    const queue = { intent: state.intents, query: state.queries, event: state.userEvents }[priority];
    const countMax = Math.max(limits.gossipBroadcastsMax, 2 * memberCount(state.members));
    enqueue(queue, { message, size, about: null, token }, countMax, finished);
  } else {
    state.counters.refused += 1;
    if (token !== null) finished.push(token);
  }
  report(state, finished);
}

/** Sends a message with as much news as fits beside it. */
export function sendWithNews(state: GossipState, to: GossipAddress, message: PacketMessage): void {
  const budget = gossipBudget(state) - messageSize(message) - compoundPartBytes;
  const messages = [message, ...takeNews(state, budget, compoundPartsMax - 1)];
  state.outbox.packets.push({ to, checksum: false, messages });
}

/** Sends exactly these messages. */
export function sendPlain(state: GossipState, to: GossipAddress, messages: readonly PacketMessage[]): void {
  state.outbox.packets.push({ to, checksum: false, messages });
}

/** Sends these to a member that we hold a record of: then a checksum is added if it understands one. */
export function sendChecked(state: GossipState, to: Member, messages: readonly PacketMessage[]): void {
  const checksum = protocolMax(to) >= checksumProtocol;
  state.outbox.packets.push({ to: to.address, checksum, messages });
}

/** One gossip tick: news to a few random members, the freshly dead among them, until nothing is left to say. */
export function onGossipDue(state: GossipState, now: Millis): void {
  const { config } = state;
  state.gossipDueAt = null; // armed again at the end of the step
  const { picked, seed } = pickMembers(state.members, config.gossipNodes, state.random, (member) => {
    if (member.name === config.name || member.state === "left") return false;
    return member.state !== "dead" || now - member.stateChangedAt <= config.gossipToTheDeadMillis;
  });
  state.random = seed;
  for (const member of picked) {
    const messages = takeNews(state, gossipBudget(state), compoundPartsMax);
    if (messages.length === 0) return;
    sendChecked(state, member, messages);
  }
}

/** Whether anything waits to be spread. */
export function hasNews(state: GossipState): boolean {
  const { membership, intents, queries, userEvents } = state;
  return membership.count > 0 || intents.count > 0 || queries.count > 0 || userEvents.count > 0;
}

/** The first tick of the grid that is after `now`. */
export function nextGossipTick(state: GossipState, now: Millis): Millis {
  const { gossipIntervalMillis } = state.config;
  const ticks = Math.floor((now - state.gossipPhase) / gossipIntervalMillis) + 1;
  return state.gossipPhase + ticks * gossipIntervalMillis;
}

/** The news that we are alive, as we are now. */
export function ownNews(state: GossipState): Alive {
  const { name, incarnation, address, meta, versions } = selfOf(state);
  return { kind: "alive", node: name, incarnation, address, meta, versions };
}

function gossipBudget(state: GossipState): number {
  return state.config.packetBytesMax - compoundHeadBytes - state.config.packetOverheadBytes;
}

/** memberlist's news first, then serf's intents, queries and events. */
function takeNews(state: GossipState, budget: number, partsMax: number): readonly PacketMessage[] {
  if (!hasNews(state)) return [];
  const sendLimit = retransmitLimit(state.config.retransmitMult, memberCount(state.members));
  const finished: number[] = [];
  const messages: PacketMessage[] = [];
  let left = budget;
  const take = (queue: BroadcastQueue): void => {
    const places = partsMax - messages.length;
    for (const { message, size } of takeBroadcasts(
      queue,
      left,
      compoundPartBytes,
      places,
      sendLimit,
      finished,
    )) {
      messages.push(message);
      left -= size + compoundPartBytes;
    }
  };
  take(state.membership);
  take(state.intents);
  take(state.queries);
  take(state.userEvents);
  report(state, finished);
  return messages;
}

function report(state: GossipState, finished: readonly number[]): void {
  for (const token of finished)
    state.outbox.events.push(token === goodbyeToken ? { kind: "left" } : { kind: "transmitted", token });
}
