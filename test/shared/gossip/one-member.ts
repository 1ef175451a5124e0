// One member under test: steps are taken by hand, what it sends is looked at.

import { type GossipConfig, gossipConfig, lanProfile } from "../../../shared/gossip/config.ts";
import { findMember } from "../../../shared/gossip/member-table.ts";
import { type GossipState, newGossipState } from "../../../shared/gossip/state.ts";
import { step } from "../../../shared/gossip/step.ts";
import type {
  Alive,
  GossipAddress,
  GossipEffects,
  GossipInput,
  Member,
  MemberState,
  PacketMessage,
  PushPullNode,
} from "../../../shared/gossip/types.ts";

export const versions = Uint8Array.of(1, 5, 2, 2, 5, 5);
export const noBytes = new Uint8Array(0);

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function at(last: number): GossipAddress {
  return { ip: Uint8Array.of(127, 0, 0, last), port: 8301 };
}

export function alive(node: string, incarnation = 1, change: Partial<Alive> = {}): Alive {
  const address = at(node.charCodeAt(0));
  return { kind: "alive", node, incarnation, address, meta: noBytes, versions, ...change };
}

export function pushPullNode(node: string, incarnation: number, state: MemberState): PushPullNode {
  return { name: node, address: at(node.charCodeAt(0)), meta: noBytes, incarnation, state, versions };
}

export type OneMember = {
  readonly state: GossipState;
  now: number;
  /** Takes an input at `now`. */
  take(input: GossipInput): GossipEffects;
  /** A packet from the address of the member `from`. */
  hear(from: string, ...messages: PacketMessage[]): GossipEffects;
  /** Lets time pass, waking at every deadline; all that was sent and heard on the way. */
  pass(millis: number): GossipEffects;
  member(name: string): Member;
};

/** "me", at incarnation 1, who knows `others` as alive; its timers run. */
export function oneMember(others: readonly string[] = [], change: Partial<GossipConfig> = {}): OneMember {
  const config = gossipConfig({ ...lanProfile, ...change }, { name: "me", address: at(109), ...change });
  const state = newGossipState(config, bytes("tags"), 7, 0);
  let wakeAt: number | null = null;
  const one: OneMember = {
    state,
    now: 1_000,
    take(input) {
      const effects = step(state, input, one.now);
      wakeAt = effects.wakeAt;
      return effects;
    },
    hear: (from, ...messages) => one.take({ kind: "packet", from: at(from.charCodeAt(0)), messages }),
    pass(millis) {
      const until = one.now + millis;
      const all: GossipEffects[] = [];
      while (wakeAt !== null && wakeAt <= until) {
        one.now = Math.max(one.now, wakeAt);
        all.push(one.take({ kind: "wake" }));
      }
      one.now = until;
      return {
        packets: all.flatMap((effects) => effects.packets),
        pushPulls: all.flatMap((effects) => effects.pushPulls),
        streamPings: all.flatMap((effects) => effects.streamPings),
        events: all.flatMap((effects) => effects.events),
        wakeAt,
      };
    },
    member(name) {
      const member = findMember(state.members, name);
      if (member === undefined) throw new Error(`${name} is not known`);
      return member;
    },
  };
  for (const name of others) one.hear(name, alive(name));
  return one;
}

/** Every message of the kind that these effects send. */
export function sent<K extends PacketMessage["kind"]>(
  effects: GossipEffects,
  kind: K,
): Extract<PacketMessage, { kind: K }>[] {
  const isKind = (message: PacketMessage): message is Extract<PacketMessage, { kind: K }> =>
    message.kind === kind;
  return effects.packets.flatMap((packet) => packet.messages).filter(isKind);
}
