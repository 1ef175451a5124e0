// Our own queries: asked, spread, and their acknowledgements and answers counted until their time is over.
// Source: reference/gossip-protocol.md section 11.7.

import type { Millis } from "../base/brand.ts";
import type { NodeName } from "../gossip/types.ts";
import { limits } from "../limits.ts";
import { draw, emit, membersWith, type OwnQuery, type SerfState } from "./state.ts";
import { type QueryMessage, type QueryRequest, queryFlag, type QueryResponseMessage } from "./types.ts";

const nanosPerMilli = 1_000_000;
const timeoutMult = 16;

/** How long a query waits for answers when nobody says: it must travel through the pool. */
export function defaultQueryTimeoutMillis(state: SerfState): Millis {
  const alive = membersWith(state, "alive").length;
  return state.config.gossipIntervalMillis * timeoutMult * Math.ceil(Math.log10(alive + 1));
}

/** The query to spread, registered for its answers; null when it was refused. */
export function newQuery(
  state: SerfState,
  token: number,
  request: QueryRequest,
  now: Millis,
): QueryMessage | null {
  const { name, address, codec, queryBytesMax } = state.config;
  const timeoutMillis = request.timeoutMillis > 0 ? request.timeoutMillis : defaultQueryTimeoutMillis(state);
  const query: QueryMessage = {
    kind: "query",
    time: state.queryClock,
    id: Math.floor(draw(state) * 2 ** 31),
    source: address,
    sourceNode: name,
    filters: request.filters.map((filter) => codec.encodeFilter(filter)),
    flags: request.acknowledge ? queryFlag.acknowledge : 0,
    relayFactor: request.relayFactor,
    timeoutNanos: Math.round(timeoutMillis * nanosPerMilli),
    name: request.name,
    payload: request.payload,
  };
  if (codec.encode(query).length > queryBytesMax) {
    state.outbox.refused = `query exceeds limit of ${queryBytesMax} bytes`;
    return null;
  }
  if (state.ownQueries.size >= limits.serfOwnQueriesMax) {
    state.outbox.refused = "too many queries under way";
    return null;
  }
  state.queryClock++;
  state.ownQueries.set(query.id, {
    token,
    time: query.time,
    deadline: now + timeoutMillis,
    responsesWanted: request.responsesWanted,
    acks: new Set(),
    responses: new Set(),
  });
  return query;
}

/** An acknowledgement or an answer: once from each member, and only while the query is open. */
export function onQueryResponse(state: SerfState, response: QueryResponseMessage): void {
  const query = state.ownQueries.get(response.id);
  if (query === undefined || query.time !== response.time) return;
  const { from, payload } = response;
  const isAck = (response.flags & queryFlag.acknowledge) !== 0;
  if (!isFirstFrom(state, isAck ? query.acks : query.responses, from)) return;
  if (isAck) emit(state, { kind: "queryAck", token: query.token, from });
  else emit(state, { kind: "queryResponse", token: query.token, from, payload });
  if (query.responsesWanted > 0 && query.responses.size >= query.responsesWanted) {
    closeQuery(state, response.id, query);
  }
}

function isFirstFrom(state: SerfState, seen: Set<NodeName>, from: NodeName): boolean {
  if (seen.has(from)) return false;
  if (seen.size > state.members.size * 2 + 16) {
    state.refusedCount++; // more answers than there are members: names are made up
    return false;
  }
  seen.add(from);
  return true;
}

function closeQuery(state: SerfState, id: number, query: OwnQuery): void {
  state.ownQueries.delete(id);
  emit(state, { kind: "queryDone", token: query.token });
}

/** Ends the queries whose time is over. */
export function closeDueQueries(state: SerfState, now: Millis): void {
  for (const [id, query] of state.ownQueries) if (query.deadline <= now) closeQuery(state, id, query);
}
