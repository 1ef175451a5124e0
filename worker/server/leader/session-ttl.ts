// When sessions with a TTL end. The leader alone knows when each was renewed last; at twice the TTL after that it
// proposes its end (Consul: somewhere between once and twice; a new leader starts all again in full).
//
// A datacenter that sleeps loses this table with its memory, so the leader also keeps deadlines in its own database,
// which is no part of the replicated state: a row is written only by a renewal that comes later than one TTL before
// the stored deadline. Then no stored deadline is ever less than one TTL after the last renewal, and a session that is
// renewed all the time costs one row a TTL. Rows of another term are void: another leader may have renewed meanwhile.

import type { Millis } from "../../../shared/base/brand.ts";
import { type Session, sessionTtlMillis } from "../../../shared/structs/session.ts";
import { sessionById, sessionList } from "../../../shared/state/sessions.ts";
import { watchKey } from "../../../shared/state/watch-keys.ts";
import type { Due, DutyContext, LeaderDuty } from "./index.ts";

type Timer = { readonly ttl: Millis; deadline: Millis; stored: Millis };

const sessionSpace = watchKey("session");

/** Destructions proposed at a time. */
const batchSize = 64;

export type SessionTimers = {
  readonly duty: LeaderDuty;
  /** The holder lives. False when the session's end was proposed already: it is too late. */
  renew(session: Session): boolean;
};

/** The timers of one server, which run while it leads. */
export function createSessionTimers(
  context: Pick<DutyContext, "ports" | "config" | "driver" | "propose">,
): SessionTimers {
  const { sql, clock, log } = context.ports;
  // Where memory lives as long as the leadership, the rows would never be read.
  const persists = context.config.mode !== "awake";
  const timers = new Map<string, Timer>();
  const ending = new Set<string>();
  /** No timer is due before; timers only move later, so it is looked up anew only when it came. */
  let earliest: Millis | null = null;
  if (persists) {
    sql.exec(
      "CREATE TABLE IF NOT EXISTS leader_session_timers (id TEXT PRIMARY KEY, term INTEGER, deadline INTEGER) WITHOUT ROWID",
    );
  }

  function start(session: Session, now: Millis): void {
    const ttl = sessionTtlMillis(session);
    if (ttl === null) return;
    const timer: Timer = { ttl, deadline: now + 2 * ttl, stored: Number.NEGATIVE_INFINITY };
    timers.set(session.ID, timer);
    keep(session.ID, timer);
    notLaterThan(timer.deadline);
  }

  function keep(id: string, timer: Timer): void {
    timer.stored = timer.deadline;
    if (!persists) return;
    sql.exec(
      `INSERT INTO leader_session_timers (id, term, deadline) VALUES (?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET term = excluded.term, deadline = excluded.deadline`,
      id,
      context.driver.status().term,
      timer.deadline,
    );
  }

  function forget(id: string): void {
    ending.delete(id);
    if (!timers.delete(id) || !persists) return;
    sql.exec("DELETE FROM leader_session_timers WHERE id = ?", id);
  }

  function notLaterThan(deadline: Millis): void {
    if (earliest === null || deadline < earliest) earliest = deadline;
  }

  /** Deadlines from before this server lost its memory, by session. */
  function keptDeadlines(): ReadonlyMap<string, Millis> {
    if (!persists) return new Map();
    const rows = sql.exec(
      "SELECT id, deadline FROM leader_session_timers WHERE term = ?",
      context.driver.status().term,
    );
    return new Map(rows.map((row) => [String(row.id), Number(row.deadline)]));
  }

  function establish(): void {
    const now = clock.now();
    const kept = keptDeadlines();
    for (const session of sessionList(sql).value) {
      const ttl = sessionTtlMillis(session);
      const deadline = kept.get(session.ID);
      if (ttl === null) continue;
      if (deadline === undefined || wasAway(deadline, ttl, now)) {
        start(session, now);
        continue;
      }
      timers.set(session.ID, { ttl, deadline, stored: deadline });
      notLaterThan(deadline);
    }
    if (persists) {
      sql.exec("DELETE FROM leader_session_timers WHERE id NOT IN (SELECT id FROM sessions)");
    }
  }

  function dueAt(now: Millis): readonly string[] {
    const due: string[] = [];
    earliest = null;
    for (const [id, timer] of timers) {
      if (wasAway(timer.deadline, timer.ttl, now)) {
        timer.deadline = now + 2 * timer.ttl;
        keep(id, timer);
      }
      if (timer.deadline <= now && due.length < batchSize) due.push(id);
      else notLaterThan(timer.deadline);
    }
    return due;
  }

  async function perform(now: Millis): Promise<boolean> {
    const due = dueAt(now);
    for (const id of due) ending.add(id);
    const ended = await Promise.all(
      due.map((id) => context.propose({ kind: "session", operation: { verb: "destroy", id } })),
    );
    let done = true;
    for (const [at, id] of due.entries()) {
      const timer = timers.get(id);
      if (timer === undefined) continue; // gone, as `applied` heard
      // Nobody knows whether it was proposed: it is not renewed any more, and tried again.
      done &&= ended[at]?.ok === true;
      notLaterThan(timer.deadline);
    }
    if (due.length > 0) log("info", "leader: sessions expired", { sessions: due.join(" ") });
    return done;
  }

  return {
    duty: {
      name: "session TTL",
      establish,
      revoke() {
        timers.clear();
        ending.clear();
        earliest = null;
      },
      applied(changed) {
        for (const key of changed) {
          if (!key.startsWith(sessionSpace)) continue;
          const name = key.slice(sessionSpace.length);
          const session = sessionById(sql, name);
          if (session === null) forget(name);
          else if (!timers.has(name)) start(session, clock.now());
        }
      },
      next: (): Due | null => (earliest === null ? null : { at: earliest, wakes: true }),
      perform,
    },
    renew(session) {
      if (ending.has(session.ID)) return false;
      const timer = timers.get(session.ID);
      if (timer === undefined) return true; // it has no TTL
      const now = clock.now();
      timer.deadline = Math.max(timer.deadline, now + 2 * timer.ttl);
      if (now > timer.stored - timer.ttl) keep(session.ID, timer);
      return true;
    },
  };
}

/**
 * A deadline that is noticed more than a TTL late: the datacenter was away, and so nobody could renew. As with a new
 * leader everybody gets the full time again; no lock is ever given away by that.
 */
function wasAway(deadline: Millis, ttl: Millis, now: Millis): boolean {
  return now > deadline + ttl;
}
