// Tells the leader what the pool sees: joins, failures, leaves. Few tell, however large the pool: everybody computes the
// same ranking of reporters for a member, the first tells at once, the second and the third only when the catalog
// still does not show it, the others never. Where servers gossip, they are the reporters, and compare the whole list
// every minute as Consul's leader does.

import type { Millis } from "../../shared/base/brand.ts";
import type { Backend } from "../../shared/rpc/backend.ts";
import { serfHealthCheckId } from "../../shared/structs/check.ts";
import type { ReportedMember, ReportedStatus } from "../../shared/structs/member-report.ts";
import type { Member } from "../../shared/structs/members.ts";
import type { Timers } from "../ports.ts";
import type { LanPool, PoolEvent } from "./lan-pool.ts";

export const reportersMax = 3;
const tickMillis: Millis = 250;
/** Between one reporter and the next. */
const rankMillis: Millis = 2_000;
/** Who joins says so itself, by its link: others wait a moment. */
const arrivalMillis: Millis = 1_500;
const jitterMillis: Millis = 300;
const retryMillis: Millis = 2_000;
const triesMax = 30;
const fullReportMillis: Millis = 60_000;
/** More changes than this are one batch with one ranking, sent without asking the catalog about each. */
const batchMin = 50;

type Parts = {
  readonly pool: Pick<LanPool, "members" | "onChange">;
  readonly nodeName: string;
  readonly datacenter: string;
  readonly isServer: boolean;
  /** Nothing says that it is this agent who does not hear the others. */
  isSure(): boolean;
  readonly backend: Backend;
  readonly timers: Timers;
  now(): Millis;
  random(): number;
  /** A server can be reached again. */
  onUp(listener: () => void): void;
};

type Change = {
  readonly member: ReportedMember;
  readonly seenAt: Millis;
  rank: number;
  dueAt: Millis;
  tries: number;
};

