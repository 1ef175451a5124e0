// npm run sim -- --seed N [--seeds A..B] [--hours H] [--servers N] [--mode drowsy|quiescent|awake]: one line a seed, then
// totals. The same seed and settings print the same hash. See README.md for what the columns mean.

import { parseArgs } from "node:util";
import type { Mode } from "./options.ts";
import { type Settings, simulate } from "./simulation.ts";
import { createTotals, lineOf } from "./totals.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string" },
    hours: { type: "string", default: "1" },
    servers: { type: "string" },
    mode: { type: "string" },
    verbose: { type: "boolean", default: false },
    quiet: { type: "boolean", default: false },
    "keep-going": { type: "boolean", default: false },
  },
});

const [first, last] = (values.seeds ?? values.seed).split("..").map(Number);
const fixed: Omit<Settings, "seed"> = {
  hours: Number(values.hours),
  ...(values.verbose ? { log: (line: string) => console.log(line) } : {}),
  ...(values.servers === undefined ? {} : { servers: Number(values.servers) }),
  ...(values.mode === undefined ? {} : { mode: values.mode as Mode }),
};
const replay = `--hours ${values.hours}${values.servers === undefined ? "" : ` --servers ${values.servers}`}${
  values.mode === undefined ? "" : ` --mode ${values.mode}`
}`;

const totals = createTotals();
const began = performance.now();
for (let seed = first ?? 1; seed <= (last ?? first ?? 1); seed += 1) {
  try {
    const outcome = await simulate({ ...fixed, seed });
    totals.add(outcome);
    if (!values.quiet) console.log(lineOf(outcome));
    else if (seed % 50 === 0) console.log(`… ${seed}: ${totals.line()}`);
  } catch (error) {
    totals.violation();
    console.error(error);
    console.error(`seed ${seed}: a violation; replay it with: npm run sim -- --seed ${seed} ${replay}`);
    if (!values["keep-going"]) break;
  }
}
console.log(totals.text());
console.log(`${((performance.now() - began) / 1_000).toFixed(1)} s`);
process.exit(totals.violations() === 0 ? 0 : 1);
