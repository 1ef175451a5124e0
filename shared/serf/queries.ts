// Queries of others: taken once, filtered, acknowledged at once, answered straight to whoever asked, also by way of
// other members when the asker fears for the path. Source: reference/gossip-protocol.md section 11.7.

import type { Millis } from "../base/brand.ts";
import { compileGoRegexp } from "../base/regexp.ts";
import type { GossipAddress, NodeName } from "../gossip/types.ts";
import { limits } from "../limits.ts";
import { isTooOld } from "./events.ts";
import { answerInternalQuery, isInternalQuery } from "./internal-queries.ts";
import { witness } from "./lamport.ts";
import { newQuery, onQueryResponse } from "./own-queries.ts";
import { draw, emit, type SerfState } from "./state.ts";
import {
  type QueryKey,
  type QueryMessage,
  type QueryRequest,
  type QueryResponseMessage,
  queryFlag,
  type SerfMember,
} from "./types.ts";

const slots = limits.serfEventBufferSlots;
const nanosPerMilli = 1_000_000;
const timeoutMillisMax = 600_000; // nobody keeps a question open for a stranger for longer
const relayProtocol = 5;

export function openQueryKey({ time, id }: QueryKey): string {
  return `${time}:${id}`;
}

/** Takes a query; true when it is news that is to be passed on. */
export function onQuery(state: SerfState, query: QueryMessage, now: Millis): boolean {
  if (isLethal(query)) {
    state.refusedCount++;
    return false;
  }
  state.queryClock = witness(state.queryClock, query.time);
  if (!isNews(state, query)) return false;
  const passOn = (query.flags & queryFlag.doNotBroadcast) === 0;
  if (!isForUs(state, query)) return passOn;
  if ((query.flags & queryFlag.acknowledge) !== 0) {
    respond(state, query, query.source, query.relayFactor, queryFlag.acknowledge, null);
  }
  const deadline = now + Math.min(query.timeoutNanos / nanosPerMilli, timeoutMillisMax);
  if (isInternalQuery(query.name)) {
    const payload = answerInternalQuery(state, query.name, query.payload);
    if (payload !== null) respond(state, query, query.source, query.relayFactor, 0, payload);
    return passOn;
  }
  openQuery(state, query, deadline);
  const { name, payload, sourceNode } = query;
  const key = { time: query.time, id: query.id };
  emit(state, { kind: "query", query: key, name, payload, from: sourceNode, deadline });
  return passOn;
}

const keyChanges: ReadonlySet<string> = new Set(["_serf_install-key", "_serf_use-key", "_serf_remove-key"]);

/** Ends the process of serf 0.9.4 and of Consul 1.8.7 (reference section 16.1): from here it goes no further. */
function isLethal({ filters, name, payload }: QueryMessage): boolean {
  if (filters.some((filter) => filter.length === 0)) return true;
  return keyChanges.has(name) && (payload === null || payload.length === 0);
}

/** Asks everybody, ourselves too. The answers come as events with this token; a refusal stands in the outbox. */
export function askAll(state: SerfState, token: number, request: QueryRequest, now: Millis): void {
  const query = newQuery(state, token, request, now);
  if (query === null) return;
  spreadQuery(state, state.config.codec.encode(query));
  onQuery(state, query, now);
}

/** Passes a query on as it came. */
export function spreadQuery(state: SerfState, payload: Uint8Array): void {
  state.outbox.gossip.push({ kind: "broadcast", priority: "query", payload, token: null });
}

function openQuery(state: SerfState, query: QueryMessage, deadline: Millis): void {
  if (state.openQueries.size >= limits.serfOpenQueriesMax) {
    const oldest = state.openQueries.keys().next();
    if (!oldest.done) state.openQueries.delete(oldest.value);
    state.refusedCount++;
  }
  const { source, relayFactor } = query;
  state.openQueries.set(openQueryKey(query), { source, relayFactor, deadline });
}

/** The same query comes from many sides: by its time and id it is taken once. */
function isNews(state: SerfState, { time, id }: QueryMessage): boolean {
  if (time < state.queryTimeMin || isTooOld(state.queryClock, time)) return false;
  const slot = state.queryIds[time % slots] ?? null;
  if (slot !== null && slot.time > time) return false;
  if (slot === null || slot.time < time) {
    state.queryIds[time % slots] = { time, ids: [id] };
    return true;
  }
  if (slot.ids.includes(id)) return false;
  if (slot.ids.length >= limits.serfEventsPerTimeMax) {
    state.refusedCount++;
    return false;
  }
  slot.ids.push(id);
  return true;
}

