import { describe, expect, it } from "vitest";
import type { CheckTtlCommand } from "../../../shared/fsm/types.ts";
import { checkTtlApply, nextCheckTtl } from "../../../shared/state/check-ttl.ts";
import { stateTransaction } from "../../../shared/state/indexes.ts";
import { check, read, registration, service, testState } from "../../support/state-builders.ts";

const node = "edge";

function reported(deregisterCriticalAfterMillis = 0) {
  const state = testState();
  const act = (at: number, operation: CheckTtlCommand) => state.apply({ kind: "checkTtl", operation }, at);
  act(1_000, { verb: "set", node, checkId: "web-check", ttlMillis: 10_000, deregisterCriticalAfterMillis });
  const checks = [check("web-check", { ServiceID: "web", Status: "critical" })];
  state.apply({
    kind: "register",
    registration: registration(node, { Service: service("web"), Checks: checks }),
  });
  const report = (at: number, status: string) =>
    act(at, { verb: "report", node, checkId: "WEB-check", status, output: "said" });
  const status = () => read(state.sql, "Health.NodeChecks", { node }).value[0]?.Status;
  return { state, act, report, status };
}

describe("a check that is reported to the servers", () => {
  it("lasts from each report for its TTL, and is critical after it", () => {
    const s = reported();
    expect(s.report(5_000, "passing").result).toEqual({ ok: true, value: true });
    expect(nextCheckTtl(s.state.sql)).toBe(15_000);
    s.act(14_999, { verb: "expire", upTo: 14_999 });
    expect(s.status()).toBe("passing");
    const expired = s.act(15_000, { verb: "expire", upTo: 15_000 });
    expect(expired.changed).toContain("health:web");
    expect(s.status()).toBe("critical");
    expect(nextCheckTtl(s.state.sql)).toBeNull();
  });

  it("wakes nobody with a report that says the same again", () => {
    const s = reported();
    s.report(5_000, "passing");
    expect(s.report(6_000, "passing").changed).toEqual(["check-ttl:"]);
  });

  it("loses its service after the time that critical may last, counted from the first critical report", () => {
    const s = reported(60_000);
    s.report(2_000, "passing");
    s.report(5_000, "critical");
    s.report(9_000, "critical");
    s.act(64_999, { verb: "expire", upTo: 64_999 });
    expect(s.status()).toBe("critical");
    s.act(65_000, { verb: "expire", upTo: 65_000 });
    expect(s.status()).toBeUndefined();
    expect(s.state.sql.exec("SELECT * FROM check_ttls")).toEqual([]);
  });

  it("is refused when it has no TTL, or the TTL was taken away", () => {
    const s = reported();
    s.act(2_000, { verb: "set", node, checkId: "web-check", ttlMillis: 0, deregisterCriticalAfterMillis: 0 });
    expect(s.report(3_000, "passing").result).toMatchObject({ ok: false });
    expect(s.status()).toBe("critical");
  });

  it("leaves no time behind when its check was never registered", () => {
    const { sql } = testState();
    const transaction = stateTransaction(sql, 7, 1_000);
    const set = { node, checkId: "ghost", ttlMillis: 10, deregisterCriticalAfterMillis: 0 };
    checkTtlApply(transaction, { verb: "set", ...set });
    checkTtlApply(stateTransaction(sql, 8, 2_000), { verb: "expire", upTo: 2_000 });
    expect(nextCheckTtl(sql)).toBeNull();
  });
});
