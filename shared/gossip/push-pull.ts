// Full state exchange: what we tell, and what we believe of what we are told (memberlist's anti-entropy and join).

import type { Millis } from "../base/brand.ts";
import { limits } from "../limits.ts";
import { eachMember, pickMembers } from "./member-table.ts";
import { onAlive, onDead, onSuspect } from "./members.ts";
import type { GossipState } from "./state.ts";
import type { MemberState, PushPull, PushPullNode } from "./types.ts";

/** Our half of an exchange. The answer to a request is made before the request is merged. */
export function pushPullMessage(state: GossipState, join: boolean, userState: Uint8Array): PushPull {
  const nodes: PushPullNode[] = [];
  for (const { name, address, meta, incarnation, state: memberState, versions } of eachMember(state.members))
    nodes.push({ name, address, meta, incarnation, state: memberState, versions });
  return { kind: "pushPull", join, nodes, userState };
}

/** Takes the other side's half: all of it, or nothing with the reason as an event. */
export function mergePushPull(state: GossipState, message: PushPull, now: Millis): void {
  const refusal = reasonToRefuse(state, message);
  if (refusal !== null) {
    state.counters.refused += 1;
    state.outbox.events.push({ kind: "refused", reason: refusal });
    return;
  }
  for (const node of message.nodes) mergeNode(state, node, now);
  const { userState, join } = message;
  if (userState.length > 0) state.outbox.events.push({ kind: "userState", userState, join });
}

/** Exchanges states with one random living member. */
export function onPushPullDue(state: GossipState): void {
  const { picked, seed } = pickMembers(
    state.members,
    1,
    state.random,
    (member) => member.state === "alive" && member.name !== state.config.name,
  );
  state.random = seed;
  for (const to of picked) state.outbox.pushPulls.push({ to });
}

function mergeNode(state: GossipState, node: PushPullNode, now: Millis): void {
  const { name, address, meta, incarnation, versions } = node;
  switch (node.state) {
    case "alive":
      onAlive(state, { kind: "alive", node: name, address, meta, incarnation, versions }, now);
      return;
    case "left":
      onDead(state, { kind: "dead", node: name, incarnation, from: name }, now);
      return;
    case "dead": // never at face value: the member gets the chance to refute
    case "suspect":
      onSuspect(state, { kind: "suspect", node: name, incarnation, from: state.config.name }, now);
  }
}

function reasonToRefuse(state: GossipState, message: PushPull): string | null {
  if (message.nodes.length > limits.gossipMembersMax) return `push/pull of ${message.nodes.length} members`;
  const misfit = versionMisfit(state, message.nodes);
  if (misfit !== null) return misfit;
  return message.join ? state.config.admit.merge(message.nodes) : null;
}

type Ranges = { leastProtocol: number; mostProtocol: number; leastDelegate: number; mostDelegate: number };

/** All living members, ours and theirs, must speak what all of them understand. */
function versionMisfit(state: GossipState, nodes: readonly PushPullNode[]): string | null {
  const ranges: Ranges = { leastProtocol: 0, mostProtocol: 255, leastDelegate: 0, mostDelegate: 255 };
  for (const node of nodes) narrow(ranges, node);
  for (const member of eachMember(state.members)) narrow(ranges, member);
  for (const node of nodes) {
    const misfit = misfitOf(ranges, node);
    if (misfit !== null) return misfit;
  }
  for (const member of eachMember(state.members)) {
    const misfit = misfitOf(ranges, member);
    if (misfit !== null) return misfit;
  }
  return null;
}

type Versioned = { readonly name: string; readonly versions: Uint8Array; readonly state: MemberState };

function narrow(ranges: Ranges, { versions, state }: Versioned): void {
  if (state !== "alive" || versions.length < 6) return;
  const [protocolLeast = 0, protocolMost = 0, , delegateLeast = 0, delegateMost = 0] = versions;
  ranges.leastProtocol = Math.max(ranges.leastProtocol, protocolLeast);
  ranges.mostProtocol = Math.min(ranges.mostProtocol, protocolMost);
  ranges.leastDelegate = Math.max(ranges.leastDelegate, delegateLeast);
  ranges.mostDelegate = Math.min(ranges.mostDelegate, delegateMost);
}

function misfitOf(ranges: Ranges, { name, versions, state }: Versioned): string | null {
  if (state !== "alive" || versions.length < 6) return null;
  const protocol = versions[2] ?? 0;
  const delegate = versions[5] ?? 0;
  if (protocol < ranges.leastProtocol || protocol > ranges.mostProtocol)
    return `${name}: protocol ${protocol} is outside ${ranges.leastProtocol} to ${ranges.mostProtocol}`;
  if (delegate < ranges.leastDelegate || delegate > ranges.mostDelegate)
    return `${name}: delegate protocol ${delegate} is outside ${ranges.leastDelegate} to ${ranges.mostDelegate}`;
  return null;
}
