// The one list of commands.

import type { Command, CommandGroup } from "./command.ts";
import { agentCommand } from "./commands/agent.ts";
import { catalogDatacenters, catalogNodes, catalogServices } from "./commands/catalog.ts";
import { reachabilityCommand, rttCommand } from "./commands/distance.ts";
import { eventCommand, forceLeaveCommand, joinCommand } from "./commands/gossip.ts";
import { configDelete, configList, configRead, configWrite } from "./commands/config.ts";
import { debugCommand } from "./commands/debug.ts";
import { execCommand } from "./commands/exec.ts";
import { infoCommand } from "./commands/info.ts";
import { keygenCommand } from "./commands/keygen.ts";
import { keyringCommand } from "./commands/keyring.ts";
import { kvDelete } from "./commands/kv-delete.ts";
import { kvExport, kvImport } from "./commands/kv-export.ts";
import { kvGet } from "./commands/kv-get.ts";
import { kvPut } from "./commands/kv-put.ts";
import { leaveCommand, reloadCommand } from "./commands/lifecycle.ts";
import { lockCommand } from "./commands/lock.ts";
import { maintCommand } from "./commands/maint.ts";
import { membersCommand } from "./commands/members.ts";
import { monitorCommand } from "./commands/monitor.ts";
import { autopilotGetConfig, autopilotSetConfig, autopilotState } from "./commands/operator-autopilot.ts";
import { raftListPeers, raftRemovePeer, raftTransferLeader } from "./commands/operator-raft.ts";
import { raftRecover } from "./commands/operator-recover.ts";
import { servicesDeregister, servicesRegister } from "./commands/services.ts";
import { snapshotInspect, snapshotRestore, snapshotSave } from "./commands/snapshot.ts";
import { validateCommand } from "./commands/validate.ts";
import { versionCommand } from "./commands/version.ts";
import { watchCommand } from "./commands/watch.ts";

export const commands: readonly Command[] = [
  agentCommand,
  catalogDatacenters,
  catalogNodes,
  catalogServices,
  forceLeaveCommand,
  configDelete,
  configList,
  configRead,
  configWrite,
  debugCommand,
  eventCommand,
  execCommand,
  infoCommand,
  joinCommand,
  keygenCommand,
  keyringCommand,
  kvDelete,
  kvExport,
  kvGet,
  kvImport,
  kvPut,
  leaveCommand,
  lockCommand,
  maintCommand,
  membersCommand,
  monitorCommand,
  autopilotGetConfig,
  autopilotSetConfig,
  autopilotState,
  raftListPeers,
  raftRecover,
  raftRemovePeer,
  raftTransferLeader,
  reachabilityCommand,
  reloadCommand,
  rttCommand,
  servicesDeregister,
  servicesRegister,
  snapshotInspect,
  snapshotRestore,
  snapshotSave,
  validateCommand,
  versionCommand,
  watchCommand,
];

export const groups: readonly CommandGroup[] = [
  {
    name: "catalog",
    summary: "Lists datacenters, nodes and services of the catalog",
    help: "Asks the catalog, which the servers keep.\n\n$ catalog nodes\n\n$ catalog services -tags",
  },
  {
    name: "config",
    summary: "Reads and writes configuration entries",
    help: "Works with the configuration entries of services, proxies and gateways.\n\n$ config write web.defaults.json\n\n$ config read -kind service-defaults -name web",
  },
  {
    name: "kv",
    summary: "Reads and writes the key-value store",
    help: "Reads and writes keys.\n\n$ kv put redis/config/connections 5\n\n$ kv get redis/config/connections\n\n$ kv get -recurse redis/\n\n$ kv delete redis/config/connections",
  },
  {
    name: "operator",
    summary: "Looks after the group of servers",
    help: "Tools for whoever runs the servers.\n\n$ operator raft list-peers\n\n$ operator autopilot state",
  },
  {
    name: "operator autopilot",
    summary: "Reads and changes autopilot, which looks after the servers",
    help: "Autopilot takes in servers that join, gives them a vote once they are stable, and removes dead ones.\n\n$ operator autopilot get-config\n\n$ operator autopilot state",
  },
  {
    name: "operator raft",
    summary: "Shows and changes the raft group of the servers",
    help: "Raft is how the servers agree.\n\n$ operator raft list-peers\n\n$ operator raft remove-peer -address=10.0.0.3:8300",
  },
  {
    name: "snapshot",
    summary: "Saves, restores and inspects the state of the servers",
    help: "Keeps the whole state of the servers in a file, for disasters.\n\n$ snapshot save backup.snap\n\n$ snapshot restore backup.snap",
  },
  {
    name: "services",
    summary: "Registers and deregisters services of the agent",
    help: "Works with the services of the agent that is asked; the whole datacenter's are in the catalog commands.\n\n$ services register web.json",
  },
];

/** Commands of Consul 1.8.7 that are not there yet: named so, not taken for a slip of the pen. */
export const missingCommands: readonly string[] = [..."acl connect intention login logout".split(" "), "tls"];
