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
import type { MassLossStore } from "./mass-loss-store.ts";
import { type CatalogView, linkLostOutput, type Plan, serfRegistration } from "./reconcile-members.ts";

type Parts = {
  readonly datacenter: string;
  /** The agent that gossips in this server's process; null where servers hear no gossip. */
  readonly ownAgent: string | null;
  now(): Millis;
  readonly log: Log;
  /** As this server has applied it. */
  view(node: string): CatalogView;
  /** What outlives a sleep. */
  readonly kept: MassLossStore;
  /** Names of the nodes that have a serfHealth check. */
  members(): readonly string[];
  /** Those of these nodes whose agent has a link that shows life, to any server. */
  linked(nodes: readonly string[]): Promise<ReadonlySet<string>>;
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
  /** Who says by gossip and without doubts that it failed. */
  readonly reporters: Set<string>;
  /** This server's own pool says so, be it in doubt: a link that looks alive for want of news is no answer to it. */
  own: boolean;
  /** Gossip says so, and not only a link that ended. */
  gossip: boolean;
  /** As vanished. One accuser, or a link that ended, counts when there is no living link. */
  counted: boolean;
  /** The pool has forgotten it: it is deregistered, not only critical. */
  reaped: boolean;
  notBefore: Millis;
};

type Voucher = { readonly reporter: string; readonly at: Millis; readonly isServer: boolean };