/** Begins; the returned function ends it. */
export function startMemberReports(parts: Parts): () => void {
  const { pool, nodeName, datacenter, timers } = parts;
  const changes = new Map<string, Change>();
  let stopTimer: (() => void) | null = null;
  let stopFull: () => void = () => {};
  let busy = false;
  let ended = false;

  function noticed({ kind, member }: PoolEvent): void {
    if (!isOurs(member, datacenter) || kind === "update" || member.Name === nodeName) return;
    const status: ReportedStatus = kind === "reap" ? "reaped" : statusOf(member);
    note(reported(member, status));
  }

  function note(member: ReportedMember): void {
    changes.set(member.Name, { member, seenAt: parts.now(), rank: -1, dueAt: 0, tries: 0 });
    arm();
  }

  function arm(): void {
    if (stopTimer !== null || ended || changes.size === 0) return;
    stopTimer = timers.after(tickMillis, () => {
      stopTimer = null;
      void tick().finally(arm);
    });
  }

  async function tick(): Promise<void> {
    if (busy) return;
    rankNew();
    const due = [...changes].filter(([, change]) => change.dueAt <= parts.now());
    if (due.length === 0) return;
    busy = true;
    const rows: ReportedMember[] = [];
    for (const [name, change] of due) {
      const known = due.length <= batchMin && (await isKnown(change));
      if (known && changes.get(name) === change) changes.delete(name);
      else if (changes.get(name) === change) rows.push(change.member);
    }
    const doubts = hasDoubts();
    const sent = rows.length === 0 || (await send(rows, false, doubts));
    for (const [name, change] of due) {
      if (changes.get(name) !== change) continue;
      change.tries += 1;
      // An accusation in doubt has not convinced anybody: it is repeated until it is made without.
      const isTold = sent && !(doubts && change.member.Status === "failed");
      if (isTold || change.tries >= triesMax) changes.delete(name);
      else change.dueAt = parts.now() + retryMillis;
    }
    busy = false;
  }

  /** Places in the ranking, for what has none yet; from the fourth on it is others' business. */
  function rankNew(): void {
    const fresh = [...changes].filter(([, change]) => change.rank < 0);
    if (fresh.length === 0) return;
    const reporters = reportersOf(pool.members(), datacenter);
    const batch = fresh.length > batchMin ? rankOf(nodeName, datacenter, reporters) : null;
    for (const [name, change] of fresh) {
      change.rank = batch ?? rankOf(nodeName, name, reporters);
      const arrival = change.member.Status === "alive" ? arrivalMillis : 0;
      change.dueAt = change.seenAt + arrival + change.rank * rankMillis + parts.random() * jitterMillis;
      if (change.rank >= reportersMax) changes.delete(name);
    }
  }

  /** The catalog shows it already. The first reporter of bad news does not lose time by asking. */
  async function isKnown({ member, rank, tries }: Change): Promise<boolean> {
    // Who is back may be waited for though the catalog never lost it (a freeze); servers do not save on telling.
    if (rank === 0 && tries === 0 && (member.Status !== "alive" || parts.isServer)) return false;
    const options = {
      datacenter: "",
      token: "",
      consistency: "default" as const,
      minIndex: 0,
      waitMillis: 0,
    };
    const checks = await parts.backend.call("Health.NodeChecks", { options, node: member.Name });
    if (!checks.ok) return false;
    const serf = checks.value.value.find((check) => check.CheckID === serfHealthCheckId);
    if (member.Status === "alive") return serf?.Status === "passing";
    if (member.Status === "failed") return serf === undefined || serf.Status === "critical";
    return serf === undefined;
  }

  /** At the edge each report may wake a server, so that there nobody repeats itself. */
  function hasDoubts(): boolean {
    return parts.isServer && !parts.isSure();
  }

  async function send(members: readonly ReportedMember[], full: boolean, doubts: boolean): Promise<boolean> {
    const doubtful = doubts ? { doubts } : {};
    const report = { reporter: nodeName, source: "gossip" as const, full, members, ...doubtful };
    const told = await parts.backend.call("Member.Report", { token: "", datacenter: "", report });
    return told.ok;
  }

  /** All that this agent sees, if it is the one to tell. */
  async function tellAll(): Promise<void> {
    const members = pool.members();
    if (rankOf(nodeName, datacenter, reportersOf(members, datacenter)) !== 0) return;
    const rows = members.flatMap((member) =>
      isOurs(member, datacenter) ? [reported(member, statusOf(member))] : [],
    );
    if (rows.length > 1 || parts.isServer) await send(rows, parts.isServer, hasDoubts());
  }

  function armFull(): void {
    if (ended || !parts.isServer) return;
    stopFull = timers.after(fullReportMillis * (0.75 + parts.random() / 2), () => {
      void tellAll().finally(armFull);
    });
  }

  const stopListening = pool.onChange(noticed);
  // After a time without servers: what changed meanwhile was told to nobody.
  parts.onUp(() => {
    if (!ended) timers.after(1_000 + parts.random() * 9_000, () => (ended ? undefined : void tellAll()));
  });
  armFull();
  return () => {
    ended = true;
    stopListening();
    stopTimer?.();
    stopFull();
  };
}

function reported({ Name, Tags, Addr }: Member, status: ReportedStatus): ReportedMember {
  return { Name, ID: Tags.id ?? "", Address: Addr, Status: status };
}

/** Whoever is leaving is still there. */
function statusOf({ Status }: Member): ReportedStatus {
  if (Status === 4) return "failed";
  return Status === 3 ? "left" : "alive";
}

/** Members that Consul's catalog knows: agents and servers of this datacenter. */
function isOurs({ Tags }: Member, datacenter: string): boolean {
  return (Tags.role === "node" || Tags.role === "consul") && Tags.dc === datacenter;
}

/** Who may report: the servers, where they gossip; else all agents. */
export function reportersOf(members: readonly Member[], datacenter: string): readonly string[] {
  const alive = members.filter((member) => member.Status === 1 && isOurs(member, datacenter));
  const servers = alive.filter(({ Tags }) => Tags.role === "consul");
  return (servers.length > 0 ? servers : alive).map(({ Name }) => Name);
}

/** Place of `reporter` among them for this subject, the same on every agent; the subject itself has none. */
export function rankOf(reporter: string, subject: string, reporters: readonly string[]): number {
  if (reporter === subject || !reporters.includes(reporter)) return Number.POSITIVE_INFINITY;
  const own = weight(subject, reporter);
  let rank = 0;
  for (const other of reporters) {
    if (other === reporter || other === subject) continue;
    const theirs = weight(subject, other);
    if (theirs < own || (theirs === own && other < reporter)) rank += 1;
  }
  return rank;
}

/** FNV-1a over both names: rendezvous hashing. */
function weight(subject: string, reporter: string): number {
  let hash = 0x811c9dc5;
  for (const text of [subject, "/", reporter]) {
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}
