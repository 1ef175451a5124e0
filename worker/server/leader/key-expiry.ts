// Keys that were written with a ttl: the leader deletes them when their time came, waking a sleeping datacenter for
// it. The time stands in the row, so that a new leader, or one that lost its memory, knows as much.

import type { Millis } from "../../../shared/base/brand.ts";
import { limits } from "../../../shared/limits.ts";
import { nextExpiry } from "../../../shared/state/expiry.ts";
import { watchKey } from "../../../shared/state/watch-keys.ts";
import type { DutyContext, LeaderDuty } from "./index.ts";

const expiryKey = watchKey("kv-expiry");

export function keyExpiry(context: Pick<DutyContext, "ports" | "propose">): LeaderDuty {
  const { sql } = context.ports;
  /** At or before the first expiry: a key that was deleted or got more time meanwhile is found out when it is due. */
  let earliest: Millis | null = null;
  const look = (): void => {
    earliest = nextExpiry(sql);
  };
  return {
    name: "key expiry",
    establish: look,
    revoke() {
      earliest = null;
    },
    applied(changed) {
      if (changed.includes(expiryKey)) look();
    },
    next: () => (earliest === null ? null : { at: earliest, wakes: true }),
    async perform(now) {
      look();
      if (earliest === null || earliest > now) return true;
      const expired = await context.propose({ kind: "expireKeys", upTo: now });
      look();
      return expired.ok && Number(expired.value) <= limits.expiriesPerEntryMax;
    },
  };
}
