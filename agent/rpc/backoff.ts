// How long to wait before the next attempt: exponential, capped, jittered so that agents do not come back together.

import type { Millis } from "../../shared/base/brand.ts";

const baseMillis = 250;
const capMillis = 30_000;

/** `attempt` counts failures in a row, from 1; `random` is in [0, 1). The wait is between half and all of the step. */
export function backoffMillis(attempt: number, random: number): Millis {
  const step = Math.min(capMillis, baseMillis * 2 ** Math.min(attempt - 1, 16));
  return Math.round(step * (0.5 + random / 2));
}
