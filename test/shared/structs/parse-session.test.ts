// What the body of /v1/session/create means, as Consul 1.8.7 was seen to take it.

import { describe, expect, it } from "vitest";
import { errorMessage } from "../../../shared/errors.ts";
import { parseSession } from "../../../shared/structs/parse-session.ts";

function parsed(body: unknown) {
  const session = parseSession(body, "here");
  if (!session.ok) throw new Error(errorMessage(session.error));
  return session.value;
}

function refused(body: unknown): string {
  const session = parseSession(body, "here");
  return session.ok ? "" : errorMessage(session.error);
}

describe("the body of a new session", () => {
  it("may be absent or empty", () => {
    const defaults = {
      Name: "",
      Node: "here",
      LockDelay: 15e9,
      Behavior: "release",
      TTL: "",
      NodeChecks: ["serfHealth"],
      ServiceChecks: null,
    };
    expect(parsed(undefined)).toEqual(defaults);
    expect(parsed(null)).toEqual(defaults);
    expect(parsed({ Unknown: 1, ID: "x", CreateIndex: 5, lockDelay: null, name: "" })).toEqual(defaults);
  });

  it("counts small lock delays in seconds, and large ones in nanoseconds", () => {
    const delays = [15, 999, 1000, "61s", "0s", 0, -5, "-3s", 1.5, true].map(
      (LockDelay) => parsed({ LockDelay }).LockDelay,
    );
    expect(delays).toEqual([15e9, 999e9, 1000, 61e9, 0, 0, -5e9, -3e18, 1e9, 0]);
    expect(refused({ LockDelay: "x" })).toBe('Request decode failed: time: invalid duration "x"');
    expect(refused({ LockDelay: "15" })).toBe('Request decode failed: time: missing unit in duration "15"');
  });

  it("ties the session to checks in both forms", () => {
    const checks = (body: object) => {
      const { NodeChecks, Checks } = parsed(body);
      return [NodeChecks, Checks];
    };
    expect(checks({ Checks: [] })).toEqual([[], undefined]);
    expect(checks({ Checks: null })).toEqual([[], undefined]);
    expect(checks({ NodeChecks: [] })).toEqual([[], undefined]);
    expect(checks({ NodeChecks: null })).toEqual([null, undefined]);
    expect(checks({ NodeChecks: ["serfHealth"], Checks: [] })).toEqual([[], undefined]);
    expect(checks({ Checks: ["live"] })).toEqual([["serfHealth"], ["live"]]);
    expect(checks({ NodeChecks: ["live"], Checks: ["serfHealth"] })).toEqual([["live"], undefined]);
    expect(checks({ NodeChecks: ["live"], Checks: ["live"] })).toEqual([["live"], ["live"]]);
    expect(parsed({ ServiceChecks: [{ ID: "w" }] }).ServiceChecks).toEqual([{ ID: "w", Namespace: "" }]);
    expect(parsed({ ServiceChecks: [] }).ServiceChecks).toEqual([]);
  });

  it("is refused in Go's words", () => {
    const prefix = "Request decode failed: json: cannot unmarshal ";
    expect(refused([])).toBe(
      `${prefix}array into Go value of type struct { LockDelay interface {}; *structs.Alias }`,
    );
    expect(refused({ TTL: 10 })).toBe(`${prefix}number into Go struct field .TTL of type string`);
    expect(refused({ Behavior: 5 })).toBe(
      `${prefix}number into Go struct field .Behavior of type structs.SessionBehavior`,
    );
    expect(refused({ Checks: "a" })).toBe(
      `${prefix}string into Go struct field .Checks of type []types.CheckID`,
    );
    expect(refused({ NodeChecks: [1] })).toBe(
      `${prefix}number into Go struct field .NodeChecks of type string`,
    );
    expect(refused({ ServiceChecks: ["w"] })).toBe(
      `${prefix}string into Go struct field .ServiceChecks of type structs.ServiceCheck`,
    );
    expect(refused({ ServiceChecks: [{ ID: 1 }] })).toBe(
      `${prefix}number into Go struct field ServiceCheck.ServiceChecks.ID of type string`,
    );
  });
});
