// Autopilot on the leader: asks the servers how they are, keeps since when each is so, and takes the steps that
// shared/autopilot/plan.ts decides. Where servers gossip it looks every two seconds. At the edge it asks nobody who
// sleeps: only when an operator wants to know, and while the group is not the one that the settings list.

import { observeHealth } from "../../../shared/autopilot/health.ts";
import { type AutopilotPlan, planAutopilot } from "../../../shared/autopilot/plan.ts";
import type { Millis } from "../../../shared/base/brand.ts";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { errorMessage, type ServerError } from "../../../shared/errors.ts";
import type { Command } from "../../../shared/fsm/types.ts";
import type { MembershipChange, ServerId } from "../../../shared/raft/types.ts";
import { autopilotGet } from "../../../shared/state/autopilot.ts";
import {
  type AutopilotConfiguration,
  type ClusterHealth,
  defaultAutopilot,
  type ServerStats,
} from "../../../shared/structs/autopilot.ts";
import type { KnownServer } from "../../../shared/structs/known-server.ts";
import type { ServerConfig } from "../config.ts";
import type { Deadlines } from "../deadlines.ts";
import { isObject } from "../endpoints/request-shape.ts";
import type { Directory, ServerPorts } from "../ports.ts";
import type { RaftDriver } from "../raft-driver.ts";
import type { LeaderDuty } from "./index.ts";

/** Consul polls the servers' health so often. */
const pollMillis: Millis = 2_000;
/** So long without a step, a change of the listed servers is worth no waking any more, and is looked at more rarely. */
const changeWakesMillis: Millis = 120_000;
const stuckPollMillis: Millis = 60_000;
/** How long a server may take to say how it is. */
const answerMillis: Millis = 1_000;

export type Autopilot = {
  /** How the servers are now, as this leader sees them. */
  health(): Promise<Result<ClusterHealth, ServerError>>;
  readonly duty: LeaderDuty;
};

type Parts = {
  readonly config: ServerConfig;
  readonly ports: Pick<ServerPorts, "sql" | "peers" | "clock" | "log">;
  readonly directory: Directory;
  /** The directory is gossip's: servers come and go, and autopilot acts on it. */
  readonly gossips: boolean;
  readonly deadlines: Deadlines;
  readonly driver: Pick<
    RaftDriver,
    "status" | "configuration" | "changeMembership" | "confirmLeadership" | "transferLeadership"
  >;
  propose(command: Command): Promise<Result<unknown, ServerError>>;
  /** Something else than an applied entry made the duty due. */
  changed(): void;
};

