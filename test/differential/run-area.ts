// An area's scenarios one after the other on a pair of agents, which are emptied in between.

import { clean } from "./clean.ts";
import { startProgram } from "./program.ts";
import { compare, type Difference } from "./run.ts";
import type { Area } from "./steps.ts";

/** Performs all scenarios of an area on one pair of fresh agents; `told` hears of each scenario once it is done. */
export async function runArea(
  consul: string,
  area: Area,
  told: (found: readonly Difference[]) => void = () => {},
): Promise<Difference[]> {
  const [left, right] = await Promise.all([startProgram(consul, area), startProgram(null, area)]);
  const found: Difference[] = [];
  try {
    for (const scenario of area.scenarios) {
      const differences = await compare(left, right, area.name, scenario);
      found.push(...differences);
      told(differences);
      await Promise.all([clean(left), clean(right)]);
    }
  } finally {
    await Promise.all([left.stop(), right.stop()]);
  }
  return found;
}
