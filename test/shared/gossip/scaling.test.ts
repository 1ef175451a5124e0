// The formulas against the figures of the reference (sections 9.3, 9.4, 10.1, 10.4).

import { describe, expect, it } from "vitest";
import { adjustHealth, failedProbeDelta, scaleByHealth } from "../../../shared/gossip/awareness.ts";
import {
  confirmationsWanted,
  pushPullInterval,
  retransmitLimit,
  suspicionMin,
  suspicionTimeout,
} from "../../../shared/gossip/scaling.ts";
import { beginSuspicion, confirmSuspicion } from "../../../shared/gossip/suspicion.ts";

const lan = { suspicionMult: 4, suspicionMaxTimeoutMult: 6, probeIntervalMillis: 1_000 };

describe("formulas", () => {
  it("send a broadcast 4, 8 and 12 times in pools of 9, 99 and 999", () => {
    expect([1, 9, 10, 99, 100, 999].map((n) => retransmitLimit(4, n))).toEqual([4, 4, 8, 8, 12, 12]);
  });

  it("make suspicions as long as real agents do", () => {
    expect([3, 10, 100, 1_000].map((n) => suspicionMin(4, n, 1_000))).toEqual([4_000, 4_000, 8_000, 12_000]);
    expect([1, 3, 4].map((n) => confirmationsWanted(4, n))).toEqual([0, 0, 2]);
    const at10 = [0, 1, 2].map((count) => suspicionTimeout(count, 2, 4_000, 24_000));
    expect(at10).toEqual([24_000, 11_381, 4_000]);
    const at100 = [0, 1, 2].map((count) => suspicionTimeout(count, 2, 8_000, 48_000));
    expect(at100).toEqual([48_000, 22_762, 8_000]);
  });

  it("exchange whole states more rarely in pools of more than 32", () => {
    expect([2, 32, 33, 64, 65, 1_000].map((n) => pushPullInterval(30, n) / 30)).toEqual([1, 1, 2, 2, 3, 6]);
  });

  it("keep the health score between well and the worst", () => {
    expect(adjustHealth(0, -1, 8)).toBe(0);
    expect(adjustHealth(6, 5, 8)).toBe(7);
    expect(scaleByHealth(1_000, 7)).toBe(8_000);
    expect([failedProbeDelta(0, 0), failedProbeDelta(3, 1), failedProbeDelta(3, 3)]).toEqual([1, 2, 0]);
  });
});

describe("a suspicion", () => {
  it("counts each accuser once, and no more than it needs", () => {
    const alone = beginSuspicion(lan, 10, "a", 1, 0);
    expect(alone.endsAt).toBe(24_000);
    expect(confirmSuspicion(alone, "a")).toBeNull();
    const one = confirmSuspicion(alone, "b");
    const two = one === null ? null : confirmSuspicion(one, "c");
    expect([one?.endsAt, two?.endsAt]).toEqual([11_381, 4_000]);
    expect(two === null ? two : confirmSuspicion(two, "d")).toBeNull();
  });

  it("is at its shortest from the start where nobody could confirm it", () => {
    expect(beginSuspicion(lan, 3, "a", 1, 0).endsAt).toBe(4_000);
  });
});
