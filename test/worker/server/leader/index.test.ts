import { describe, expect, it } from "vitest";
import { ok } from "../../../../shared/base/result.ts";
import { everything } from "../../../../shared/state/watch-keys.ts";
import { createDeadlines } from "../../../../worker/server/deadlines.ts";
import { createLeaderDuties, type Due, type DutyContext } from "../../../../worker/server/leader/index.ts";
import { VirtualTime } from "../../../support/virtual-time.ts";

function world(mode: "drowsy" | "awake" = "drowsy") {
  const time = new VirtualTime();
  const armed: (readonly [number | null, string])[] = [];
  const alarm = time.wake(() => {
    deadlines.due();
    duties.woken();
  });
  const deadlines = createDeadlines(
    {
      at(deadline, urgency) {
        armed.push([deadline === null ? null : deadline - 1_000_000, urgency]);
        alarm.port.at(deadline, urgency);
      },
    },
    time.clock,
  );
  let role = { role: "follower", term: 1 };
  const events: string[] = [];
  let due: Due | null = null;
  let succeeds = true;
  const context = {
    ports: { clock: time.clock, log: () => {} },
    config: { mode },
    driver: { status: () => role },
    deadlines,
    propose: async () => ok(null),
  } as unknown as DutyContext;
  const duties = createLeaderDuties(context, [
    () => ({
      name: "test",
      establish: () => void events.push("establish"),
      revoke: () => void events.push("revoke"),
      applied: (changed) => void events.push(`applied ${changed.join()}`),
      next: () => due,
      async perform(now) {
        events.push(`perform ${now - 1_000_000}`);
        if (succeeds) due = null;
        return succeeds;
      },
    }),
  ]);
  return {
    time,
    armed,
    events,
    duties,
    become(next: string, term: number) {
      role = { role: next, term };
      duties.roleChanged();
    },
    wish(at: number, wakes: boolean) {
      due = { at: time.now + at, wakes };
      duties.changed();
    },
    fail: (fails: boolean) => {
      succeeds = !fails;
    },
  };
}

describe("the leader's duties", () => {
  it("are begun by the leader, once a term, and ended when it is none", () => {
    const { events, become, duties } = world();
    duties.applied(["kv:a"]);
    become("leader", 2);
    duties.roleChanged();
    duties.applied(["kv:b"]);
    become("follower", 3);
    become("leader", 4);
    expect(events).toEqual(["establish", "applied kv:b", "revoke", "establish"]);
  });

  it("begin anew after a restore", () => {
    const { events, become, duties } = world();
    become("leader", 2);
    duties.applied([everything]);
    expect(events).toEqual(["establish", "revoke", "establish"]);
  });

  it("are performed at their time, asked for as an alarm that may find the server asleep", async () => {
    const { time, events, armed, become, wish } = world();
    become("leader", 2);
    wish(500, true);
    expect(armed.at(-1)).toEqual([500, "alarm"]);
    await time.advance(499);
    expect(events).toEqual(["establish"]);
    await time.advance(1);
    expect(events).toEqual(["establish", "perform 500"]);
    await time.advance(60_000);
    expect(events).toHaveLength(2);
  });

  it("wake nobody when they need not, and are done with the next wake of another", async () => {
    const { time, events, armed, become, wish, duties } = world();
    become("leader", 2);
    wish(500, false);
    await time.advance(2_000);
    expect(armed).toEqual([]);
    duties.woken();
    expect(events).toEqual(["establish", "perform 2000"]);
  });

  it("have a timer of their own where it costs nothing", async () => {
    const { time, events, become, wish } = world("awake");
    become("leader", 2);
    wish(500, false);
    await time.advance(2_000);
    expect(events).toEqual(["establish", "perform 500"]);
  });

  it("are tried again after a failure, ever more seldom, and never twice at once", async () => {
    const { time, events, become, wish, fail } = world();
    become("leader", 2);
    fail(true);
    wish(0, true);
    await time.advance(1_000);
    expect(events.slice(1)).toEqual(["perform 0", "perform 100", "perform 300", "perform 700"]);
    fail(false);
    await time.advance(10_000);
    expect(events.slice(5)).toEqual(["perform 1500"]);
  });

  it("are not performed by a server that leads no longer", async () => {
    const { time, events, become, wish } = world();
    become("leader", 2);
    wish(500, true);
    become("follower", 3);
    await time.advance(1_000);
    expect(events).toEqual(["establish", "revoke"]);
  });
});
