import { describe, expect, it } from "vitest";
import { agentCommand } from "../../../agent/cli/commands/agent.ts";
import { catalogDatacenters, catalogNodes, catalogServices } from "../../../agent/cli/commands/catalog.ts";
import { configDelete, configList, configRead, configWrite } from "../../../agent/cli/commands/config.ts";
import { reachabilityCommand, rttCommand } from "../../../agent/cli/commands/distance.ts";
import { eventCommand, forceLeaveCommand, joinCommand } from "../../../agent/cli/commands/gossip.ts";
import { debugCommand } from "../../../agent/cli/commands/debug.ts";
import { execCommand } from "../../../agent/cli/commands/exec.ts";
import { infoCommand } from "../../../agent/cli/commands/info.ts";
import { keygenCommand } from "../../../agent/cli/commands/keygen.ts";
import { keyringCommand } from "../../../agent/cli/commands/keyring.ts";
import { kvDelete } from "../../../agent/cli/commands/kv-delete.ts";
import { kvExport, kvImport } from "../../../agent/cli/commands/kv-export.ts";
import { kvGet } from "../../../agent/cli/commands/kv-get.ts";
import { kvPut } from "../../../agent/cli/commands/kv-put.ts";
import { leaveCommand, reloadCommand } from "../../../agent/cli/commands/lifecycle.ts";
import { lockCommand } from "../../../agent/cli/commands/lock.ts";
import { maintCommand } from "../../../agent/cli/commands/maint.ts";
import { membersCommand } from "../../../agent/cli/commands/members.ts";
import {
  autopilotGetConfig,
  autopilotSetConfig,
  autopilotState,
} from "../../../agent/cli/commands/operator-autopilot.ts";
import {
  raftListPeers,
  raftRemovePeer,
  raftTransferLeader,
} from "../../../agent/cli/commands/operator-raft.ts";
import { raftRecover } from "../../../agent/cli/commands/operator-recover.ts";
import { servicesDeregister, servicesRegister } from "../../../agent/cli/commands/services.ts";
import { snapshotInspect, snapshotRestore, snapshotSave } from "../../../agent/cli/commands/snapshot.ts";
import { validateCommand } from "../../../agent/cli/commands/validate.ts";
import { versionCommand } from "../../../agent/cli/commands/version.ts";
import { monitorCommand } from "../../../agent/cli/commands/monitor.ts";
import { watchCommand } from "../../../agent/cli/commands/watch.ts";
import { optionsOf } from "../../../agent/cli/help.ts";
import { commands, groups, missingCommands } from "../../../agent/cli/registry.ts";

describe("the registry of commands", () => {
  it("has every command there is", () => {
    const all = [
      ...[agentCommand, catalogDatacenters, catalogNodes, catalogServices, infoCommand, keygenCommand],
      ...[kvDelete, kvExport, kvGet, kvImport, kvPut],
      ...[leaveCommand, lockCommand, maintCommand, membersCommand, monitorCommand, watchCommand],
      ...[autopilotGetConfig, autopilotSetConfig, autopilotState],
      ...[raftListPeers, raftRecover, raftRemovePeer, raftTransferLeader, reloadCommand],
      ...[servicesDeregister, servicesRegister, validateCommand, versionCommand],
    ];
    const gossip = [
      execCommand,
      debugCommand,
      eventCommand,
      forceLeaveCommand,
      joinCommand,
      keyringCommand,
      reachabilityCommand,
      rttCommand,
    ];
    const states = [
      ...[configDelete, configList, configRead, configWrite],
      ...[snapshotInspect, snapshotRestore, snapshotSave],
    ];
    const byName = (list: readonly { name: string }[]) => list.map(({ name }) => name).sort();
    expect(byName(commands)).toEqual(byName([...all, ...gossip, ...states]));
    expect(new Set(commands)).toEqual(new Set([...all, ...gossip, ...states]));
  });

  it("has each name once, in a group that exists, and each option of a command once", () => {
    const names = [...commands, ...groups].map(({ name }) => name).concat(missingCommands);
    expect(new Set(names).size).toBe(names.length);
    for (const command of commands) {
      const group = command.name.split(" ").slice(0, -1).join(" ");
      if (group !== "") expect(groups.map(({ name }) => name)).toContain(group);
      const options = optionsOf(command).map(({ name }) => name);
      expect(new Set(options).size).toBe(options.length);
    }
  });
});
