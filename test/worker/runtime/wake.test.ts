import { describe, expect, it, vi } from "vitest";
import { createWake } from "../../../worker/runtime/wake.ts";

function storage(initial: number | null) {
  const written: number[] = [];
  return {
    written,
    getAlarm: async () => initial,
    setAlarm: async (at: number | Date) => void written.push(Number(at)),
  };
}

describe("an object's wake", () => {
  it("writes an alarm once when its deadline only moves later", async () => {
    const alarms = storage(null);
    const wake = createWake(
      alarms,
      () => 0,
      () => undefined,
    );
    wake.at(30_000, "alarm");
    await vi.waitFor(() => expect(alarms.written).toEqual([30_000]));
    wake.at(31_000, "alarm");
    wake.at(32_000, "alarm");
    expect(alarms.written).toEqual([30_000]);
    expect(wake.alarmCame(30_000)).toBe(false);
    expect(alarms.written).toEqual([30_000, 32_000]);
    expect(wake.alarmCame(32_000)).toBe(true);
  });

  it("leaves an alarm alone that storage already holds and that comes in time", async () => {
    const alarms = storage(20_000);
    const wake = createWake(
      alarms,
      () => 0,
      () => undefined,
    );
    wake.at(30_000, "alarm");
    await new Promise((resolve) => setImmediate(resolve));
    expect(alarms.written).toEqual([]);
    wake.at(10_000, "alarm");
    expect(alarms.written).toEqual([10_000]);
  });

  it("keeps no timer when the server may sleep", () => {
    vi.useFakeTimers();
    const due = vi.fn();
    const wake = createWake(storage(null), () => 0, due);
    wake.at(100, "timer");
    expect(vi.getTimerCount()).toBe(1);
    wake.at(30_000, "alarm");
    expect(vi.getTimerCount()).toBe(0);
    wake.at(100, "timer");
    vi.advanceTimersByTime(100);
    expect(due).toHaveBeenCalledOnce();
    wake.at(null, "timer");
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("writes an alarm under a timer for what must survive the loss of memory", async () => {
    vi.useFakeTimers();
    const alarms = storage(null);
    const due = vi.fn();
    const wake = createWake(alarms, () => 0, due);
    wake.at(100, "timer", 20_000);
    await vi.advanceTimersByTimeAsync(0);
    expect(alarms.written).toEqual([20_000]);
    wake.at(100, "timer", 15_000);
    wake.at(100, "timer", 25_000);
    expect(alarms.written).toEqual([20_000, 15_000]);
    expect(wake.alarmCame(15_000)).toBe(false);
    expect(alarms.written).toEqual([20_000, 15_000, 25_000]);
    await vi.advanceTimersByTimeAsync(100);
    expect(due).toHaveBeenCalledOnce();
    vi.useRealTimers();
  });
});
