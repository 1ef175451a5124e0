// What the papers promise, held against the core. SWIM: Das, Gupta, Motivala, "SWIM: Scalable Weakly-consistent
// Infection-style Process Group Membership Protocol", DSN 2002. Lifeguard: Dadgar, Phillips, Currey, 2018.

import { describe, expect, it } from "vitest";
import { lanProfile, withoutLifeguard } from "../../../shared/gossip/config.ts";
import { findMember } from "../../../shared/gossip/member-table.ts";
import type { MemberState } from "../../../shared/gossip/types.ts";
import { nameOf, SimulatedPool } from "../../sim/gossip/simulation.ts";
import { alive, oneMember, sent } from "./one-member.ts";

function pool(nodes: number, seed: number, loss = 0): SimulatedPool {
  return new SimulatedPool({ nodes, seed, loss, profile: lanProfile });
}

/** When the first running member stops believing that `victim` is well, after its crash. */
function firstSuspicionMillis(nodes: number, seed: number): number {
  const simulated = pool(nodes, seed);
  simulated.run(5_000 + 37 * seed);
  const start = simulated.now;
  simulated.crash(0);
  const suspects = () =>
    simulated.nodes.some(
      ({ state }, at) => at !== 0 && findMember(state.members, nameOf(0))?.state !== "alive",
    );
  simulated.run(60_000, suspects);
  return simulated.now - start;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

const seeds = Array.from({ length: 40 }, (_, at) => at + 1);

describe("SWIM", () => {
  it("notices a crash after e/(e−1) periods on average, however many members there are (section 3.1)", () => {
    // 1.58 periods until the first probe of the victim begins its end, and the period that this probe takes.
    const small = mean(seeds.map((seed) => firstSuspicionMillis(12, seed)));
    const large = mean(seeds.map((seed) => firstSuspicionMillis(96, seed)));
    for (const measured of [small, large]) {
      expect(measured).toBeGreaterThan(1_200);
      expect(measured).toBeLessThan(2_400);
    }
    expect(Math.abs(small - large)).toBeLessThan(500);
  });

  it("costs each member the same in a pool of any size (section 3)", () => {
    const [small, large] = [20, 200].map((nodes) => {
      const simulated = pool(nodes, 3);
      simulated.run(5_000);
      const before = simulated.statistics.packets;
      simulated.run(20_000);
      return (simulated.statistics.packets - before) / nodes / 20;
    });
    expect(small).toBeCloseTo(2, 0); // one ping and one ack a period
    expect(large).toBeCloseTo(2, 0);
  });

  it("probes every member within 2n − 1 periods (section 4.3, time-bounded completeness)", () => {
    const others = Array.from({ length: 9 }, (_, at) => `n${at}`);
    const me = oneMember(others, { streamPing: false });
    const probedAt = new Map<string, number>();
    let longest = 0;
    for (let period = 0; period < 300; period += 1) {
      const ping = sent(me.pass(1_000), "ping").at(-1);
      if (ping === undefined) continue;
      longest = Math.max(longest, period - (probedAt.get(ping.node) ?? 0));
      probedAt.set(ping.node, period);
      me.hear(ping.node, { kind: "ack", sequence: ping.sequence, payload: new Uint8Array(0) });
    }
    expect(probedAt.size).toBe(9);
    expect(longest).toBeLessThanOrEqual(2 * 9 - 1);
  });

  it("spreads news in a time that grows with the logarithm of the pool (section 4.1)", () => {
    const spread = (nodes: number) => {
      const simulated = pool(nodes, 2);
      let heard = 0;
      simulated.heard = (_observer, event) => {
        if (event.kind === "leave") heard += 1;
      };
      simulated.run(5_000);
      const start = simulated.now;
      simulated.leave(0);
      simulated.run(30_000, () => heard >= nodes);
      expect(heard).toBe(nodes);
      return simulated.now - start;
    };
    expect(spread(16)).toBeLessThan(1_500);
    expect(spread(512)).toBeLessThan(2 * spread(16) + 1_000);
  });

  it("keeps a member that refutes its suspicion (section 4.2)", () => {
    const simulated = pool(8, 4);
    let deaths = 0;
    simulated.heard = (_observer, event) => {
      if (event.kind === "leave") deaths += 1;
    };
    simulated.run(3_000);
    simulated.stall(3, 4_000); // long enough to be suspected, not to be buried
    simulated.run(30_000);
    expect(deaths).toBe(0);
    const incarnations = simulated.nodes.map(
      ({ state }) => findMember(state.members, nameOf(3))?.incarnation,
    );
    expect(Math.min(...incarnations.map((one) => one ?? 0))).toBeGreaterThan(1);
    expect(new Set(incarnations).size).toBe(1);
  });

  it("lets a message override another exactly as its rules say (section 4.2)", () => {
    type Row = readonly [
      known: MemberState,
      knownAt: number,
      message: MemberState,
      at: number,
      then: MemberState,
    ];
    const rows: readonly Row[] = [
      ["suspect", 3, "alive", 4, "alive"],
      ["suspect", 3, "alive", 3, "suspect"],
      ["alive", 3, "alive", 2, "alive"],
      ["alive", 3, "suspect", 3, "suspect"],
      ["alive", 3, "suspect", 4, "suspect"],
      ["alive", 3, "suspect", 2, "alive"],
      ["alive", 3, "dead", 3, "dead"],
      ["suspect", 3, "dead", 3, "dead"],
      ["suspect", 3, "dead", 2, "suspect"],
      ["dead", 3, "suspect", 4, "dead"],
      ["dead", 3, "alive", 3, "dead"],
      ["dead", 3, "alive", 4, "alive"], // memberlist's: the dead may come back under a higher incarnation
    ];
    for (const [known, knownAt, message, incarnation, then] of rows) {
      const me = oneMember(["c"]);
      const say = (state: MemberState, at: number) =>
        state === "alive"
          ? me.hear("b", alive("b", at))
          : me.hear("c", {
              kind: state === "suspect" ? "suspect" : "dead",
              node: "b",
              incarnation: at,
              from: "c",
            });
      say("alive", knownAt);
      if (known !== "alive") say(known, knownAt);
      say(message, incarnation);
      expect([known, knownAt, message, incarnation, me.member("b").state]).toEqual([
        known,
        knownAt,
        message,
        incarnation,
        then,
      ]);
    }
  });
});

describe("Lifeguard", () => {
  it("lets one accuser alone wait long, and several be quick (local health aware suspicion)", () => {
    const alone = pool(30, 6);
    let deathAt = Number.POSITIVE_INFINITY;
    alone.heard = (_observer, event) => {
      if (event.kind === "leave") deathAt = Math.min(deathAt, alone.now);
    };
    alone.run(3_000);
    alone.crash(0);
    const crashedAt = alone.now;
    alone.run(60_000);
    // n = 30: the shortest suspicion is 5.9 s and the longest 35 s; independent accusers bring it near the shortest.
    expect(deathAt - crashedAt).toBeGreaterThan(5_900);
    expect(deathAt - crashedAt).toBeLessThan(15_000);
  });

  it("makes a member that hears nobody ever more patient (local health aware probe)", () => {
    const me = oneMember(["b", "c", "d", "e"], { streamPing: false });
    const plain = oneMember(["b", "c", "d", "e"], { ...withoutLifeguard(lanProfile), streamPing: false });
    me.pass(9_000);
    plain.pass(9_000);
    expect(me.state.healthScore).toBeGreaterThan(3);
    expect(me.state.counters.probesFailed).toBeLessThan(plain.state.counters.probesFailed);
    expect(plain.state.healthScore).toBe(0);
  });

  it("tells a suspect first of all (buddy system), so that it refutes within a period", () => {
    const simulated = pool(40, 8);
    simulated.run(3_000);
    simulated.block(5, 1_600);
    simulated.run(1_600);
    let cleared = Number.POSITIVE_INFINITY;
    const isClear = () =>
      simulated.nodes.every(({ state }) => findMember(state.members, nameOf(5))?.state === "alive");
    const start = simulated.now;
    simulated.run(20_000, isClear);
    cleared = simulated.now - start;
    expect(cleared).toBeLessThan(6_000);
  });
});
