// Seeds that failed once, and why. A change of the simulator draws other faults for the same seed: what each of them
// found has a unit test of its own beside it.

import type { Settings } from "./simulation.ts";

export const regressions: readonly (Settings & { readonly why: string })[] = [];
