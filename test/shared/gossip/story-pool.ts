// A few whole members (membership core and serf above it) on virtual time, over a network that does what a story says.
// A packet takes a millisecond and a stream two; what is sealed with a key that the receiver lacks is lost.

import { gossipConfig, type GossipProfile, lanProfile } from "../../../shared/gossip/config.ts";
import { answerStreamPing } from "../../../shared/gossip/probe.ts";
import { pushPullMessage } from "../../../shared/gossip/push-pull.ts";
import { type GossipState, newGossipState } from "../../../shared/gossip/state.ts";
import { step } from "../../../shared/gossip/step.ts";
import type { GossipAddress, GossipInput, PacketMessage } from "../../../shared/gossip/types.ts";
import { localUserState } from "../../../shared/serf/push-pull.ts";
import { parseRejoin, rejoinText } from "../../../shared/serf/rejoin.ts";
import { consulSerfDefaults, newSerfState, type SerfState } from "../../../shared/serf/state.ts";
import { step as serfStep } from "../../../shared/serf/step.ts";
import type { SerfEvent, SerfInput } from "../../../shared/serf/types.ts";
import { holdsKey, type Keyring } from "../../../shared/structs/keyring.ts";
import { serfCodec } from "../../../shared/wire/serf-codec.ts";
import { at, versions } from "./one-member.ts";

export type StoryMember = {
  readonly name: string;
  gossip: GossipState;
  serf: SerfState;
  isUp: boolean;
  /** A stalled process takes its packets and deadlines when it goes on. */
  stalledUntil: number;
  keyring: Keyring;
  gossipWakeAt: number | null;
  serfWakeAt: number | null;
  readonly waiting: GossipInput[];
  isStepping: boolean;
};

type Planned = { readonly at: number; readonly run: () => void };

const packetMillis = 1;
const streamMillis = 2;

export class StoryPool {
  now = 1_000;
  readonly members = new Map<string, StoryMember>();
  profile: GossipProfile = lanProfile;
  /** Keys of members that start from now on. */
  keyring: Keyring = [];
  /** Whether what `from` sends to `to` arrives. */
  passes: (from: string, to: string, way: "packet" | "stream") => boolean = () => true;
  onMessage: (from: string, to: string, messages: readonly PacketMessage[], arrives: boolean) => void =
    () => {};
  onStream: (from: string, to: string, what: string, arrives: boolean) => void = () => {};
  onEvent: (member: string, event: SerfEvent) => void = () => {};
  #planned: Planned[] = [];
  #lives = 0;

  member(name: string): StoryMember {
    const member = this.members.get(name);
    if (member === undefined) throw new Error(`no member ${name}`);
    return member;
  }

  /** Starts a member, or starts it again with what its rejoin file says; joins through the first who answers. */
  start(name: string, through: readonly string[]): void {
    const before = this.members.get(name);
    const rejoin = before === undefined ? null : parseRejoin(rejoinText(before.serf), false);
    const address = at(name.charCodeAt(0));
    const tags = new Map([["role", "node"]]);
    this.#lives += 1;
    const seed = this.#lives;
    const keyring = before?.keyring ?? this.keyring;
    const config = { ...consulSerfDefaults, name, address, codec: serfCodec };
    const member: StoryMember = {
      name,
      gossip: newGossipState(
        gossipConfig(this.profile, { name, address, deadNodeReclaimMillis: 30_000 }),
        serfCodec.encodeTags(tags),
        seed,
        this.now,
      ),
      serf: newSerfState(config, {
        tags,
        versions,
        keyring,
        clocks: rejoin?.clocks ?? null,
        seed,
        now: this.now,
      }),
      isUp: true,
      stalledUntil: 0,
      keyring,
      gossipWakeAt: null,
      serfWakeAt: null,
      waiting: [],
      isStepping: false,
    };
    this.members.set(name, member);
    this.ask(name, { kind: "started" });
    for (const other of [...through, ...(rejoin?.nodes ?? []).map((node) => node.name)]) {
      if (!this.exchange(member, other, true)) continue;
      this.#plan(2 * streamMillis, () => this.ask(name, { kind: "joined" }));
      return;
    }
  }

  crash(name: string): void {
    this.member(name).isUp = false;
  }

  stall(name: string, millis: number): void {
    this.member(name).stalledUntil = this.now + millis;
  }

  /** An input for serf; the reason when it was refused. */
  ask(name: string, input: SerfInput): string | null {
    const member = this.member(name);
    const effects = serfStep(member.serf, input, this.now);
    member.serfWakeAt = effects.wakeAt;
    if (effects.keyring !== null) member.keyring = effects.keyring;
    for (const one of effects.gossip) this.give(member, one);
    for (const { to, payload } of effects.sends) this.#send(member, to, [{ kind: "user", payload }]);
    for (const { name: other } of effects.reconnects) this.exchange(member, other, true);
    for (const event of effects.events) this.onEvent(name, event);
    return effects.refused;
  }

