// The simulator is worth something only if it finds what is wrong: each planted bug within 200 seeds.

import { describe, expect, it } from "vitest";
import { type Planted, plants } from "./plants.ts";
import { type Schedule, schedules } from "./schedules.ts";
import { simulate } from "./simulation.ts";

const seedsMax = 200;
const plantHours = 20 / 3_600;
/** Whoever holds a lock must do so for more than twice a TTL. */
const hoursOf = (schedule: Schedule): number => (schedule.lockers === undefined ? plantHours : 0.05);

/** The first violation that some seed finds, the likeliest seed first. */
async function find({ plant, foundBy, schedule = {}, hours }: Planted): Promise<string> {
  const seeds = [foundBy, ...Array.from({ length: seedsMax }, (_, i) => i + 1)];
  for (const seed of seeds) {
    try {
      await simulate({ seed, hours: hours ?? hoursOf(schedule), plant, schedule });
    } catch (error) {
      return `seed ${seed}: ${String(error)}`;
    }
  }
  return "nothing";
}

describe("the simulator", () => {
  for (const [bug, planted] of Object.entries(plants)) {
    it(`finds ${bug}`, async () => {
      const found = await find(planted);
      if (process.env.SIM_SHOW !== undefined) console.log(`${bug}: ${found}`);
      expect(found).toMatch(/Error: /);
    }, 240_000);
  }

  for (const [name, schedule] of Object.entries(schedules)) {
    it(`finds nothing under ${name} when nothing is planted`, async () => {
      for (let seed = 1; seed <= 4; seed += 1) await simulate({ seed, hours: hoursOf(schedule), schedule });
    }, 120_000);
  }
});
