// Serf members over a membership core that is only pretended: everybody hears everybody at once. For the tests of this
// folder; the two cores together are tested in pool.test.ts of agent/gossip and with real serfs in test/system.

import type { GossipEvent, Member } from "../../../shared/gossip/types.ts";
import { serfVersions } from "../../../shared/gossip/config.ts";
import {
  consulSerfDefaults,
  newSerfState,
  type SerfConfig,
  type SerfStart,
  type SerfState,
} from "../../../shared/serf/state.ts";
import { step } from "../../../shared/serf/step.ts";
import type { SerfEffects, SerfEvent, SerfInput } from "../../../shared/serf/types.ts";
import { serfCodec } from "../../../shared/wire/serf-codec.ts";

export type Node = {
  readonly state: SerfState;
  readonly events: SerfEvent[];
  /** Everything this node has asked of its core, for looking at. */
  readonly spread: Uint8Array[];
  readonly sent: SerfEffects["sends"][number][];
  last: SerfEffects;
  up: boolean;
};

export type Pool = ReturnType<typeof createPool>;

export function createPool() {
  const nodes = new Map<string, Node>();
  const pool = {
    now: 1_000,
    nodes,
    /** The member that the core would report. */
    member(name: string): Member {
      const { config, members } = pool.node(name).state;
      const self = members.get(name);
      const meta = self?.meta ?? new Uint8Array(0);
      const base = { name, address: config.address, meta, versions: serfVersions, incarnation: 1 };
      return { ...base, state: "alive", stateChangedAt: pool.now };
    },
    node(name: string): Node {
      const node = nodes.get(name);
      if (node === undefined) throw new Error(`no node ${name}`);
      return node;
    },
    /** A new member that everybody sees at once. */
    add(name: string, config: Partial<SerfConfig> = {}, start: Partial<SerfStart> = {}): Node {
      const address = { ip: Uint8Array.of(10, 0, 0, nodes.size + 1), port: 8301 };
      const whole: SerfConfig = { ...consulSerfDefaults, name, address, codec: serfCodec, ...config };
      const begin = { tags: new Map([["role", "node"]]), versions: serfVersions, keyring: [], clocks: null };
      const state = newSerfState(whole, { ...begin, seed: nodes.size + 1, now: pool.now, ...start });
      const node: Node = {
        state,
        events: [],
        spread: [],
        sent: [],
        last: step(state, { kind: "started" }, pool.now),
        up: true,
      };
      const others = [...nodes.keys()];
      nodes.set(name, node);
      for (const other of others) {
        pool.hear(name, { kind: "join", member: pool.member(other) });
        pool.hear(other, { kind: "join", member: pool.member(name) });
      }
      return node;
    },
    hear(name: string, event: GossipEvent): void {
      pool.give(name, { kind: "gossip", event });
    },
    give(name: string, input: SerfInput): SerfEffects {
      const node = pool.node(name);
      const effects = step(node.state, input, pool.now);
      node.last = effects;
      node.events.push(...effects.events);
      for (const wanted of effects.gossip) {
        if (wanted.kind === "broadcast") {
          node.spread.push(wanted.payload);
          for (const other of nodes.keys()) {
            if (other !== name && pool.node(other).up)
              pool.hear(other, { kind: "user", payload: wanted.payload });
          }
          if (wanted.token !== null) pool.hear(name, { kind: "transmitted", token: wanted.token });
        } else if (wanted.kind === "leave") {
          pool.gone(name);
          pool.hear(name, { kind: "left" });
        }
      }
      for (const { to, payload } of effects.sends) {
        node.sent.push({ to, payload });
        for (const other of nodes.values()) {
          if (other.up && other.state.config.address.ip.join() === to.ip.join()) {
            pool.hear(other.state.config.name, { kind: "user", payload });
          }
        }
      }
      return effects;
    },
    /** The others' cores report that a member is gone. */
    gone(name: string): void {
      const member: Member = { ...pool.member(name), state: "dead" };
      for (const other of nodes.keys()) if (other !== name) pool.hear(other, { kind: "leave", member });
    },
    crash(name: string): void {
      pool.node(name).up = false;
      pool.gone(name);
    },
    /** Time passes; whoever asked to be woken is. */
    pass(millis: number): void {
      pool.now += millis;
      for (const [name, node] of nodes) {
        while (node.up && node.last.wakeAt !== null && node.last.wakeAt <= pool.now) {
          const before = node.last.wakeAt;
          pool.give(name, { kind: "wake" });
          if (node.last.wakeAt === before) break;
        }
      }
    },
    statuses(name: string): Record<string, string> {
      const { members } = pool.node(name).state;
      return Object.fromEntries([...members.values()].map((member) => [member.name, member.status]));
    },
    kinds(name: string): string[] {
      return pool
        .node(name)
        .events.map((event) => ("member" in event ? `${event.kind} ${event.member.name}` : event.kind));
    },
  };
  return pool;
}
