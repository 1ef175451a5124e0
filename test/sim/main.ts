// npm run sim -- --seed N [--count K] [--seconds S]: runs seeds N … N+K-1 and prints the first that fails.

import { parseArgs } from "node:util";
import { simulate } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "1" },
    seconds: { type: "string", default: "40" },
  },
});
const first = Number(values.seed);
let writes = 0;
let reads = 0;
let faults = 0;
for (let seed = first; seed < first + Number(values.count); seed += 1) {
  try {
    const outcome = await simulate(seed, Number(values.seconds) * 1_000);
    writes += outcome.writes;
    reads += outcome.reads;
    faults += outcome.faults;
    if (values.count === "1") console.log(JSON.stringify(outcome));
  } catch (error) {
    console.error(error);
    console.error(`seed ${seed} failed; replay: npm run sim -- --seed ${seed} --seconds ${values.seconds}`);
    process.exit(1);
  }
}
console.log(`${values.count} seeds without a violation: ${writes} writes, ${reads} reads, ${faults} faults`);
