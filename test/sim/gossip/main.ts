// npm run sim:gossip -- [--nodes 10,100,1000,10000] [--loss 0,0.1,0.2,0.3] [--seed N] [--seeds K] [--only detect,slow,
// heal]: prints how fast crashes are noticed beside what the papers expect, what it costs, how many false alarms slow
// processes cause with and without Lifeguard, and how soon all agree after faults. docs/gossip.md has a run of it.

import { parseArgs } from "node:util";
import { type GossipProfile, lanProfile, withoutLifeguard } from "../../../shared/gossip/config.ts";
import { suspicionMin } from "../../../shared/gossip/scaling.ts";
import { churn, detectCrash, partitionAndHeal, type Slowness, slowProcesses } from "./scenarios.ts";

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "10,100,1000,10000" },
    loss: { type: "string", default: "0,0.1,0.2,0.3" },
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "3" },
    only: { type: "string", default: "detect,slow,heal" },
  },
});
const seed = Number(values.seed);
const seeds = Array.from({ length: Number(values.seeds) }, (_, at) => seed + at);
const parts = values.only.split(",");

function seconds(millis: number | null): string {
  return millis === null || !Number.isFinite(millis) ? "–" : `${(millis / 1_000).toFixed(1)} s`;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

/**
 * SWIM section 3.2: the first ping at a crashed member is expected after e/(e-1) protocol periods; an unanswered one
 * takes a period to its suspicion, and that lasts at least what Lifeguard's formula says for so many members.
 */
function expectedMillis(nodes: number): number {
  const { probeIntervalMillis, suspicionMult } = lanProfile;
  const firstPing = (Math.E / (Math.E - 1)) * probeIntervalMillis;
  return firstPing + probeIntervalMillis + suspicionMin(suspicionMult, nodes, probeIntervalMillis);
}

function detect(): void {
  console.log(
    "one of so many members crashes; expected: SWIM's first ping and Lifeguard's shortest suspicion",
  );
  console.log(
    "nodes  loss  expected  first     full      false  packets/node/s  bytes/node/s  stream bytes/node/s  (took)",
  );
  for (const nodes of values.nodes.split(",").map(Number)) {
    for (const loss of values.loss.split(",").map(Number)) {
      const start = Date.now();
      const found = detectCrash(nodes, loss, lanProfile, seed);
      const took = `(${((Date.now() - start) / 1_000).toFixed(1)} s)`;
      const numbers = [found.packetsPerNodeSecond.toFixed(1), found.packetBytesPerNodeSecond.toFixed(0)];
      console.log(
        [
          String(nodes).padEnd(6),
          `${loss * 100} %`.padEnd(5),
          seconds(expectedMillis(nodes)).padEnd(9),
          seconds(found.firstMillis).padEnd(9),
          seconds(found.fullMillis).padEnd(9),
          String(found.falsePositives).padEnd(6),
          numbers[0]?.padEnd(15),
          numbers[1]?.padEnd(13),
          found.streamBytesPerNodeSecond.toFixed(0).padEnd(20),
          took,
        ].join(" "),
      );
    }
  }
}

const profiles: readonly (readonly [string, GossipProfile])[] = [
  ["SWIM", withoutLifeguard(lanProfile)],
  ["Lifeguard", { ...lanProfile, stallAware: false }],
  ["Legate", lanProfile],
];

const slowSets: readonly (readonly [Slowness["how"], number, number, number])[] = [
  ["block", 4, 8_000, 1_000],
  ["block", 16, 2_000, 256],
  ["block", 16, 16_000, 256],
  ["block", 32, 8_000, 4_000],
  ["block", 32, 32_000, 1_000],
  ["stall", 32, 8_000, 1_000],
];

function slow(): void {
  console.log(
    "\n128 members, some of which are slow again and again; false positives about those that never are",
  );
  console.log("slow  how    for     every   rules      false    fewer    at healthy  first     full");
  for (const [how, count, stallMillis, runMillis] of slowSets) {
    const set: Slowness = { nodes: 128, seconds: 120, how, slow: count, stallMillis, runMillis };
    let without: number | null = null;
    for (const [name, profile] of profiles) {
      const outcomes = seeds.map((one) => slowProcesses(set, profile, one));
      const alarms = mean(outcomes.map((one) => one.falsePositives));
      without ??= alarms;
      console.log(
        [
          String(count).padEnd(5),
          how.padEnd(6),
          seconds(stallMillis).padEnd(7),
          seconds(stallMillis + runMillis).padEnd(7),
          name.padEnd(10),
          alarms.toFixed(1).padEnd(8),
          (alarms === 0 ? "all" : `${(without / alarms).toFixed(0)} ×`).padEnd(8),
          mean(outcomes.map((one) => one.falsePositivesAtHealthy))
            .toFixed(1)
            .padEnd(11),
          seconds(mean(outcomes.map((one) => one.firstMillis))).padEnd(9),
          seconds(mean(outcomes.map((one) => one.fullMillis))),
        ].join(" "),
      );
    }
  }
}

/** Throws when the members do not agree within five minutes. */
function heal(): void {
  console.log("\n100 members, after faults, until all agree (eventually-members-agree)");
  console.log("seed  loss  split 8 s  split 120 s  churn: changes, agreed");
  for (const one of seeds) {
    for (const loss of [0, 0.1, 0.3]) {
      const short = partitionAndHeal(100, 8_000, lanProfile, one, loss);
      const long = partitionAndHeal(100, 120_000, lanProfile, one, loss);
      const mixed = churn(100, 120, loss, lanProfile, one);
      const row = [
        String(one).padEnd(5),
        `${loss * 100} %`.padEnd(5),
        seconds(short.agreedMillis).padEnd(10),
      ];
      row.push(seconds(long.agreedMillis).padEnd(12), `${mixed.changes}, ${seconds(mixed.agreedMillis)}`);
      console.log(row.join(" "));
    }
  }
}

if (parts.includes("detect")) detect();
if (parts.includes("slow")) slow();
if (parts.includes("heal")) heal();
