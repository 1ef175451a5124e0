// What autopilot does next to raft's configuration: takes in servers that joined, promotes those that proved stable,
// follows a changed address, and removes who left or died, but never so many that the rest could not decide. One step
// at a time: after each the caller looks again.

import type { Millis } from "../base/brand.ts";
import type { AutopilotConfiguration, ClusterHealth } from "../structs/autopilot.ts";
import { type KnownServer, serverAddress } from "../structs/known-server.ts";
import { type GroupMember, quorumOf } from "./health.ts";

export type AutopilotStep =
  | { readonly kind: "addNonvoter" | "addVoter"; readonly id: string; readonly address: string }
  | { readonly kind: "demote" | "remove"; readonly id: string };

export type AutopilotPlan = {
  readonly step: (AutopilotStep & { readonly why: string }) | null;
  /** What an operator should know: why something that looks due is not done. */
  readonly warnings: readonly string[];
};

export type Situation = {
  readonly now: Millis;
  readonly leader: string;
  readonly group: readonly GroupMember[];
  readonly known: readonly KnownServer[];
  readonly health: ClusterHealth;
  readonly settings: AutopilotConfiguration;
};

/** The next step, or none. */
export function planAutopilot(seen: Situation): AutopilotPlan {
  const warnings: string[] = [];
  const step = joined(seen, warnings) ?? promoted(seen) ?? departed(seen, warnings);
  return { step, warnings };
}

type Step = AutopilotPlan["step"];

function joined(seen: Situation, warnings: string[]): Step {
  const self = seen.known.find(({ id }) => id === seen.leader);
  for (const server of seen.known) {
    if (server.state !== "alive" || server.id === seen.leader) continue;
    const address = serverAddress(server);
    const member = seen.group.find(({ id }) => id === server.id);
    if (member === undefined) {
      if (server.bootstrap && self?.bootstrap === true) {
        warnings.push(
          `${server.name} is in bootstrap mode and so is this server: start it without -bootstrap, it is not added`,
        );
        continue;
      }
      const taken = seen.group.find((other) => other.address === address && isGone(seen, other.id));
      // Its predecessor at this address is gone for good: a new disk gave a new id.
      if (taken !== undefined && taken.id !== seen.leader && keepsQuorumWithout(seen, taken.id))
        return { kind: "remove", id: taken.id, why: `${server.name} has its address under a new id` };
      return { kind: "addNonvoter", id: server.id, address, why: `${server.name} joined` };
    }
    if (member.address !== address) {
      const kind = member.voter ? "addVoter" : "addNonvoter";
      return { kind, id: server.id, address, why: `${server.name} moved from ${member.address}` };
    }
  }
  return null;
}

/** Not in gossip, or known to have left or failed. */
function isGone(seen: Situation, id: string): boolean {
  const known = seen.known.find((server) => server.id === id);
  return known === undefined || known.state === "left" || known.state === "failed";
}

function promoted(seen: Situation): Step {
  for (const member of seen.group) {
    const known = seen.known.find(({ id }) => id === member.id);
    if (known === undefined) continue;
    if (known.nonVoter) {
      if (!member.voter || member.id === seen.leader || !keepsQuorumWithout(seen, member.id)) continue;
      return { kind: "demote", id: member.id, why: `${known.name} is a non-voting server` };
    }
    if (member.voter) continue;
    const health = seen.health.servers.find(({ id }) => id === member.id);
    if (health?.healthy !== true) continue;
    if (seen.now - health.stableSince < seen.settings.ServerStabilizationTime) continue;
    return { kind: "addVoter", id: member.id, address: member.address, why: `${known.name} is stable` };
  }
  return null;
}

function departed(seen: Situation, warnings: string[]): Step {
  const others = seen.group.filter(({ id }) => id !== seen.leader);
  const nameOf = (id: string) => seen.known.find((server) => server.id === id)?.name ?? id;
  // A goodbye is believed at once, as Consul's leader does on serf's leave.
  for (const { id } of others) {
    const left = seen.known.find((server) => server.id === id)?.state === "left";
    if (left) return { kind: "remove", id, why: `${nameOf(id)} left` };
  }
  if (!seen.settings.CleanupDeadServers) return null;
  const dead = others.filter(({ id }) => isGone(seen, id));
  const deadVoters = dead.filter(({ voter }) => voter);
  const voters = seen.group.filter(({ voter }) => voter).length;
  if (dead.length === 0) return null;
  if (seen.group.length - dead.length < seen.settings.MinQuorum) {
    warnings.push(
      `${dead.length} dead servers stay: without them fewer than MinQuorum = ${seen.settings.MinQuorum}`,
    );
    return null;
  }
  const [nonvoter] = dead.filter(({ voter }) => !voter);
  if (nonvoter !== undefined)
    return { kind: "remove", id: nonvoter.id, why: `${nameOf(nonvoter.id)} is dead` };
  // Consul's rule: fewer than half of the voters may go.
  if (deadVoters.length >= Math.floor(voters / 2)) {
    warnings.push(`too many dead servers: ${deadVoters.length}/${voters}`);
    return null;
  }
  const [voter] = deadVoters;
  if (voter === undefined || !keepsQuorumWithout(seen, voter.id)) return null;
  return { kind: "remove", id: voter.id, why: `${nameOf(voter.id)} is dead` };
}

/** Whether the healthy voters that remain can still decide when this one is a voter no longer. */
function keepsQuorumWithout(seen: Situation, id: string): boolean {
  const rest = seen.group.filter((member) => member.voter && member.id !== id);
  const alive = rest.filter((member) => !isGone(seen, member.id) || member.id === seen.leader);
  return rest.length > 0 && alive.length >= quorumOf(rest.length);
}
