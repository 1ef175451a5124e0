// A short run of the simulator; longer ones: npm run sim -- --seed 1 --count 2000.

import { expect, it } from "vitest";
import { simulate } from "./simulation.ts";

it("keeps every promise under faults for 100 seeds, then converges and falls asleep", async () => {
  let writes = 0;
  for (let seed = 1; seed <= 100; seed += 1) {
    const outcome = await simulate(seed, 12_000).catch((error: unknown) => {
      throw new Error(`npm run sim -- --seed ${seed} --seconds 12`, { cause: error });
    });
    writes += outcome.writes;
  }
  expect(writes).toBeGreaterThan(2_000);
}, 60_000);
