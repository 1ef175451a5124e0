// Tells this server's agents of each user event that it applies. An event that was applied twice (after a crash) is told
// twice: agents know it by its id. One that is old by the time it is applied is told to nobody.

import type { Millis } from "../../shared/base/brand.ts";
import { limits } from "../../shared/limits.ts";
import { eventsSince, lastEventTime } from "../../shared/state/user-events.ts";
import type { Sql } from "../../shared/state/sql.ts";
import { everything, watchKey } from "../../shared/state/watch-keys.ts";
import type { EventRow } from "../../shared/structs/user-event.ts";

export type UserEventDelivery = { applied(changed: readonly string[]): void };

/** `tell` reaches all agents that are linked to this server. */
export function createUserEventDelivery(
  sql: Sql,
  now: () => Millis,
  tell: (event: EventRow) => void,
): UserEventDelivery {
  let told = lastEventTime(sql);
  return {
    applied(changed) {
      if (!changed.includes(watchKey("events")) && !changed.includes(everything)) return;
      const fresh = eventsSince(sql, told, now() - limits.userEventAgeMillisMax);
      told = lastEventTime(sql);
      for (const event of fresh) tell(event);
    },
  };
}
