// Seeds that failed once, and why. A change of the simulator draws other faults for the same seed: what each of them
// found has a unit test of its own beside it.

import type { Settings } from "./simulation.ts";

export const regressions: readonly (Settings & { readonly why: string })[] = [
  {
    seed: 5,
    hours: 0.3,
    why: "a leader that was demoted while it was cut off held the only log that could win",
  },
  { seed: 63, hours: 0.3, why: "a group of two whose leader removed itself elected nobody ever after" },
  { seed: 44, hours: 0.3, why: "an agent whose server slept before it was in the catalog never came there" },
  { seed: 1147, hours: 0.3, why: "a server that did not know of its removal kept the whole group awake" },
  {
    seed: 1278,
    hours: 0.5,
    why: "the only survivor had been removed and was just added again: it refused the recovery that it had shown",
  },
  {
    seed: 409,
    hours: 1,
    why: "an answer was lost with the server's memory, and the link was reset only with the next change",
  },
  {
    seed: 4779,
    hours: 1,
    why: "a survivor slept through the loss of the others, and no recovery that it refused made it look for them",
  },
];
