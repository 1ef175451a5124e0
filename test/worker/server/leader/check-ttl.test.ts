import { expect, it } from "vitest";
import { ok } from "../../../../shared/base/result.ts";
import { checkTtlExpiry } from "../../../../worker/server/leader/check-ttl.ts";
import type { DutyContext } from "../../../../worker/server/leader/index.ts";
import { testState } from "../../../support/state-builders.ts";

it("wakes for the earliest report that is due, and proposes only when one is", async () => {
  const state = testState();
  const proposed: unknown[] = [];
  const context = {
    ports: { sql: state.sql },
    propose: async (command: unknown) => {
      proposed.push(command);
      return ok(true);
    },
  } as unknown as DutyContext;
  const duty = checkTtlExpiry(context);
  const times = { node: "edge", checkId: "c", ttlMillis: 5_000, deregisterCriticalAfterMillis: 0 };
  const applied = state.apply({ kind: "checkTtl", operation: { verb: "set", ...times } }, 1_000);
  expect(duty.next()).toBeNull();
  duty.establish();
  expect(duty.next()).toEqual({ at: 6_000, wakes: true });
  duty.applied?.(applied.changed);
  expect(await duty.perform(5_999)).toBe(true);
  expect(proposed).toEqual([]);
  await duty.perform(6_000);
  expect(proposed).toEqual([{ kind: "checkTtl", operation: { verb: "expire", upTo: 6_000 } }]);
  duty.revoke();
  expect(duty.next()).toBeNull();
});
