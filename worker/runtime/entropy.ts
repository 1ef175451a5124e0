// Random bytes and the wall clock of the Workers runtime.

import type { Clock, Entropy } from "../server/ports.ts";

export const clock: Clock = { now: () => Date.now() };

export const entropy: Entropy = {
  seed: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 1,
  uuid: () => crypto.randomUUID(),
};
