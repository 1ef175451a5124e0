// Removes what only kept an index from falling (tombstones) and lock delays that are over: Consul's tombstone
// collection, 15 min after the deletion, 30 s of them together. Nobody is woken for it.

import type { Millis } from "../../../shared/base/brand.ts";
import { limits } from "../../../shared/limits.ts";
import { oldestReapable, reapableIndex } from "../../../shared/state/expiry.ts";
import { isPrefixWatch, splitWatchKey } from "../../../shared/state/watch-keys.ts";
import type { DutyContext, LeaderDuty } from "./index.ts";

export function reapTombstones(context: Pick<DutyContext, "ports" | "propose">): LeaderDuty {
  const { sql, clock } = context.ports;
  let at: Millis | null = null;
  const look = (): void => {
    const oldest = oldestReapable(sql);
    at = oldest === null ? null : oldest + limits.tombstoneTtlMillis + limits.tombstoneGranularityMillis;
  };
  return {
    name: "tombstones",
    establish: look,
    revoke() {
      at = null;
    },
    applied(changed) {
      // What was made just now is looked at when it is old; a change of a key may have made it.
      if (at !== null) return;
      const isKv = (key: string) => splitWatchKey(key).space === "kv";
      if (!changed.some((key) => isPrefixWatch(key) || isKv(key))) return;
      at = clock.now() + limits.tombstoneTtlMillis + limits.tombstoneGranularityMillis;
    },
    next: () => (at === null ? null : { at, wakes: false }),
    async perform(now) {
      look();
      if (at === null || at > now) return true;
      const upTo = reapableIndex(sql, now - limits.tombstoneTtlMillis);
      const reaped = await context.propose({ kind: "reapTombstones", upTo });
      look();
      return reaped.ok;
    },
  };
}
