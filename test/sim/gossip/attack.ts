// An attacker beside a pool of three real agents in memory: every captured packet mutated and replayed, and generated
// ones, as datagrams and as streams. Nothing may throw, grow without bound, or make us send what kills others.

import type { GossipDoor } from "../../../agent/ports.ts";
import type { LanPool } from "../../../agent/gossip/lan-pool.ts";
import { limits } from "../../../shared/limits.ts";
import type { GossipAddress, PacketMessage } from "../../../shared/gossip/types.ts";
import { compress, sealPacket } from "../../../shared/wire/gossip-packets.ts";
import { sealStream } from "../../../shared/wire/gossip-streams.ts";
import { encodeSerfMessage } from "../../../shared/wire/serf-messages.ts";
import { GossipWorld, shown } from "../../agent/gossip/gossip-world.ts";
import { framingWith } from "../../support/gossip-framing.ts";
import { fromHex, gossipVectors } from "../../support/gossip-vectors.ts";
import { type Dice, seededDice } from "../clock.ts";
import { generatedMessage, generatedSerfMessage } from "./generated-messages.ts";
import { hazardOf } from "./safe-to-send.ts";

export const attackKey = Uint8Array.from({ length: 32 }, (_, at) => at); // the vectors' own
const hosts = ["10.0.0.1", "10.0.0.2", "10.0.0.3"] as const;

export class AttackedPool {
  readonly world = new GossipWorld();
  readonly pools: LanPool[] = [];
  readonly keyring: readonly Uint8Array[];
  readonly dice: Dice;
  sent = 0;
  /** The attacker's own datagrams. */
  readonly #own = new WeakSet<Uint8Array>();
  #door: GossipDoor | null = null;

  constructor(isEncrypted: boolean, seed: number) {
    this.keyring = isEncrypted ? [attackKey] : [];
    this.dice = seededDice(seed);
  }

  async open(): Promise<void> {
    for (const [at, host] of hosts.entries()) {
      const key = this.keyring.length > 0 ? { key: attackKey } : {};
      const pool = await this.world.pool(`m${at}`, host, key);
      this.pools.push(pool);
      void pool.join([hosts[0]]);
      await this.world.advance(200);
    }
    await this.world.advance(3_000);
    const host = "10.0.0.66";
    const door = await this.world
      .network(host)
      .open({ host, port: 8301, packet: () => {}, accepted: () => ({ data: () => {}, closed: () => {} }) });
    if (!door.ok) throw new Error(door.error);
    this.#door = door.value;
  }

  packet(bytes: Uint8Array): void {
    this.sent += 1;
    this.#own.add(bytes);
    this.#door?.send(this.#victim(), bytes);
  }

  stream(bytes: Uint8Array): void {
    this.sent += 1;
    const stream = this.#door?.dial(this.#victim(), { data: () => {}, closed: () => {} });
    stream?.write(bytes);
  }

  /** Every captured packet and stream: whole and repeated, cut at `cuts` places, with `flips` bits turned. */
  async mutatedVectors(cuts: number, flips: number): Promise<void> {
    for (const { hex, transport } of gossipVectors) {
      if (transport !== "udp" && transport !== "tcp") continue;
      const bytes = fromHex(hex);
      const send = (mutated: Uint8Array) =>
        transport === "udp" ? this.packet(mutated) : this.stream(mutated);
      for (let times = 0; times < 3; times += 1) send(bytes);
      const stride = Math.max(1, Math.floor(bytes.length / cuts));
      for (let length = 1; length < bytes.length; length += stride) send(bytes.slice(0, length));
      for (let times = 0; times < flips; times += 1) {
        const flipped = bytes.slice();
        const place = this.dice.between(0, bytes.length - 1);
        flipped[place] = (flipped[place] ?? 0) ^ (1 << this.dice.between(0, 7));
        send(flipped);
      }
      await this.world.advance(50);
      this.check();
    }
  }

