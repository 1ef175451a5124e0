// A short run of the simulator; longer ones: npm run sim -- --seeds 1..2000 --hours 5.

import { expect, it } from "vitest";
import { regressions } from "./regressions.ts";
import { simulate } from "./simulation.ts";

it("keeps every promise under faults for 20 seeds, then converges and falls asleep", async () => {
  let writes = 0;
  for (let seed = 1; seed <= 20; seed += 1) {
    const outcome = await simulate({ seed, hours: 0.1 }).catch((error: unknown) => {
      throw new Error(`npm run sim -- --seed ${seed} --hours 0.1`, { cause: error });
    });
    writes += outcome.operations.writes;
  }
  expect(writes).toBeGreaterThan(1_000);
}, 60_000);

it("repeats a seed to the bit", async () => {
  const once = await simulate({ seed: 7, hours: 0.1 });
  const again = await simulate({ seed: 7, hours: 0.1 });
  expect(again).toEqual(once);
  const other = await simulate({ seed: 8, hours: 0.1 });
  expect(other.hash).not.toBe(once.hash);
}, 60_000);

for (const { why, ...settings } of regressions) {
  it(`holds where it failed once: seed ${settings.seed}: ${why}`, async () => {
    await simulate(settings);
  }, 60_000);
}
