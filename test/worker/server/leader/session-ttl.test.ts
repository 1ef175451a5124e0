// When sessions end by their TTL: by the leader that keeps its memory, by one that lost it, and by a new one.

import { describe, expect, it } from "vitest";
import { ok, type Result } from "../../../../shared/base/result.ts";
import { fail } from "../../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../../shared/errors.ts";
import type { Command } from "../../../../shared/fsm/types.ts";
import { sessionById } from "../../../../shared/state/sessions.ts";
import type { DutyContext } from "../../../../worker/server/leader/index.ts";
import { createSessionTimers } from "../../../../worker/server/leader/session-ttl.ts";
import { read, testState } from "../../../support/state-builders.ts";

const one = "11111111-0000-0000-0000-000000000001";
const two = "22222222-0000-0000-0000-000000000002";

function world(mode: "drowsy" | "awake" = "drowsy") {
  const state = testState();
  state.register("n");
  let now = 1_000_000;
  let term = 3;
  let failure: ServerError | null = null;
  const proposed: Command[] = [];
  const context = {
    ports: { sql: state.sql, clock: { now: () => now }, log: () => {} },
    config: { mode },
    driver: { status: () => ({ term }) },
    async propose(command: Command): Promise<Result<unknown, ServerError>> {
      proposed.push(command);
      if (failure !== null) return fail(failure);
      timers.duty.applied?.(state.apply(command, now).changed);
      return ok(null);
    },
  } as unknown as DutyContext;
  let timers = createSessionTimers(context);
  timers.duty.establish();
  return {
    state,
    proposed,
    pass: (seconds: number) => {
      now += seconds * 1000;
    },
    create: (id: string, TTL: string) => timers.duty.applied?.(state.session(id, { TTL }).changed),
    /** Seconds from the start until the next one is due. */
    next: () => {
      const due = timers.duty.next();
      return due === null ? null : (due.at - 1_000_000) / 1000;
    },
    perform: () => timers.duty.perform(now),
    renew(id: string) {
      const session = sessionById(state.sql, id);
      return session !== null && timers.renew(session);
    },
    rowsWritten: () => state.sql.exec("SELECT total_changes() AS n")[0]?.n as number,
    alive: () => read(state.sql, "Session.List", {}).value.map((session) => session.ID),
    fails: (error: ServerError | null) => {
      failure = error;
    },
    /** The server's memory is gone; it leads in `inTerm`, the same one when it merely slept. */
    wakeAgain(inTerm = term) {
      term = inTerm;
      timers = createSessionTimers(context);
      timers.duty.establish();
    },
  };
}

describe("session TTLs", () => {
  it("end a session at twice its TTL after the last renewal, and wake the datacenter for it", async () => {
    const { create, pass, renew, next, perform, alive } = world();
    create(one, "10s");
    create(two, "");
    expect(next()).toBe(20);
    pass(15);
    expect(renew(one)).toBe(true);
    pass(19);
    await perform();
    expect(alive()).toEqual([one, two]);
    expect(next()).toBe(35);
    pass(1);
    await perform();
    expect(alive()).toEqual([two]);
    expect(next()).toBeNull();
  });

  it("survive the loss of memory: no earlier than a TTL after the last renewal, no later than twice", async () => {
    for (const lastRenewal of [0, 4, 8, 9.9, 10.1, 14, 19]) {
      const { create, pass, renew, next, wakeAgain } = world();
      create(one, "10s");
      pass(lastRenewal);
      renew(one);
      wakeAgain();
      expect(next()).toBeGreaterThanOrEqual(lastRenewal + 10);
      expect(next()).toBeLessThanOrEqual(lastRenewal + 20);
    }
  });

  it("do end in a datacenter that loses its memory all the time", async () => {
    const { create, pass, next, perform, wakeAgain, alive } = world();
    create(one, "10s");
    for (let n = 0; n < 4; n++) {
      pass(5);
      wakeAgain();
    }
    expect(next()).toBe(20);
    await perform();
    expect(alive()).toEqual([]);
  });

  it("write a row at most once a TTL, however often a session is renewed", () => {
    const { create, pass, renew, rowsWritten } = world();
    create(one, "10s");
    const before = rowsWritten();
    for (let n = 0; n < 100; n++) {
      pass(1);
      renew(one);
    }
    expect(rowsWritten() - before).toBeLessThanOrEqual(10);
  });

  it("write nothing where memory lives as long as the leadership", () => {
    const { create, pass, renew, state } = world("awake");
    create(one, "10s");
    pass(19);
    renew(one);
    expect(state.sql.exec("SELECT name FROM sqlite_master WHERE name LIKE 'leader%'")).toEqual([]);
  });

  it("start again in full with a new leader, also one that led before", () => {
    const { create, pass, next, wakeAgain } = world();
    create(one, "10s");
    pass(19);
    wakeAgain(5);
    expect(next()).toBe(39);
  });

  it("start again in full when the datacenter was away for longer than a TTL", async () => {
    const { create, pass, next, wakeAgain, perform, alive } = world();
    create(one, "10s");
    pass(31);
    wakeAgain();
    expect(next()).toBe(51);
    pass(40);
    await perform();
    expect(alive()).toEqual([one]);
    expect(next()).toBe(91);
  });

  it("refuse a renewal once the end was proposed, and try again when that failed", async () => {
    const { create, pass, renew, perform, alive, fails } = world();
    create(one, "10s");
    pass(20);
    fails(serverError("leadershipLost"));
    expect(await perform()).toBe(false);
    expect(renew(one)).toBe(false);
    fails(null);
    expect(await perform()).toBe(true);
    expect(alive()).toEqual([]);
  });

  it("forget a session that ended otherwise", async () => {
    const { state, create, pass, perform, proposed, wakeAgain } = world();
    create(one, "10s");
    state.apply({ kind: "session", operation: { verb: "destroy", id: one } });
    wakeAgain();
    pass(60);
    await perform();
    expect(proposed).toEqual([]);
    expect(state.sql.exec("SELECT * FROM leader_session_timers")).toEqual([]);
  });
});