  /** The four shapes that kill serf 0.9.4, wrapped so that we would pass them on if we believed them. */
  async crashShapes(): Promise<void> {
    this.packet(Uint8Array.of(7, 1, 0, 0));
    this.packet(compress(new Uint8Array(0)));
    const query = generatedSerfMessage(this.dice, "query");
    if (query.kind !== "query") throw new Error("no query");
    for (const serf of [
      { ...query, filters: [new Uint8Array(0)], name: "x" },
      { ...query, filters: [], name: "_serf_install-key", payload: null },
      { ...query, filters: [], name: "_serf_use-key", payload: new Uint8Array(0) },
    ]) {
      const payload = encodeSerfMessage(serf);
      this.#seal([{ kind: "user", payload }]);
      const to = { ip: Uint8Array.of(10, 0, 0, 2), port: 8301 };
      this.#seal([
        { kind: "user", payload: encodeSerfMessage({ kind: "relay", to, toName: "m1", inner: payload }) },
      ]);
    }
    await this.world.advance(2_000);
    this.check();
  }

  /** Messages of every kind with values at the edges, some compressed many times over, some longer than any packet. */
  async generated(count: number): Promise<void> {
    for (let made = 0; made < count; made += 1) {
      const messages = Array.from({ length: this.dice.between(1, 4) }, () => generatedMessage(this.dice));
      const kind = this.dice.between(0, 9);
      if (kind === 0) this.packet(bomb(this.dice.between(1, 6)));
      else if (kind === 1) this.stream(bomb(this.dice.between(1, 6)));
      else if (kind === 2) this.stream(this.#pushPull());
      else this.#seal(messages);
      if (made % 20 === 19) {
        await this.world.advance(100);
        this.check();
      }
    }
  }

  /** What must hold at any time. */
  check(): void {
    for (const datagram of this.world.datagrams.splice(0)) {
      const hazard = this.#own.has(datagram) ? null : hazardOf(datagram, this.keyring);
      if (hazard !== null) throw new Error(`sent a packet that is not safe: ${hazard}`);
    }
    for (const pool of this.pools) {
      const core = pool.driver()?.state;
      if (core === undefined) continue;
      const { members, suspicions, relays, membership, intents, queries, userEvents } = core;
      if (members.slots.size > limits.gossipMembersMax) throw new Error("too many members");
      if (suspicions.size > members.slots.size || relays.size > limits.gossipRelaysMax)
        throw new Error("too much");
      const queuesMax = Math.max(limits.gossipBroadcastsMax, 2 * members.slots.size);
      for (const queue of [intents, queries, userEvents])
        if (queue.count > queuesMax) throw new Error("a broadcast queue is too long");
      if (membership.count > members.slots.size) throw new Error("more news than members");
    }
  }

  /** Whether the three see each other again once the attacker is silent, an operator joins them again, and time passes. */
  async recovers(): Promise<boolean> {
    for (let tries = 0; tries < 60; tries += 1) {
      for (const pool of this.pools) void pool.join(hosts);
      await this.world.advance(10_000);
      this.check();
      const isWell = this.pools.every((pool) => {
        const statuses = shown(pool);
        return ["m0", "m1", "m2"].every((name) => statuses[name] === 1);
      });
      if (isWell) return true;
    }
    return false;
  }

  #seal(messages: readonly PacketMessage[]): void {
    for (const datagram of sealPacket(messages, this.dice.chance(0.5), framingWith(this.keyring)))
      this.packet(datagram);
  }

  #pushPull(): Uint8Array {
    const nodes = Array.from({ length: this.dice.between(0, 20) }, () => {
      const address: GossipAddress = { ip: Uint8Array.of(10, 0, 0, this.dice.between(1, 255)), port: 8301 };
      const states = ["alive", "suspect", "dead", "left"] as const;
      return {
        name: this.dice.pick(["m0", "m1", "m2", "ghost", `g${this.dice.between(0, 50)}`]),
        address,
        meta: new Uint8Array(this.dice.between(0, 600)),
        incarnation: this.dice.pick([0, 1, 2, 7, 0xffff_ffff]),
        state: this.dice.pick(states),
        versions: Uint8Array.of(1, 5, 2, 2, 5, this.dice.pick([4, 5, 9])),
      };
    });
    const userState = encodeSerfMessage(generatedSerfMessage(this.dice, "pushPull"));
    return sealStream(
      { kind: "pushPull", join: this.dice.chance(0.5), nodes, userState },
      framingWith(this.keyring),
      "dialler",
    );
  }

  #victim(): GossipAddress {
    return { ip: Uint8Array.of(10, 0, 0, this.dice.between(1, 3)), port: 8301 };
  }
}

/** Megabytes in a few hundred bytes, `depth` times over. */
function bomb(depth: number): Uint8Array {
  let message: Uint8Array = new Uint8Array(200_000).fill(8);
  for (let times = 0; times < depth; times += 1) message = compress(message);
  return message.length <= limits.gossipDatagramBytesMax ? message : message.slice(0, 60_000);
}