/** Autopilot of one server; idle until it leads. */
export function createAutopilot(parts: Parts): Autopilot {
  const { config, ports, driver } = parts;
  let leads = false;
  let current: ClusterHealth | null = null;
  let nextAt: Millis = 0;
  let lastWarnings = "";
  /** The first settings are in the state, as far as this leader has seen. */
  let hasSettings = false;
  /** When the group came a step nearer to the servers that are listed, if that is its way. */
  let steppedAt: Millis = 0;
  const listed = config.beginsTogether === true && !parts.gossips ? new Set<string>(config.servers) : null;
  parts.directory.onChange(() => {
    if (!leads) return;
    nextAt = ports.clock.now();
    parts.changed();
  });

  function settings(): AutopilotConfiguration {
    return autopilotGet(ports.sql).value ?? config.autopilot ?? defaultAutopilot;
  }

  async function observe(): Promise<ClusterHealth> {
    const status = driver.status();
    const { servers: group } = driver.configuration();
    const known = parts.directory.servers();
    const others = new Set([...group, ...known.filter(isAlive)].map(({ id }) => id as ServerId));
    others.delete(config.id);
    const stats = new Map<string, ServerStats>([
      [config.id, { lastContactMillis: 0, lastTerm: status.lastTerm, lastIndex: status.lastIndex }],
    ]);
    await Promise.all(
      [...others].map(async (id) => {
        const answer = await askStats(parts, id, answerMillis);
        if (answer !== null) stats.set(id, answer);
      }),
    );
    current = observeHealth(
      {
        now: ports.clock.now(),
        leader: config.id,
        // What followers were asked about is older than what was appended meanwhile.
        lastTerm: status.lastTerm,
        lastIndex: status.lastIndex,
        group,
        known: parts.gossips ? known : known.map((server) => asAnswered(server, stats)),
        stats,
        settings: settings(),
      },
      current,
    );
    return current;
  }

  /** Is the group another one than the settings list? */
  function isToChange(): boolean {
    if (listed === null) return false;
    const { servers: group } = driver.configuration();
    const members = group.filter(({ id, voter }) => voter && listed.has(id)).length;
    return members < listed.size || members < group.length;
  }

  /**
   * The servers as gossip knows them; at the edge as they are listed: one that is to come counts once it answers, one
   * that is listed no more has left, and one that belongs to the group is not called dead for being asleep.
   */
  function known(health: ClusterHealth): readonly KnownServer[] {
    const servers = parts.directory.servers();
    if (listed === null) return servers;
    const { servers: group } = driver.configuration();
    const answers = (id: string) => health.servers.some((one) => one.id === id && one.state === "alive");
    const isIn = (id: string) => group.some((member) => member.id === id);
    const gone = group.filter(({ id }) => !listed.has(id)).map((member) => leftServer(member, config));
    return [...servers.filter(({ id }) => isIn(id) || answers(id)), ...gone];
  }

  async function act(health: ClusterHealth): Promise<void> {
    if (listed !== null && !listed.has(config.id)) return handOver(health, listed);
    const plan = planAutopilot({
      now: ports.clock.now(),
      leader: config.id,
      group: driver.configuration().servers,
      known: known(health),
      health,
      settings: settings(),
    });
    warn(plan);
    if (plan.step === null || !leads) return;
    const changed = await driver.changeMembership(changeOf(plan.step));
    const said = { server: plan.step.id, why: plan.step.why };
    if (changed.ok) {
      ports.log("info", `autopilot: ${plan.step.kind}`, said);
      steppedAt = ports.clock.now();
      nextAt = steppedAt; // there may be a next step
    } else {
      const error = errorMessage(changed.error);
      ports.log("warn", `autopilot: ${plan.step.kind} failed`, { ...said, error });
    }
  }

  /** A leader that is listed no more cannot remove itself well: one that stays does it. */
  async function handOver(health: ClusterHealth, stays: ReadonlySet<string>): Promise<void> {
    const heir = health.servers.find(({ id, voter, healthy }) => voter && healthy && stays.has(id));
    if (heir === undefined || !leads) return;
    ports.log("info", "autopilot: this server is not listed any more and hands over", { to: heir.id });
    await driver.transferLeadership(heir.id as ServerId);
  }

  /** Said once, until something else is to be said. */
  function warn(plan: AutopilotPlan): void {
    const text = plan.warnings.join("; ");
    if (text !== "" && text !== lastWarnings) ports.log("warn", `autopilot: ${text}`);
    lastWarnings = text;
  }

  return {
    async health() {
      const isFresh = current !== null && parts.gossips && leads;
      if (isFresh && current !== null) return ok(current);
      const confirmed = await driver.confirmLeadership(false); // wakes the others
      return confirmed.ok ? ok(await observe()) : fail(confirmed.error);
    },
    duty: {
      name: "autopilot",
      establish() {
        leads = true;
        current = null;
        hasSettings = false;
        nextAt = ports.clock.now();
        steppedAt = nextAt;
      },
      revoke() {
        leads = false;
        current = null;
      },
      next() {
        if (parts.gossips) return { at: nextAt, wakes: true };
        if (isToChange()) return { at: nextAt, wakes: nextAt < steppedAt + changeWakesMillis };
        return hasSettings ? null : { at: nextAt, wakes: false };
      },
      async perform(now) {
        if (!hasSettings && autopilotGet(ports.sql).value === null) {
          const configuration = config.autopilot ?? defaultAutopilot;
          const written = await parts.propose({ kind: "autopilot", configuration, cas: null, initial: true });
          if (!written.ok) return false;
        }
        hasSettings = true;
        const isStuck = !parts.gossips && now >= steppedAt + changeWakesMillis;
        nextAt = now + (isStuck ? stuckPollMillis : pollMillis);
        if (parts.gossips) await act(await observe());
        else if (isToChange()) {
          const confirmed = await driver.confirmLeadership(false); // also lets the others hear from the leader
          if (confirmed.ok) await act(await observe());
        }
        return true;
      },
    },
  };
}

function isAlive(server: KnownServer): boolean {
  return server.state === "alive";
}

/** Without gossip, whoever answers is alive. */
function asAnswered(server: KnownServer, stats: ReadonlyMap<string, ServerStats>): KnownServer {
  return stats.has(server.id) ? server : { ...server, state: "failed" };
}

/** A member of the group that is listed no more. */
function leftServer(
  member: { readonly id: string; readonly address: string },
  config: ServerConfig,
): KnownServer {
  const colon = member.address.lastIndexOf(":");
  return {
    id: member.id,
    name: member.id,
    nodeId: member.id,
    datacenter: config.datacenter,
    address: member.address.slice(0, Math.max(0, colon)),
    port: Number(member.address.slice(colon + 1)),
    ...{
      state: "left",
      bootstrapExpect: 0,
      bootstrap: false,
      nonVoter: false,
      protocolVersion: 3,
      build: "",
    },
  };
}

function changeOf(step: NonNullable<AutopilotPlan["step"]>): MembershipChange {
  const id = step.id as ServerId;
  return step.kind === "addNonvoter" || step.kind === "addVoter"
    ? { kind: step.kind, id, address: step.address }
    : { kind: step.kind, id };
}

/** Null when the server did not answer in time. */
export function askStats(
  parts: { readonly deadlines: Deadlines; readonly ports: Pick<ServerPorts, "peers"> },
  server: ServerId,
  millis: Millis,
): Promise<ServerStats | null> {
  return new Promise((resolve) => {
    const cancel = parts.deadlines.after(millis, () => resolve(null));
    void parts.ports.peers.call(server, "Status.RaftStats", {}).then((answer) => {
      cancel();
      resolve(answer.ok && isStats(answer.value) ? answer.value : null);
    });
  });
}

function isStats(value: unknown): value is ServerStats {
  return (
    isObject(value) &&
    typeof value.lastContactMillis === "number" &&
    typeof value.lastTerm === "number" &&
    typeof value.lastIndex === "number"
  );
}
