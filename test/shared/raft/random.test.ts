// The core under random schedules: messages out of order, lost and twice; crashes, compaction, cuts; membership changes
// and transfers at any moment. Safety after every turn, and convergence when the trouble ends. The simulator does the
// same with whole servers; this is the quick one for changes of the core.

import { describe, expect, it } from "vitest";
import { nextRandom } from "../../../shared/base/prng.ts";
import type { RaftMode } from "../../../shared/raft/config.ts";
import { serverIds } from "../../../shared/raft/membership.ts";
import { configurationOf } from "../../../shared/raft/state.ts";
import type { MembershipChange, ServerId } from "../../../shared/raft/types.ts";
import { type Core, CoreCluster } from "./core-cluster.ts";
import { group } from "./raft-group.ts";

const all = ["a", "b", "c", "d", "e"] as unknown as readonly ServerId[];
const modes: readonly RaftMode[] = ["awake", "drowsy", "quiescent"];
const kinds = ["addVoter", "addNonvoter", "demote", "remove", "replace"] as const;

class Run {
  readonly cluster: CoreCluster;
  readonly #leaders = new Map<number, string>();
  readonly #history = new Map<number, string>();
  readonly #seen = new Map<string, number>();
  #random: number;
  #writes = 0;
  changes = 0;

  constructor(seed: number) {
    this.#random = seed;
    this.cluster = new CoreCluster(modes[this.roll(3)]);
    const first = all.slice(0, 1 + this.roll(4));
    for (const id of all) this.cluster.add(id, first.includes(id) ? group(first) : null);
  }

  roll(sides: number): number {
    const drawn = nextRandom(this.#random);
    this.#random = drawn.state;
    return Math.floor(drawn.value * sides);
  }

  turn(): void {
    const { cluster } = this;
    const id = all[this.roll(all.length)]!;
    const core = cluster.core(id);
    const dice = this.roll(100);
    if (dice < 55) this.#deliver();
    else if (dice < 75) this.#passTime();
    else if (dice < 84) this.#ifUp(core, () => this.#write(id));
    else if (dice < 87) this.#ifUp(core, () => this.#compact(core));
    else if (dice < 88) this.#ifUp(core, () => cluster.crash(id));
    else if (dice < 94) {
      if (!core.isUp) cluster.restart(id);
    } else if (dice < 97) this.#change();
    else if (dice < 98) {
      const to = this.roll(2) === 0 ? null : all[this.roll(5)]!;
      this.#ifUp(core, () => void cluster.take(id, { kind: "transfer", to }));
    } else if (dice < 99) cluster.isolate(id);
    else cluster.heal();
    this.check();
  }

  #ifUp(core: Core, body: () => void): void {
    if (core.isUp) body();
  }

  #deliver(): void {
    const { cluster } = this;
    for (let n = this.roll(8); n > 0; n -= 1) {
      const at = this.roll(Math.min(6, Math.max(1, cluster.inFlight.length)));
      const message = cluster.inFlight[at];
      if (message === undefined) return;
      if (this.roll(20) === 0) cluster.inFlight.push(message);
      if (this.roll(20) === 0) cluster.inFlight.splice(at, 1);
      else cluster.deliverOne((each) => each === message);
    }
  }

  #passTime(): void {
    const { cluster } = this;
    cluster.now += this.roll(400);
    for (const core of cluster.cores.values()) {
      const isDue = core.wakeAt !== null && core.wakeAt <= cluster.now;
      if (core.isUp && isDue) cluster.take(core.id, { kind: "wake" });
    }
  }

  #write(id: string): void {
    this.#writes += 1;
    this.cluster.take(id, { kind: "propose", commands: [`w${this.#writes}`] });
  }

  #compact({ id, state, disk }: Core): void {
    const upTo = state.appliedIndex - 2;
    const isKnown = disk.configurations.some((each) => each.index <= upTo);
    if (upTo > disk.base.index && isKnown) this.cluster.compact(id, this.roll(3));
  }

  #change(): void {
    const leader = [...this.cluster.cores.values()].find((core) => core.isUp && core.state.role === "leader");
    if (leader === undefined) return;
    const id = all[this.roll(5)]!;
    const kind = kinds[this.roll(kinds.length)]!;
    const change: MembershipChange =
      kind === "replace"
        ? { kind, servers: group(all.filter(() => this.roll(2) === 0)).servers }
        : { kind, id, address: `${id}:8300` };
    leader.answers.length = 0;
    this.cluster.take(leader.id, { kind: "change", change });
    if (leader.answers.some((answer) => answer.kind === "changing")) this.changes += 1;
  }

  /** §5.2 Election Safety, and §5.4 State Machine Safety. */
  check(): void {
    for (const { id, state, disk } of this.cluster.cores.values()) {
      if (state.role === "leader") {
        const known = this.#leaders.get(state.hard.term) ?? id;
        if (known !== id) throw new Error(`term ${state.hard.term} has two leaders: ${known} and ${id}`);
        this.#leaders.set(state.hard.term, id);
      }
      for (const entry of disk.applied.slice(Math.max(0, (this.#seen.get(id) ?? 0) - 3))) {
        const text = `${entry.term} ${entry.command}`;
        const known = this.#history.get(entry.index) ?? text;
        if (known !== text) throw new Error(`${id} applies ${text} at ${entry.index}, not ${known}`);
        this.#history.set(entry.index, text);
      }
      this.#seen.set(id, disk.applied.length);
    }
  }

  /** Nothing is lost or cut any more: somebody leads, and everybody of its configuration has everything. */
  converge(): void {
    const { cluster } = this;
    cluster.heal();
    for (const id of all) if (!cluster.core(id).isUp) cluster.restart(id);
    this.#calm(40);
    const leader = cluster.leader();
    cluster.take(leader.id, { kind: "propose", commands: ["last"] });
    this.#calm(10);
    const applied = (id: string) =>
      cluster.core(id).disk.applied.map((entry) => `${entry.index}/${entry.term}`);
    expect(leader.disk.applied.at(-1)?.command).toBe("last");
    for (const id of serverIds(configurationOf(leader.state)))
      expect(applied(id)).toEqual(applied(leader.id));
  }

  #calm(seconds: number): void {
    for (let second = 0; second < seconds; second += 1) {
      for (const id of all) this.cluster.take(id, { kind: "stir" });
      this.cluster.advance(1_000);
      this.check();
    }
  }
}

describe("the core", () => {
  it("keeps its promises under 100 random schedules, and converges", () => {
    let changes = 0;
    for (let seed = 1; seed <= 100; seed += 1) {
      const run = new Run(seed);
      try {
        for (let turn = 0; turn < 600; turn += 1) run.turn();
        run.converge();
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      changes += run.changes;
    }
    expect(changes).toBeGreaterThan(100);
  }, 60_000);
});
