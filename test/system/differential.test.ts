// A short run of test/differential: random sequences by a seed and a few scenarios, on real Consul and on Legate.
// `npm run differential` performs all of them.

import { describe, expect, it } from "vitest";
import { consulPath } from "../differential/program.ts";
import { randomScenario } from "../differential/random.ts";
import { runArea } from "../differential/run-area.ts";
import { areas } from "../differential/scenarios/index.ts";

const seed = Number(process.env.DIFFERENTIAL_SEED ?? 20_261);
const consul = consulPath();
const short = ["kv-reads", "txn", "small-limits"];

describe.skipIf(consul === null)("beside real Consul (skipped without it: CONSUL)", () => {
  it.each(short)("%s is answered alike", { timeout: 180_000 }, async (name) => {
    const area = areas.find((each) => each.name === name);
    if (area === undefined) throw new Error(`there is no area ${name}`);
    expect(await runArea(consul ?? "", area)).toEqual([]);
  });

  it(`random requests from seed ${seed} are answered alike`, { timeout: 180_000 }, async () => {
    const scenarios = Array.from({ length: 6 }, (_, at) => randomScenario(seed + at, 40));
    expect(await runArea(consul ?? "", { name: "random", scenarios })).toEqual([]);
  });
});

it.runIf(consul === null)("says that the comparison with real Consul was skipped", () => {
  process.stdout.write("differential: skipped, there is no real Consul (set CONSUL to its path)\n");
});
