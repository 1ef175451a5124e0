// Checks that are reported to the servers (shared/state/check-ttl.ts): the leader turns them critical when a report
// does not come in time, waking a sleeping datacenter for it. The times stand in rows and survive elections.

import type { Millis } from "../../../shared/base/brand.ts";
import { nextCheckTtl } from "../../../shared/state/check-ttl.ts";
import { watchKey } from "../../../shared/state/watch-keys.ts";
import type { DutyContext, LeaderDuty } from "./index.ts";

const ttlKey = watchKey("check-ttl");

export function checkTtlExpiry(context: Pick<DutyContext, "ports" | "propose">): LeaderDuty {
  const { sql } = context.ports;
  let earliest: Millis | null = null;
  const look = (): void => {
    earliest = nextCheckTtl(sql);
  };
  return {
    name: "check expiry",
    establish: look,
    revoke() {
      earliest = null;
    },
    applied(changed) {
      if (changed.includes(ttlKey)) look();
    },
    next: () => (earliest === null ? null : { at: earliest, wakes: true }),
    async perform(now) {
      look();
      if (earliest === null || earliest > now) return true;
      const expired = await context.propose({ kind: "checkTtl", operation: { verb: "expire", upTo: now } });
      look();
      return expired.ok;
    },
  };
}
