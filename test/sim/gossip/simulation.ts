// A pool of up to ten thousand members in one process: the production core on virtual time, over a network with delay,
// loss and partitions, in processes that may crash, restart, or stall for seconds. No bytes are made: their number is
// computed. Everything follows from the seed.

import { gossipConfig, type GossipProfile } from "../../../shared/gossip/config.ts";
import { forkMemberTable, newMemberTable, putMember } from "../../../shared/gossip/member-table.ts";
import { messageSize } from "../../../shared/gossip/message-size.ts";
import { pushPullMessage } from "../../../shared/gossip/push-pull.ts";
import { type GossipState, gossipStateWith, newGossipState } from "../../../shared/gossip/state.ts";
import { step } from "../../../shared/gossip/step.ts";
import type {
  GossipAddress,
  GossipEffects,
  GossipEvent,
  GossipInput,
  Member,
  Packet,
  PushPull,
} from "../../../shared/gossip/types.ts";
import { consulSerfDefaults } from "../../../shared/serf/state.ts";
import { type Dice, seededDice } from "../clock.ts";
import { EventHeap } from "./event-heap.ts";

export type PoolOptions = {
  readonly nodes: number;
  readonly seed: number;
  /** Share of packets that are lost. */
  readonly loss: number;
  readonly profile: GossipProfile;
};

/** A state exchange on its way; `answers` is the other side's half. */
type Exchange = { readonly from: number; readonly message: PushPull; readonly answers: boolean };
type Arrival = { readonly input: GossipInput } | { readonly exchange: Exchange };

type Node = {
  state: GossipState;
  isUp: boolean;
  /** Grows with every restart: what was sent to an earlier life is lost. */
  life: number;
  stalledUntil: number;
  /** Timers run, but nothing is sent or received until then. */
  blockedUntil: number;
  held: Packet[];
  inbox: Arrival[];
  wakeAt: number | null;
  /** The wake that stands in the queue. */
  timerAt: number | null;
  readonly failed: Set<string>;
};

export type PoolStatistics = {
  packets: number;
  packetBytes: number;
  streamBytes: number;
  exchanges: number;
};

const mapHeadBytes = 40; // of a node in a push/pull, beside what an alive message of it takes
const latencyMillisMin = 0.2;
const latencyMillisSpread = 2;
/** Serf's, without which two halves that buried each other would never meet again. */
const reconnectMillis = 30_000;

export class SimulatedPool {
  readonly options: PoolOptions;
  readonly nodes: Node[] = [];
  readonly dice: Dice;
  readonly statistics: PoolStatistics = { packets: 0, packetBytes: 0, streamBytes: 0, exchanges: 0 };
  now = 0;
  /** Told of every event of every member. */
  heard: (observer: number, event: GossipEvent) => void = () => {};
  #heap = new EventHeap();
  #side: (node: number) => number = () => 0;

  /** A pool whose members all know each other. */
  constructor(options: PoolOptions) {
    this.options = options;
    this.dice = seededDice(options.seed);
    const table = newMemberTable();
    for (let node = 0; node < options.nodes; node += 1) putMember(table, firstRecord(node));
    for (let node = 0; node < options.nodes; node += 1) {
      const state = gossipStateWith(this.#config(node), forkMemberTable(table), this.#seed());
      this.nodes.push({
        state,
        isUp: true,
        life: 0,
        stalledUntil: 0,
        blockedUntil: 0,
        held: [],
        inbox: [],
        wakeAt: null,
        timerAt: null,
        failed: new Set(),
      });
      this.#after(this.dice.roll() * options.profile.gossipIntervalMillis, () =>
        this.#give(node, { kind: "wake" }),
      );
      this.#reconnect(node);
    }
  }

