// The leader's duties beside answering: one list, begun when this server becomes the leader and ended when it is none.
// A duty says when it wants to be performed next; this loop holds the deadline, one performance at a time, and waits
// longer after a failure. Nothing here is stored: what must survive a sleep is a duty's own business.

import type { Millis } from "../../../shared/base/brand.ts";
import type { Result } from "../../../shared/base/result.ts";
import type { ServerError } from "../../../shared/errors.ts";
import type { Command } from "../../../shared/fsm/types.ts";
import { everything } from "../../../shared/state/watch-keys.ts";
import type { ServerConfig } from "../config.ts";
import type { Deadlines } from "../deadlines.ts";
import type { ServerPorts } from "../ports.ts";
import type { RaftDriver } from "../raft-driver.ts";
import { checkTtlExpiry } from "./check-ttl.ts";
import { keyExpiry } from "./key-expiry.ts";
import { reapTombstones } from "./reap.ts";
import type { SessionTimers } from "./session-ttl.ts";

/** What a duty may use. `propose` appends a command and gives the state machine's result. */
export type DutyContext = {
  readonly ports: Pick<ServerPorts, "sql" | "clock" | "entropy" | "log" | "peers" | "links">;
  readonly config: ServerConfig;
  readonly driver: Pick<RaftDriver, "status" | "confirmLeadership">;
  readonly deadlines: Deadlines;
  propose(command: Command): Promise<Result<unknown, ServerError>>;
  readonly sessionTimers: SessionTimers;
};

/** When a duty is due: `wakes` wakes a sleeping datacenter for it, otherwise it is done when somebody else does. */
export type Due = { readonly at: Millis; readonly wakes: boolean };

export type LeaderDuty = {
  readonly name: string;
  /** This server leads. What it applied may still lack entries of earlier terms; they come through `applied`. */
  establish(): void;
  /** It leads no longer. */
  revoke(): void;
  /** Entries were applied while it leads; `changed` are their watch keys (shared/state/watch-keys.ts). */
  applied?(changed: readonly string[]): void;
  /** Null: nothing is to be done. Asked again after every event here, so it must be cheap. */
  next(): Due | null;
  /** Does what is due; false when it failed and must be tried again. */
  perform(now: Millis): Promise<boolean>;
};

/** First and longest pause between two tries of a duty that fails, and the shortest between two that do not. */
const retryMillisMin: Millis = 100;
const retryMillisMax: Millis = 5_000;

export type LeaderDuties = {
  /** Called when this server's role may have changed. */
  roleChanged(): void;
  applied(changed: readonly string[]): void;
  /** The server was woken, for whatever reason: duties that wake nobody may be due. */
  woken(): void;
  /** A duty's `next` changed by something that was not applied (a renewed session). */
  changed(): void;
};

type Running = {
  readonly duty: LeaderDuty;
  busy: boolean;
  notBefore: Millis;
  retryMillis: Millis;
  armed: Due | null;
  disarm: () => void;
};

/** The duties of one server. */
export function createLeaderDuties(
  context: DutyContext,
  makers: readonly ((context: DutyContext) => LeaderDuty)[] = dutyMakers,
): LeaderDuties {
  const all: readonly Running[] = makers.map((make) => ({
    duty: make(context),
    busy: false,
    notBefore: 0,
    retryMillis: retryMillisMin,
    armed: null,
    disarm: () => {},
  }));
  let term: number | null = null;
  const now = (): Millis => context.ports.clock.now();
  // Where a timer costs nothing, nothing waits for somebody else's wake.
  const isAwake = context.config.mode === "awake";

  function arm(running: Running): void {
    const due = term === null || running.busy ? null : running.duty.next();
    const at = due === null ? null : Math.max(due.at, running.notBefore);
    if (due !== null && at !== null && at <= now()) return void perform(running);
    const wakes = due !== null && (due.wakes || isAwake);
    if (at === running.armed?.at && wakes === running.armed?.wakes) return;
    running.disarm();
    running.disarm = () => {};
    running.armed = at === null ? null : { at, wakes };
    if (at === null || !wakes) return;
    running.disarm = context.deadlines.alarm(at, () => {
      running.armed = null;
      arm(running);
    });
  }

  async function perform(running: Running): Promise<void> {
    const performedIn = term;
    running.busy = true;
    running.disarm();
    running.armed = null;
    let done = false;
    try {
      done = await running.duty.perform(now());
    } catch (error) {
      context.ports.log("error", `leader: ${running.duty.name} failed`, { error: String(error) });
    }
    running.busy = false;
    running.notBefore = now() + (done ? 1 : running.retryMillis);
    running.retryMillis = done ? retryMillisMin : Math.min(running.retryMillis * 2, retryMillisMax);
    if (performedIn !== term) running.notBefore = 0;
    arm(running);
  }

  function armAll(): void {
    if (term !== null) for (const running of all) arm(running);
  }

  return {
    roleChanged() {
      const status = context.driver.status();
      const leads = status.role === "leader" ? status.term : null;
      if (leads === term) return;
      if (term !== null) for (const { duty } of all) duty.revoke();
      term = leads;
      for (const running of all) {
        if (term !== null) running.duty.establish();
        running.notBefore = 0;
        arm(running);
      }
    },
    applied(changed) {
      if (term === null) return;
      // After a restore nothing is as a duty remembers it.
      const isNew = changed.includes(everything);
      for (const { duty } of all) {
        if (isNew) {
          duty.revoke();
          duty.establish();
        } else duty.applied?.(changed);
      }
      armAll();
    },
    woken: armAll,
    changed: armAll,
  };
}

/** The list. */
export const dutyMakers: readonly ((context: DutyContext) => LeaderDuty)[] = [
  (context) => context.sessionTimers.duty,
  keyExpiry,
  checkTtlExpiry,
  reapTombstones,
];