  give(member: StoryMember, input: GossipInput): void {
    if (!member.isUp) return;
    if (member.stalledUntil > this.now) {
      this.#plan(member.stalledUntil - this.now, () => this.give(member, input));
      return;
    }
    member.waiting.push(input);
    if (member.isStepping) return;
    member.isStepping = true;
    for (let next = member.waiting.shift(); next !== undefined; next = member.waiting.shift())
      this.#carryOut(member, step(member.gossip, next, this.now));
    member.isStepping = false;
  }

  /** A push/pull; false when nobody answers. */
  exchange(member: StoryMember, to: string, join: boolean): boolean {
    const other = this.members.get(to);
    const arrives = other !== undefined && this.#hears(member, other, "stream");
    this.onStream(member.name, to, join ? "push/pull (join)" : "push/pull", arrives);
    if (!arrives) return false;
    const request = pushPullMessage(member.gossip, join, localUserState(member.serf));
    this.#plan(streamMillis, () => {
      if (!other.isUp) return;
      const answer = pushPullMessage(other.gossip, join, localUserState(other.serf));
      this.give(other, { kind: "pushPull", message: request });
      this.#plan(streamMillis, () => this.give(member, { kind: "pushPull", message: answer }));
    });
    return true;
  }

  /** Time passes: packets arrive and deadlines ring, in their order. */
  pass(millis: number): void {
    const end = this.now + millis;
    for (;;) {
      const next = this.#next();
      if (next === null || next.at > end) break;
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
  }

  #next(): Planned | null {
    let next: Planned | null = this.#planned[0] ?? null;
    let run = () => void this.#planned.shift();
    if (next !== null) {
      const { run: planned } = next;
      run = () => {
        this.#planned.shift();
        planned();
      };
    }
    for (const member of this.members.values()) {
      if (!member.isUp) continue;
      const { gossipWakeAt, serfWakeAt, stalledUntil } = member;
      const wakes = [gossipWakeAt, serfWakeAt].filter((one) => one !== null);
      if (wakes.length === 0) continue;
      const due = Math.max(Math.min(...wakes), stalledUntil);
      if (next !== null && next.at <= due) continue;
      const isSerf = serfWakeAt !== null && (gossipWakeAt === null || serfWakeAt < gossipWakeAt);
      run = () =>
        void (isSerf ? this.ask(member.name, { kind: "wake" }) : this.give(member, { kind: "wake" }));
      next = { at: due, run };
    }
    return next === null ? null : { at: next.at, run };
  }

  #plan(millis: number, run: () => void): void {
    const planned = { at: this.now + millis, run };
    const place = this.#planned.findIndex((other) => other.at > planned.at);
    this.#planned.splice(place < 0 ? this.#planned.length : place, 0, planned);
  }

  #carryOut(member: StoryMember, effects: ReturnType<typeof step>): void {
    for (const { to, messages } of effects.packets) this.#send(member, to, messages);
    for (const { to } of effects.pushPulls) this.exchange(member, to.name, false);
    for (const { to, ping, until } of effects.streamPings) {
      const other = this.members.get(to.name);
      const ok =
        other !== undefined &&
        this.#hears(member, other, "stream") &&
        answerStreamPing(other.gossip, ping) !== null;
      this.onStream(member.name, to.name, "ping", ok);
      this.#plan(ok ? 2 * streamMillis : until - this.now, () =>
        this.give(member, { kind: "streamPinged", sequence: ping.sequence, ok }),
      );
    }
    member.gossipWakeAt = effects.wakeAt;
    for (const event of effects.events) this.ask(member.name, { kind: "gossip", event });
  }

  #send(member: StoryMember, to: GossipAddress, messages: readonly PacketMessage[]): void {
    const name = String.fromCharCode(to.ip[3] ?? 0);
    const other = this.members.get(name);
    const arrives = other !== undefined && this.#hears(member, other, "packet");
    this.onMessage(member.name, name, messages, arrives);
    if (!arrives) return;
    const from = member.serf.config.address;
    this.#plan(packetMillis, () => this.give(other, { kind: "packet", from, messages }));
  }

  /** Stalled processes keep what comes by packet; a stream to them times out. */
  #hears(from: StoryMember, to: StoryMember, way: "packet" | "stream"): boolean {
    const [key] = from.keyring;
    const opens = key === undefined ? to.keyring.length === 0 : holdsKey(to.keyring, key);
    const runs = to.isUp && (way === "packet" || to.stalledUntil <= this.now);
    return runs && opens && this.passes(from.name, to.name, way);
  }
}
