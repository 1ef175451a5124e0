// Members to catalog, on the leader: gossip reports of agents and the servers' own links become serfHealth, and nodes
// that left or were forgotten are deregistered. Two sources, because either may be wrong alone: an agent that is cut
// off sees all others fail, and a site without the internet loses all its links. A server that gossips itself believes
// its own pool, as Consul's leader does (decision 0044).

import type { Millis } from "../../../shared/base/brand.ts";
import { rfc3339Seconds } from "../../../shared/base/rfc3339.ts";
import type { Result } from "../../../shared/base/result.ts";
import type { ServerError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import { serfHealthCheckId } from "../../../shared/structs/check.ts";
import type {
  DatacenterHealth,
  MemberReport,
  ReportedMember,
} from "../../../shared/structs/member-report.ts";
import type { Log } from "../ports.ts";
import type { Due, LeaderDuty } from "./index.ts";
import { holdMillis, judge, newMassLoss, noteReturned, noteVanished } from "./mass-loss.ts";
import { type CatalogView, linkLostOutput, type Plan, serfRegistration } from "./reconcile-members.ts";

type Parts = {
  readonly datacenter: string;
  /** The agent that gossips in this server's process; null where servers hear no gossip. */
  readonly ownAgent: string | null;
  now(): Millis;
  readonly log: Log;
  /** As this server has applied it. */
  view(node: string): CatalogView;
  /** Names of the nodes that have a serfHealth check. */
  members(): readonly string[];
  /** The agent of this node has a link that shows life, to any server. */
  linked(node: string): Promise<boolean>;
  write(plan: Exclude<Plan, { kind: "nothing" }>): Promise<Result<unknown, ServerError>>;
  /** `next` may be another now. */
  changed(): void;
};

export type MemberHealth = {
  readonly duty: LeaderDuty;
  report(report: MemberReport): void;
  status(): DatacenterHealth;
};

/** Why a node is about to be expired. */
type Suspect = {
  readonly since: Millis;
  /** Those without doubts. */
  readonly reporters: Set<string>;
  /** This server's own pool says so, be it in doubt: a link that looks alive for want of news is no answer to it. */
  own: boolean;
  /** Gossip says so, and not only a link that ended. */
  gossip: boolean;
  /** The pool has forgotten it: it is deregistered, not only critical. */
  reaped: boolean;
  notBefore: Millis;
};

type Voucher = { readonly reporter: string; readonly at: Millis; readonly isServer: boolean };

const postponeMillis: Millis = 5_000;
/** An accusation that one reporter made against a living link is dropped after this. */
const accusationMillis: Millis = 60_000;

export function createMemberHealth(parts: Parts): MemberHealth {
  const { log } = parts;
  let loss = newMassLoss();
  const suspects = new Map<string, Suspect>();
  const vouchers = new Map<string, Voucher>();
  const arrivals = new Map<string, ReportedMember>();
  /** With whether this server's own pool says so. */
  const departures = new Map<string, boolean>();
  let leads = false;

  function suspect(node: string, report: MemberReport, reaped: boolean): void {
    const view = parts.view(node);
    const serf = view.checks.find((check) => check.CheckID === serfHealthCheckId);
    if (view.node === null || serf === undefined) return;
    if (serf.Status !== "passing" && !reaped) return;
    const now = parts.now();
    noteVanished(loss, node, now);
    const known = suspects.get(node) ?? {
      since: now,
      reporters: new Set(),
      own: false,
      gossip: false,
      reaped: false,
      notBefore: 0,
    };
    if (report.doubts !== true && !known.reporters.has(report.reporter)) {
      known.reporters.add(report.reporter);
      known.notBefore = 0; // it may be believed now
    }
    known.own ||= isOwn(report);
    known.gossip ||= report.source === "gossip";
    known.reaped ||= reaped;
    suspects.set(node, known);
  }

  function arrived(member: ReportedMember, report: MemberReport): void {
    const { Name: node } = member;
    noteReturned(loss, node);
    suspects.delete(node);
    departures.delete(node);
    if (report.source === "gossip" && report.reporter !== node) {
      vouchers.set(node, { reporter: report.reporter, at: parts.now(), isServer: report.full });
    }
    const view = parts.view(node);
    const serf = view.checks.find((check) => check.CheckID === serfHealthCheckId);
    const right = view.node?.Address === member.Address && serf?.Status === "passing";
    const sameId = member.ID === "" || view.node?.ID === member.ID;
    if (right && sameId) arrivals.delete(node);
    else arrivals.set(node, member);
  }

  function departed(node: string, report: MemberReport): void {
    if (parts.view(node).node === null) return;
    departures.set(node, isOwn(report) || departures.get(node) === true);
  }

  function isOwn({ source, reporter }: MemberReport): boolean {
    return source === "gossip" && reporter === parts.ownAgent;
  }

  function report(given: MemberReport): void {
    if (!leads) return;
    for (const member of given.members) {
      if (member.Status === "alive") arrived(member, given);
      else if (member.Status === "failed") suspect(member.Name, given, false);
      else if (member.Status === "reaped") suspect(member.Name, given, true);
      else departed(member.Name, given);
    }
    if (given.full) {
      const present = new Set(given.members.map((member) => member.Name));
      for (const node of parts.members()) if (!present.has(node)) suspect(node, given, true);
    }
    // When all of them are back at once nothing else would look.
    if (loss.frozenSince !== null && judge(loss, parts.members().length, parts.now())) tellFreeze();
    parts.changed();
  }

  function dueAt({ since, gossip, notBefore }: Suspect, hold: Millis): Millis {
    return Math.max(notBefore, since + (gossip ? hold : Math.max(hold, limits.linkLossGraceMillis)));
  }

  function next(): Due | null {
    if (!leads) return null;
    if (arrivals.size > 0 || departures.size > 0) return { at: parts.now(), wakes: true };
    const frozen = loss.frozenSince !== null;
    const hold = holdMillis(loss);
    let at: Millis | null = null;
    for (const one of suspects.values()) {
      const due = frozen ? Math.max(one.notBefore, parts.now() + postponeMillis) : dueAt(one, hold);
      if (at === null || due < at) at = due;
    }
    return at === null ? null : { at, wakes: !frozen };
  }

  async function perform(now: Millis): Promise<boolean> {
    const done = (await writeArrivals()) && (await writeDepartures());
    // Whoever waits for a second opinion goes on counting as vanished.
    for (const node of suspects.keys()) loss.vanished.set(node, now);
    if (judge(loss, parts.members().length, now)) tellFreeze();
    if (loss.frozenSince !== null) {
      await lookForReturned();
      return done;
    }
    const hold = holdMillis(loss);
    let all = done;
    for (const [node, one] of [...suspects]) {
      if (dueAt(one, hold) <= now) all = (await settle(node, one, now)) && all;
    }
    return all;
  }

  async function writeArrivals(): Promise<boolean> {
    for (const [node, member] of [...arrivals]) {
      arrivals.delete(node);
      const view = parts.view(node);
      const registration = serfRegistration(parts.datacenter, view.node, member, true);
      if (!isSettled(await parts.write({ kind: "register", registration }))) {
        arrivals.set(node, member);
        return false;
      }
    }
    return true;
  }

  async function writeDepartures(): Promise<boolean> {
    for (const [node, isCertain] of [...departures]) {
      departures.delete(node);
      noteReturned(loss, node);
      suspects.delete(node);
      if (parts.view(node).node === null) continue; // gone already
      if (!isCertain && (await parts.linked(node))) continue; // it says otherwise
      if (isSettled(await parts.write(deregistration(node)))) continue;
      departures.set(node, isCertain);
      return false;
    }
    return true;
  }

  function deregistration(node: string): Exclude<Plan, { kind: "nothing" }> {
    const request = { Datacenter: parts.datacenter, Node: node, ServiceID: "", CheckID: "" };
    return { kind: "deregister", deregistration: request };
  }

  /** While frozen: whoever has a link again is there, without waiting for anybody's report. */
  async function lookForReturned(): Promise<void> {
    for (const [node, one] of [...suspects]) {
      one.notBefore = parts.now() + postponeMillis;
      if (one.own || !(await parts.linked(node))) continue; // the own pool will see it return
      noteReturned(loss, node);
      suspects.delete(node);
    }
    if (judge(loss, parts.members().length, parts.now())) tellFreeze();
  }

  /** One member whose time has come: expired, cleared, or looked at again. False when it could not be written. */
  async function settle(node: string, one: Suspect, now: Millis): Promise<boolean> {
    const view = parts.view(node);
    const serf = view.checks.find((check) => check.CheckID === serfHealthCheckId);
    if (view.node === null || (serf?.Status !== "passing" && !one.reaped)) {
      suspects.delete(node);
      return true;
    }
    const isBelieved = one.gossip && (one.reporters.size >= 2 || isAccusedHere(one));
    const linked = (one.reaped || !isBelieved) && (await parts.linked(node));
    if (suspects.get(node) !== one) return true; // it was cleared meanwhile
    if (linked) {
      // One accuser against a link that lives: it may be the accuser who is cut off.
      const isOver = now - one.since > accusationMillis && !one.own;
      if (!one.gossip || one.reaped || isOver) clear(node);
      else one.notBefore = now + postponeMillis;
      return true;
    }
    if (!one.gossip && (await isVouchedFor(node, now))) {
      clear(node); // the pool sees it, and will tell when it does not
      return true;
    }
    const member = { Name: node, ID: view.node.ID, Address: view.node.Address };
    const plan = one.reaped
      ? deregistration(node)
      : {
          kind: "register" as const,
          registration: serfRegistration(parts.datacenter, view.node, member, false, why(one)),
        };
    if (!isSettled(await parts.write(plan))) return false;
    suspects.delete(node);
    return true;
  }

  /** This server's own pool says so without doubts. */
  function isAccusedHere({ reporters }: Suspect): boolean {
    return parts.ownAgent !== null && reporters.has(parts.ownAgent);
  }

  function clear(node: string): void {
    suspects.delete(node);
    noteReturned(loss, node);
  }

  async function isVouchedFor(node: string, now: Millis): Promise<boolean> {
    const voucher = vouchers.get(node);
    if (voucher === undefined) return false;
    const age = now - voucher.at;
    if (voucher.isServer) return age <= limits.memberVouchServerMillis;
    return age <= limits.memberVouchMillis && (await parts.linked(voucher.reporter));
  }

  function reason(): string {
    const count = loss.vanished.size;
    return (
      `${count} of ${parts.members().length} members vanished within ${limits.memberLossWindowMillis / 1_000} s: ` +
      "nobody is expired until most of them are back; give single ones up with force-leave"
    );
  }

  function tellFreeze(): void {
    if (loss.frozenSince !== null) log("warn", "server: member expiry is frozen", { reason: reason() });
    else log("info", "server: member expiry goes on: most of those that vanished are back");
  }

  const reset = (leading: boolean) => () => {
    leads = leading;
    loss = newMassLoss();
    suspects.clear();
    vouchers.clear();
    arrivals.clear();
    departures.clear();
  };

  return {
    duty: { name: "member-health", establish: reset(true), revoke: reset(false), next, perform },
    report,
    status() {
      const frozen = loss.frozenSince;
      return {
        Healthy: frozen === null,
        MembersFrozen: frozen !== null,
        Reason: frozen === null ? "" : reason(),
        Since: frozen === null ? "" : rfc3339Seconds(frozen),
        Members: parts.members().length,
        VanishedCount: loss.vanished.size,
        Vanished: [...loss.vanished.keys()].slice(0, limits.memberVanishedShown),
      };
    },
  };
}

function why({ gossip }: Suspect): string | undefined {
  return gossip ? undefined : linkLostOutput;
}

/** What the catalog refuses stays refused however often it is sent. */
function isSettled(written: Result<unknown, ServerError>): boolean {
  return written.ok || written.error.code === "rejected" || written.error.code === "badRequest";
}