const postponeMillis: Millis = 5_000;
/** An agent whose link ended is back by then, at another server if need be, or has vanished. */
const linkCheckMillis: Millis = 5_000;
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
  /** As counted last; to count them is to read them all. */
  let memberCount = 0;
  /** While frozen: when to look again for who is back. */
  let lookAt: Millis = 0;

  function suspect(
    member: Pick<ReportedMember, "Name" | "Address">,
    report: MemberReport,
    reaped: boolean,
  ): void {
    const { Name: node } = member;
    const view = parts.view(node);
    const serf = view.checks.find((check) => check.CheckID === serfHealthCheckId);
    if (view.node === null || serf === undefined) return;
    if (serf.Status !== "passing" && !reaped) return;
    const now = parts.now();
    const known = suspects.get(node) ?? {
      since: now,
      reporters: new Set(),
      own: false,
      gossip: false,
      counted: false,
      reaped: false,
      notBefore: 0,
    };
    const isSure = report.source === "gossip" && report.doubts !== true && isOfThisLife(member);
    if (isSure && !known.reporters.has(report.reporter)) {
      known.reporters.add(report.reporter);
      known.notBefore = 0; // it may be believed now
    }
    known.own ||= isOwn(member, report);
    known.gossip ||= report.source === "gossip";
    if (known.own || (known.gossip && known.reporters.size >= 2)) count(node, known, now);
    known.reaped ||= reaped;
    suspects.set(node, known);
  }

  function count(node: string, one: Suspect, now: Millis): void {
    one.counted = true;
    noteVanished(loss, node, now);
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

  function departed(member: ReportedMember, report: MemberReport): void {
    const { Name: node } = member;
    if (parts.view(node).node === null) return;
    departures.set(node, isOwn(member, report) || departures.get(node) === true);
  }

  function isOwn(
    member: Pick<ReportedMember, "Name" | "Address">,
    { source, reporter }: MemberReport,
  ): boolean {
    return source === "gossip" && reporter === parts.ownAgent && isOfThisLife(member);
  }

  /** An agent that has come back under another address is linked before the pool takes it under its name again. */
  function isOfThisLife({ Name, Address }: Pick<ReportedMember, "Name" | "Address">): boolean {
    return parts.view(Name).node?.Address === Address;
  }

  function report(given: MemberReport): void {
    if (!leads) return;
    for (const member of given.members) {
      if (member.Status === "alive") arrived(member, given);
      else if (member.Status === "left") departed(member, given);
      else suspect(member, given, member.Status === "reaped");
    }
    if (given.full) {
      const present = new Set(given.members.map((member) => member.Name));
      for (const Name of parts.members()) {
        if (!present.has(Name)) suspect({ Name, Address: "" }, given, true);
      }
    }
    // When all of them are back at once nothing else would look.
    if (loss.vanished.size > 1) memberCount = parts.members().length;
    if (loss.frozenSince !== null && judge(loss, parts.members().length, parts.now())) tellFreeze();
    parts.changed();
  }

  function hold(): Millis {
    return holdMillis(loss, memberCount);
  }

  function dueAt({ since, gossip, counted, notBefore }: Suspect, hold: Millis): Millis {
    const least = Math.max(notBefore, loss.graceUntil);
    if (!counted) return Math.max(least, since + (gossip ? limits.memberLossHoldMillis : linkCheckMillis));
    return Math.max(least, since + (gossip ? hold : Math.max(hold, limits.linkLossGraceMillis)));
  }

  function next(): Due | null {
    if (!leads) return null;
    if (arrivals.size > 0 || departures.size > 0) return { at: parts.now(), wakes: true };
    if (loss.frozenSince !== null) return { at: Math.max(lookAt, parts.now()), wakes: false };
    const wait = hold();
    let at: Millis | null = null;
    for (const one of suspects.values()) {
      const dueThen = dueAt(one, wait);
      if (at === null || dueThen < at) at = dueThen;
    }
    return at === null ? null : { at, wakes: true };
  }

  async function perform(now: Millis): Promise<boolean> {
    const done = (await writeArrivals()) && (await writeDepartures());
    const present = new Set(parts.members());
    memberCount = present.size;
    for (const node of [...loss.vanished.keys(), ...suspects.keys()]) if (!present.has(node)) clear(node);
    const looked = due(now);
    const links = await linksOf(looked);
    for (const [node, one] of looked)
      if (!one.counted && suspects.get(node) === one) lookAtLink(node, one, links, now);
    // Whoever waits for a second opinion goes on counting as vanished.
    for (const [node, one] of suspects) if (one.counted) loss.vanished.set(node, now);
    if (judge(loss, memberCount, now)) tellFreeze();
    if (loss.frozenSince !== null) {
      lookForReturned(links);
      parts.kept.save(loss);
      return done;
    }
    let all = done;
    for (const [node, one] of looked) {
      const isDue = suspects.get(node) === one && dueAt(one, hold()) <= now;
      if (isDue) all = (await settle(node, one, now, links)) && all;
    }
    return all;
  }

  /** Who must be looked at. Before anybody is expired all are that vanished with it; while frozen all are each time. */
  function due(now: Millis): readonly (readonly [string, Suspect])[] {
    const wait = hold();
    const all = [...suspects];
    if (loss.frozenSince !== null) return all;
    const isDue = all.some(([, one]) => dueAt(one, wait) <= now);
    return isDue ? all.filter(([, one]) => !one.counted || dueAt(one, wait) <= now) : [];
  }

  /** Asked once for all of them, and for those who vouch for them. */
  function linksOf(looked: readonly (readonly [string, Suspect])[]): Promise<ReadonlySet<string>> {
    const names = looked.flatMap(([node]) => [node, vouchers.get(node)?.reporter ?? node]);
    if (loss.frozenSince !== null) names.push(...loss.vanished.keys());
    return names.length === 0 ? Promise.resolve(new Set()) : parts.linked([...new Set(names)]);
  }

  /** An agent whose link ended may have another one already, or be seen by this server's own pool. */
  function lookAtLink(node: string, one: Suspect, links: ReadonlySet<string>, now: Millis): void {
    const isSeen = vouchers.get(node)?.isServer === true && isVouchedFor(node, now, links);
    if (isHearsay(one)) return;
    if (!links.has(node) && (one.gossip || !isSeen)) count(node, one, now);
    else if (!one.gossip) clear(node);
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
      if (!isCertain && (await parts.linked([node])).has(node)) continue; // it says otherwise
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
  function lookForReturned(links: ReadonlySet<string>): void {
    lookAt = parts.now() + postponeMillis;
    for (const node of [...loss.vanished.keys(), ...suspects.keys()]) {
      if (suspects.get(node)?.own !== true && links.has(node)) clear(node); // the own pool will see it return
    }
    if (judge(loss, parts.members().length, parts.now())) tellFreeze();
  }

  /** One member whose time has come: expired, cleared, or looked at again. False when it could not be written. */
  async function settle(
    node: string,
    one: Suspect,
    now: Millis,
    links: ReadonlySet<string>,
  ): Promise<boolean> {
    const view = parts.view(node);
    const serf = view.checks.find((check) => check.CheckID === serfHealthCheckId);
    if (view.node === null || (serf?.Status !== "passing" && !one.reaped)) {
      suspects.delete(node);
      return true;
    }
    const isBelieved = one.gossip && (one.reporters.size >= 2 || isAccusedHere(one));
    if (isHearsay(one) || (links.has(node) && (one.reaped || !isBelieved))) {
      // One accuser against a link that lives: it may be the accuser who is cut off.
      const isOver = now - one.since > accusationMillis && !one.own;
      if (!one.gossip || one.reaped || isOver) clear(node);
      else one.notBefore = now + postponeMillis;
      return true;
    }
    if (!one.gossip && isVouchedFor(node, now, links)) {
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

  /** Another server alone says so. Servers have no links, so that only this server's own pool can contradict: it is awaited. */
  function isHearsay({ gossip, own, reaped, reporters }: Suspect): boolean {
    return parts.ownAgent !== null && gossip && !own && !reaped && reporters.size < 2;
  }

  /** This server's own pool says so without doubts. */
  function isAccusedHere({ reporters }: Suspect): boolean {
    return parts.ownAgent !== null && reporters.has(parts.ownAgent);
  }

  function clear(node: string): void {
    suspects.delete(node);
    noteReturned(loss, node);
  }

  function isVouchedFor(node: string, now: Millis, links: ReadonlySet<string>): boolean {
    const voucher = vouchers.get(node);
    if (voucher === undefined) return false;
    const age = now - voucher.at;
    if (voucher.isServer) return age <= limits.memberVouchServerMillis;
    return age <= limits.memberVouchMillis && links.has(voucher.reporter);
  }

  function reason(): string {
    const count = loss.vanished.size;
    return (
      `${count} of ${parts.members().length} members vanished within ${limits.memberLossWindowMillis / 1_000} s: ` +
      "nobody is expired until most of them are back; give single ones up with force-leave"
    );
  }

  function tellFreeze(): void {
    parts.kept.save(loss);
    if (loss.frozenSince !== null) log("warn", "server: member expiry is frozen", { reason: reason() });
    else log("info", "server: member expiry goes on: most of those that vanished are back");
  }

  const reset = (leading: boolean) => () => {
    leads = leading;
    loss = leading ? parts.kept.load() : newMassLoss();
    lookAt = 0;
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
