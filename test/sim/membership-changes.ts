// Operators who change the group while it is in trouble: servers are added, promoted, demoted, removed and replaced, and
// leaders are asked to hand over, by whoever believes to lead.

import type { MembershipChange, RaftServer } from "../../shared/raft/types.ts";
import type { Cluster, World } from "./cluster.ts";
import type { ServerNode } from "./server-node.ts";

const believesToLead = (node: ServerNode): boolean => node.peek()?.status().role === "leader";

/** One change, drawn, asked of one that leads; nothing when nobody does. */
export function changeMembership(world: World, cluster: Cluster): void {
  const leaders = cluster.nodes.filter(believesToLead);
  if (leaders.length === 0) return;
  const life = world.dice.pick(leaders).life();
  const asked = life?.use((server) => {
    const change = drawChange(world, cluster, server.raft.configuration().servers);
    world.log(`${life.id} is asked to ${JSON.stringify(change)}`);
    return change === null ? null : server.raft.changeMembership(change);
  });
  asked?.then((outcome) => {
    world.trace.text(outcome.ok ? "changed" : outcome.error.code);
    world.log(`${life?.id} membership change: ${JSON.stringify(outcome)}`);
  }, cluster.fail);
}

/** To somebody, or to whoever suits best. */
export function transferLeadership(world: World, cluster: Cluster): void {
  const leaders = cluster.nodes.filter(believesToLead);
  if (leaders.length === 0) return;
  const to = world.dice.chance(0.5) ? null : world.dice.pick(cluster.nodes).id;
  const life = world.dice.pick(leaders).life();
  const asked = life?.use((server) => server.raft.transferLeadership(to));
  asked?.then((outcome) => world.trace.text(outcome.ok ? "transferred" : outcome.error.code), cluster.fail);
}

function drawChange(
  { dice, options }: World,
  cluster: Cluster,
  members: readonly RaftServer[],
): MembershipChange | null {
  const voters = members.filter((server) => server.voter);
  const alive = cluster.nodes.filter((node) => !node.isLost());
  const lost = members.filter((server) => cluster.nodeOf(server.id)?.isLost() === true);
  // Who is lost for good is replaced before anybody else may go.
  if (lost.length > 0 && dice.chance(0.5)) return { kind: "remove", id: dice.pick(lost).id };
  const id = dice.pick(alive).id;
  const known = members.find((server) => server.id === id);
  // Nor while one may be lost at any time.
  const mayShrink = lost.length === 0 && !cluster.nodes.some((node) => node.isRotten());
  if (mayShrink && dice.chance(0.15))
    return { kind: "replace", servers: drawServers(dice, cluster, options.servers) };
  if (known === undefined) return { kind: dice.chance(0.5) ? "addVoter" : "addNonvoter", id, address: id };
  if (!known.voter) return dice.chance(0.7) ? { kind: "addVoter", id, address: id } : { kind: "remove", id };
  // The group keeps about the size that it was made with.
  if (!mayShrink || voters.length < options.servers) return null;
  return { kind: dice.chance(0.4) ? "demote" : "remove", id };
}

function drawServers(dice: World["dice"], cluster: Cluster, size: number): readonly RaftServer[] {
  const left = cluster.nodes.filter((node) => !node.isLost());
  const servers: RaftServer[] = [];
  while (servers.length < size && left.length > 0) {
    const [node] = left.splice(dice.between(0, left.length - 1), 1);
    if (node !== undefined) servers.push({ id: node.id, address: node.id, voter: true });
  }
  return servers;
}