  /** Lets so much time pass; stops early when `until` says so (asked once a tenth of a second). */
  run(millis: number, until: () => boolean = () => false): void {
    const end = this.now + millis;
    for (let slice = this.now + 100; ; slice += 100) {
      const edge = Math.min(slice, end);
      this.#heap.runUntil(edge, (at) => {
        this.now = at;
      });
      this.now = edge;
      if (edge === end || until()) return;
    }
  }

  /** Kill -9. */
  crash(node: number): void {
    const target = this.#node(node);
    target.isUp = false;
    target.life += 1;
    target.inbox = [];
  }

  /** A crashed member comes back with the same name, knowing nobody but one to join. */
  restart(node: number, through: number): void {
    const target = this.#node(node);
    target.state = newGossipState(this.#config(node), noBytes, this.#seed(), this.now);
    Object.assign(target, { isUp: true, life: target.life + 1, stalledUntil: 0, blockedUntil: 0 });
    Object.assign(target, { held: [], inbox: [], wakeAt: null, timerAt: null });
    target.failed.clear();
    this.#exchange(node, through, true);
    this.#reconnect(node);
  }

  leave(node: number): void {
    this.#give(node, { kind: "leave" });
  }

  /** The process does not run for so long; packets wait in its socket. */
  stall(node: number, millis: number): void {
    const target = this.#node(node);
    target.stalledUntil = this.now + millis;
    this.#after(millis, () => this.#resume(node));
  }

  /**
   * Lifeguard's experiment: threads block before they send and after they receive, while timers run on. The member
   * hears nobody, accuses others, and says so when it gets the chance.
   */
  block(node: number, millis: number): void {
    const target = this.#node(node);
    target.blockedUntil = this.now + millis;
    this.#after(millis, () => {
      if (!target.isUp || target.blockedUntil > this.now) return;
      const { held, inbox } = target;
      target.held = [];
      target.inbox = [];
      for (const packet of held) this.#send(node, packet);
      for (const arrival of inbox) this.#arrive(node, arrival);
    });
  }

  /** Whoever has left answers pings for a while, then its process ends. */
  #end(node: number, source: Node): void {
    const { life } = source;
    this.#after(consulSerfDefaults.leavePropagateMillis, () => {
      if (source.life === life && source.isUp) this.crash(node);
    });
  }

  /** Only members of one side hear each other. */
  partition(side: (node: number) => number): void {
    this.#side = side;
  }

  heal(): void {
    this.#side = () => 0;
  }

  /** A pseudo-random integer for a member's own dice. */
  #seed(): number {
    return Math.floor(this.dice.roll() * 2 ** 32);
  }

  #config(node: number) {
    return gossipConfig(this.options.profile, { name: nameOf(node), address: addressOf(node) });
  }

  #node(node: number): Node {
    const found = this.nodes[node];
    if (found === undefined) throw new Error(`there is no member ${node}`);
    return found;
  }

  #after(millis: number, run: () => void): void {
    this.#heap.push(this.now + millis, run);
  }

  #give(node: number, input: GossipInput): void {
    const target = this.#node(node);
    if (!target.isUp) return;
    if (target.stalledUntil > this.now) target.inbox.push({ input });
    else this.#carryOut(node, target, step(target.state, input, this.now));
  }

  #carryOut(node: number, source: Node, effects: GossipEffects): void {
    for (const packet of effects.packets) this.#send(node, packet);
    for (const { to } of effects.pushPulls) this.#exchange(node, indexOf(to.address), false);
    for (const { to, ping, until } of effects.streamPings) {
      const ok = this.#answersStream(node, indexOf(to.address), until);
      const at = ok ? Math.min(this.now + this.#streamDelay(), until) : until;
      this.#after(at - this.now, () =>
        this.#give(node, { kind: "streamPinged", sequence: ping.sequence, ok }),
      );
    }
    for (const event of effects.events) {
      if (event.kind === "leave" && event.member.state === "dead") source.failed.add(event.member.name);
      else if (event.kind === "leave" || event.kind === "join") source.failed.delete(event.member.name);
      if (event.kind === "left") this.#end(node, source);
      this.heard(node, event);
    }
    source.wakeAt = effects.wakeAt;
    this.#arm(node, source);
  }

  #arm(node: number, source: Node): void {
    const { wakeAt, timerAt, life } = source;
    if (wakeAt === null || (timerAt !== null && timerAt <= wakeAt)) return;
    source.timerAt = wakeAt;
    this.#heap.push(Math.max(wakeAt, this.now), () => {
      if (source.life !== life || source.timerAt !== wakeAt) return;
      source.timerAt = null;
      if (source.stalledUntil > this.now) return; // resuming looks at it
      if (source.wakeAt !== null && source.wakeAt <= this.now) this.#give(node, { kind: "wake" });
      else this.#arm(node, source);
    });
  }

  /** After a stall the overdue timers come first, then what waited in the socket: the worst order for everybody. */
  #resume(node: number): void {
    const target = this.#node(node);
    if (!target.isUp || target.stalledUntil > this.now) return;
    const waiting = target.inbox;
    target.inbox = [];
    if (target.wakeAt !== null && target.wakeAt <= this.now) this.#give(node, { kind: "wake" });
    for (const arrival of waiting) this.#arrive(node, arrival);
    this.#arm(node, target);
  }

  #arrive(node: number, arrival: Arrival): void {
    const target = this.#node(node);
    if (!target.isUp) return;
    if (Math.max(target.stalledUntil, target.blockedUntil) > this.now) {
      target.inbox.push(arrival);
    } else if ("input" in arrival) {
      this.#carryOut(node, target, step(target.state, arrival.input, this.now));
    } else {
      const { from, message, answers } = arrival.exchange;
      if (answers) this.#post(node, from, pushPullMessage(target.state, message.join, noBytes), false);
      this.#carryOut(node, target, step(target.state, { kind: "pushPull", message }, this.now));
    }
  }

  #send(from: number, packet: Packet): void {
    const source = this.#node(from);
    if (source.blockedUntil > this.now) {
      source.held.push(packet);
      return;
    }
    this.statistics.packets += 1;
    this.statistics.packetBytes += packetSize(packet);
    const to = indexOf(packet.to);
    if (this.dice.roll() < this.options.loss || !this.#reaches(from, to)) return;
    const { life } = this.#node(to);
    const input: GossipInput = { kind: "packet", from: addressOf(from), messages: packet.messages };
    this.#after(this.#latency(), () => {
      if (this.#node(to).life === life) this.#arrive(to, { input });
    });
  }

  #exchange(from: number, to: number, join: boolean): void {
    this.statistics.exchanges += 1;
    this.#post(from, to, pushPullMessage(this.#node(from).state, join, noBytes), true);
  }

  #post(from: number, to: number, message: PushPull, answers: boolean): void {
    for (const node of message.nodes)
      this.statistics.streamBytes += mapHeadBytes + node.name.length + node.meta.length;
    if (!this.#reaches(from, to) || this.#node(from).blockedUntil > this.now) return;
    const { life } = this.#node(to);
    this.#after(this.#streamDelay(), () => {
      if (this.#node(to).life === life) this.#arrive(to, { exchange: { from, message, answers } });
    });
  }

  #reconnect(node: number): void {
    const { life } = this.#node(node);
    this.#after(reconnectMillis * (0.5 + this.dice.roll() / 2), () => {
      const source = this.#node(node);
      if (source.life !== life || !source.isUp) return;
      const failed = [...source.failed];
      const alive = Math.max(1, source.state.members.slots.size - failed.length);
      if (failed.length > 0 && this.dice.roll() < failed.length / alive)
        this.#exchange(node, indexOfName(this.dice.pick(failed)), true);
      this.#reconnect(node);
    });
  }

  #reaches(from: number, to: number): boolean {
    return this.nodes[to]?.isUp === true && this.#side(from) === this.#side(to);
  }

  #answersStream(from: number, to: number, until: number): boolean {
    const [source, target] = [this.#node(from), this.#node(to)];
    const silentUntil = Math.max(source.blockedUntil, target.blockedUntil, target.stalledUntil);
    return this.#reaches(from, to) && silentUntil < until;
  }

  #latency(): number {
    return latencyMillisMin + this.dice.roll() * latencyMillisSpread;
  }

  /** Streams lose nothing but time: each of four segments may have to be sent again, the first two after a second. */
  #streamDelay(): number {
    let delay = 2 * this.#latency();
    for (let segment = 0; segment < 4; segment += 1)
      while (this.dice.roll() < this.options.loss) delay += segment < 2 ? 1_000 : 200;
    return delay;
  }
}

const noBytes = new Uint8Array(0);
const addresses: GossipAddress[] = [];

/** Members are numbered; their address says the number. */
export function addressOf(node: number): GossipAddress {
  addresses[node] ??= { ip: Uint8Array.of(10, node >> 16, (node >> 8) & 255, node & 255), port: 8301 };
  return addresses[node];
}

function indexOf({ ip }: GossipAddress): number {
  return ((ip[1] ?? 0) << 16) | ((ip[2] ?? 0) << 8) | (ip[3] ?? 0);
}

export function nameOf(node: number): string {
  return `node-${node}`;
}

export function indexOfName(name: string): number {
  return Number(name.slice("node-".length));
}

function firstRecord(node: number): Member {
  const versions = Uint8Array.of(1, 5, 2, 2, 5, 5);
  const name = nameOf(node);
  return {
    name,
    address: addressOf(node),
    meta: noBytes,
    versions,
    incarnation: 1,
    state: "alive",
    stateChangedAt: 0,
  };
}

function packetSize({ messages, checksum }: Packet): number {
  let size = checksum ? 5 : 0;
  if (messages.length > 1) size += 2 + 2 * messages.length;
  for (const message of messages) size += messageSize(message);
  return size;
}
