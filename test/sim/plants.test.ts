// The simulator is worth something only if it finds what is wrong: each planted bug within 200 seeds.

import { describe, expect, it } from "vitest";
import { plants } from "./plants.ts";
import { schedules } from "./schedules.ts";
import { simulate } from "./simulation.ts";

const plantHours = 20 / 3_600;

describe("the simulator", () => {
  for (const [bug, { plant, schedule = {} }] of Object.entries(plants)) {
    it(`finds ${bug}`, async () => {
      let found: unknown = null;
      let seed = 1;
      for (; seed <= 200 && found === null; seed += 1) {
        await simulate({ seed, hours: plantHours, plant, schedule }).catch((error: unknown) => {
          found = error;
        });
      }
      if (process.env.SIM_SHOW !== undefined) console.log(`${bug}: seed ${seed - 1}: ${found}`);
      expect(String(found)).toMatch(/Error: /);
    }, 60_000);
  }

  for (const [name, schedule] of Object.entries(schedules)) {
    it(`finds nothing under ${name} when nothing is planted`, async () => {
      for (let seed = 1; seed <= 30; seed += 1) await simulate({ seed, hours: plantHours, schedule });
    }, 60_000);
  }
});