/** All filters must fit; what cannot be understood fits nobody. */
function isForUs(state: SerfState, query: QueryMessage): boolean {
  const self = state.members.get(state.config.name);
  return query.filters.every((bytes) => {
    const filter = state.config.codec.decodeFilter(bytes);
    if (!filter.ok) return false;
    if (filter.value.kind === "nodes") return filter.value.nodes.includes(state.config.name);
    const expression = compileGoRegexp(filter.value.expression);
    return expression.ok && expression.value.test(self?.tags.get(filter.value.tag) ?? "");
  });
}

/** The application's answer to a query it was given: once, in time, and small enough. */
export function answerQuery(state: SerfState, key: QueryKey, payload: Uint8Array, now: Millis): void {
  const open = state.openQueries.get(openQueryKey(key));
  if (open === undefined) {
    state.outbox.refused = "response is already sent, or the query is unknown";
    return;
  }
  if (now >= open.deadline) {
    state.outbox.refused = "response is past the deadline";
    return;
  }
  if (respond(state, key, open.source, open.relayFactor, 0, payload)) {
    state.openQueries.delete(openQueryKey(key));
  } else state.outbox.refused = `response exceeds limit of ${state.config.queryResponseBytesMax} bytes`;
}

/** Sends an acknowledgement or an answer; false when it is too large. */
function respond(
  state: SerfState,
  { time, id }: QueryKey,
  to: GossipAddress,
  relayFactor: number,
  flags: number,
  payload: Uint8Array | null,
): boolean {
  const { name, address, codec, queryResponseBytesMax } = state.config;
  const response: QueryResponseMessage = { kind: "queryResponse", time, id, from: name, flags, payload };
  const bytes = codec.encode(response);
  if (bytes.length > queryResponseBytesMax) return false;
  if (to.port === address.port && sameIp(to.ip, address.ip)) {
    onQueryResponse(state, response); // our own query: the network need not carry it
    return true;
  }
  state.outbox.sends.push({ to, payload: bytes });
  relay(state, to, relayFactor, bytes);
  return true;
}

/** Sends the same by way of a few others, if there are enough. */
function relay(state: SerfState, to: GossipAddress, factor: number, inner: Uint8Array): void {
  if (factor === 0 || state.members.size < factor + 1) return;
  const { codec, queryResponseBytesMax } = state.config;
  const payload = codec.encode({ kind: "relay", to, toName: nameAt(state, to), inner });
  if (payload.length > queryResponseBytesMax) return;
  for (const member of pickRelays(state, factor)) {
    state.outbox.sends.push({ to: member.address, payload });
  }
}

function pickRelays(state: SerfState, count: number): SerfMember[] {
  const able = [...state.members.values()].filter(
    ({ name, status, versions }) =>
      status === "alive" && name !== state.config.name && (versions[1] ?? 0) >= relayProtocol,
  );
  const picked: SerfMember[] = [];
  while (picked.length < count && able.length > 0) {
    const [member] = able.splice(Math.floor(draw(state) * able.length), 1);
    if (member !== undefined) picked.push(member);
  }
  return picked;
}

/**
 * Passes a relayed message on. Only to a member: anybody may ask us to, and we are nobody's tool against third parties.
 */
export function onRelay(state: SerfState, to: GossipAddress, inner: Uint8Array): void {
  // Only answers to queries are ever relayed; who sends something else wants us to be the one who sent it.
  const message = state.config.codec.decode(inner);
  if (nameAt(state, to) === "" || !message.ok || message.value.kind !== "queryResponse") {
    state.refusedCount++;
    return;
  }
  state.outbox.sends.push({ to, payload: inner });
}

function nameAt(state: SerfState, { ip, port }: GossipAddress): NodeName {
  for (const member of state.members.values()) {
    if (member.address.port === port && sameIp(member.address.ip, ip)) return member.name;
  }
  return "";
}

/** The 4- and the 16-byte form of one IPv4 address are equal here: Go's resolvers turn one into the other. */
export function sameIp(left: Uint8Array, right: Uint8Array): boolean {
  const [a, b] = [withoutMapping(left), withoutMapping(right)];
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function withoutMapping(ip: Uint8Array): Uint8Array {
  const mapped =
    ip.length === 16 && ip[10] === 255 && ip[11] === 255 && ip.subarray(0, 10).every((byte) => byte === 0);
  return mapped ? ip.subarray(12) : ip;
}

/** Queries whose time is over can no longer be answered. */
export function expireOpenQueries(state: SerfState, now: Millis): void {
  for (const [key, query] of state.openQueries) if (query.deadline <= now) state.openQueries.delete(key);
}
