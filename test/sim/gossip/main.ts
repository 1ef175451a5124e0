// npm run sim:gossip -- [--nodes 10,100,1000] [--loss 0,0.1,0.3] [--seed N] [--seeds K]: prints how fast crashes are
// noticed, what it costs, and how many false alarms slow processes cause with and without Lifeguard.

import { parseArgs } from "node:util";
import { type GossipProfile, lanProfile, withoutLifeguard } from "../../../shared/gossip/config.ts";
import { churn, detectCrash, partitionAndHeal, type Slowness, slowProcesses } from "./scenarios.ts";

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "10,100,1000" },
    loss: { type: "string", default: "0,0.1,0.3" },
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

function detect(): void {
  console.log(
    "nodes  loss  first     full      false  packets/node/s  bytes/node/s  stream bytes/node/s  (took)",
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
  console.log("slow  how    for     every   rules      false  at healthy  first     full");
  for (const [how, count, stallMillis, runMillis] of slowSets) {
    const set: Slowness = { nodes: 128, seconds: 120, how, slow: count, stallMillis, runMillis };
    for (const [name, profile] of profiles) {
      const outcomes = seeds.map((one) => slowProcesses(set, profile, one));
      console.log(
        [
          String(count).padEnd(5),
          how.padEnd(6),
          seconds(stallMillis).padEnd(7),
          seconds(stallMillis + runMillis).padEnd(7),
          name.padEnd(10),
          mean(outcomes.map((one) => one.falsePositives))
            .toFixed(1)
            .padEnd(6),
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

function heal(): void {
  console.log("\nafter faults, until all members agree");
  for (const one of seeds) {
    const short = partitionAndHeal(60, 8_000, lanProfile, one);
    const long = partitionAndHeal(60, 120_000, lanProfile, one);
    const mixed = churn(60, 120, 0.1, lanProfile, one);
    console.log(
      `seed ${one}: split of 8 s ${seconds(short.agreedMillis)}, of 120 s ${seconds(long.agreedMillis)}, ` +
        `${mixed.changes} changes under 10 % loss ${seconds(mixed.agreedMillis)}`,
    );
  }
}

if (parts.includes("detect")) detect();
if (parts.includes("slow")) slow();
if (parts.includes("heal")) heal();
