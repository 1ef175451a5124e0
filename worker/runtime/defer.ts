// "Later in this turn" inside an object. A zero timer, not a microtask: every request is an event of its own, and only
// a timer lets the events that wait run first, so that they share one commit. Measured in workerd with 64 writers:
// 4,900 writes/s in batches of 32, against 1,800/s one by one; with a single writer both give 1,700/s. The timer is gone
// once it fired, so it does not keep an idle object awake.

import type { Defer } from "../server/ports.ts";

export const defer: Defer = (body) => {
  setTimeout(body, 0);
};
