// Two members claim one name: the one that sees its own name elsewhere asks all others which address they know, and
// gives way to the majority. Source: reference/gossip-protocol.md section 11.9. Consul does without.

import type { Millis } from "../base/brand.ts";
import type { Alive, Member } from "../gossip/types.ts";
import { conflictQuery } from "./internal-queries.ts";
import { askAll, sameIp } from "./queries.ts";
import { emit, type NameVote, type SerfState } from "./state.ts";
import type { SerfEvent } from "./types.ts";

/** The core has refused somebody at another address with a name that is taken. */
export function onConflict(state: SerfState, existing: Member, other: Alive, now: Millis): void {
  const elsewhere = `${other.address.ip.join(".")} port ${other.address.port}`;
  emit(state, { kind: "warning", text: `name conflict for '${existing.name}': claimed from ${elsewhere}` });
  if (existing.name !== state.config.name || !state.config.resolveConflicts || state.nameVote !== null)
    return;
  const token = -2 - state.nextToken++; // below every token of the application
  const payload = new TextEncoder().encode(state.config.name);
  const request = { name: conflictQuery, payload, filters: [], acknowledge: false, relayFactor: 0 };
  askAll(state, token, { ...request, timeoutMillis: 0, responsesWanted: 0 }, now);
  state.nameVote = { token, responses: 0, matching: 0 };
}

/** Takes what came for the vote out of this step's events: the application did not ask. */
export function takeVotes(state: SerfState): void {
  const { nameVote: vote, outbox } = state;
  if (vote === null) return;
  const others: SerfEvent[] = [];
  for (const event of outbox.events) {
    if (!("token" in event) || event.token !== vote.token) others.push(event);
    else if (event.kind === "queryResponse") countVote(state, vote, event.payload);
    else if (event.kind === "queryDone") {
      state.nameVote = null;
      // Without a majority for our address the name is not ours.
      if (vote.matching < Math.floor(vote.responses / 2) + 1) others.push({ kind: "nameLost" });
    }
  }
  outbox.events = others;
}

function countVote({ config }: SerfState, vote: NameVote, payload: Uint8Array | null): void {
  const member = config.codec.decodeConflictResponse(payload ?? new Uint8Array(0));
  if (!member.ok || member.value === null) return;
  vote.responses++;
  const { address } = member.value;
  if (address.port === config.address.port && sameIp(address.ip, config.address.ip)) vote.matching++;
}
