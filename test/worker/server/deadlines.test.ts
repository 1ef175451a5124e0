import { describe, expect, it } from "vitest";
import { createDeadlines } from "../../../worker/server/deadlines.ts";

function table() {
  const time = { now: 0 };
  const armed: (readonly [number | null, string])[] = [];
  const wake = { at: (at: number | null, urgency: "timer" | "alarm") => void armed.push([at, urgency]) };
  return { time, armed, deadlines: createDeadlines(wake, { now: () => time.now }) };
}

describe("deadlines", () => {
  it("asks the runtime for the earliest of its own and of raft's", () => {
    const { armed, deadlines } = table();
    deadlines.driverWake.at(300, "alarm");
    deadlines.after(500, () => {});
    const cancel = deadlines.after(100, () => {});
    cancel();
    expect(armed).toEqual([
      [300, "alarm"],
      [100, "timer"],
      [300, "alarm"],
    ]);
  });

  it("arms nothing when nothing waits, and repeats no news", () => {
    const { armed, deadlines } = table();
    deadlines.driverWake.at(null, "alarm");
    expect(armed).toEqual([]);
    const cancel = deadlines.after(100, () => {});
    deadlines.after(200, () => {})();
    cancel();
    expect(armed).toEqual([
      [100, "timer"],
      [null, "alarm"],
    ]);
    expect(deadlines.size).toBe(0);
  });

  it("runs what is due in the order of time, and wakes raft only when its own deadline came", () => {
    const { time, deadlines } = table();
    const ran: number[] = [];
    const cancels = [40, 10, 30, 20, 50].map((at) => deadlines.after(at, () => ran.push(at)));
    deadlines.driverWake.at(45, "timer");
    time.now = 30;
    expect(deadlines.due()).toBe(false);
    expect(ran).toEqual([10, 20, 30]);
    time.now = 45;
    expect(deadlines.due()).toBe(true);
    expect(ran).toEqual([10, 20, 30, 40]);
    for (const cancel of cancels) cancel();
    expect(deadlines.size).toBe(0);
  });

  it("hands an alarm from before a sleep to raft", () => {
    expect(table().deadlines.due()).toBe(true);
  });

  it("lets the server sleep until an alarm, unless something else of it waits for a time", () => {
    const { time, armed, deadlines } = table();
    const ran: string[] = [];
    deadlines.driverWake.at(30_000, "alarm");
    deadlines.alarm(20_000, () => ran.push("alarm"));
    const cancel = deadlines.after(40_000, () => {});
    cancel();
    expect(armed).toEqual([
      [30_000, "alarm"],
      [20_000, "alarm"],
      [20_000, "timer"],
      [20_000, "alarm"],
    ]);
    time.now = 20_000;
    deadlines.due();
    expect(ran).toEqual(["alarm"]);
    expect(armed.at(-1)).toEqual([30_000, "alarm"]);
  });

  it("has an alarm under a timer when memory may be lost before", () => {
    const asked: (readonly (number | string | null | undefined)[])[] = [];
    const deadlines = createDeadlines({ at: (...all) => void asked.push(all) }, { now: () => 0 });
    deadlines.alarm(20_000, () => {});
    deadlines.driverWake.at(100, "timer");
    expect(asked).toEqual([
      [20_000, "alarm"],
      [100, "timer", 20_000],
    ]);
  });
});
