// legate operator raft list-peers | remove-peer | transfer-leader

import type { RaftConfigurationView } from "../../../shared/structs/raft-configuration.ts";
import { flagText } from "../../config/flags.ts";
import type { Command } from "../command.ts";
import { ask, askJson, failed } from "../http-client.ts";
import { table } from "../output.ts";

export const raftListPeers: Command = {
  name: "operator raft list-peers",
  summary: "Lists the servers of the raft group",
  args: "",
  help: "Prints the servers of raft's configuration, who leads and who votes.\n\n$ operator raft list-peers\n\nWithout a leader ask one server for what it knows itself:\n\n$ operator raft list-peers -stale",
  asks: "server",
  argsMax: -1,
  flags: [],
  run: async (context) => {
    const found = await askJson<RaftConfigurationView>(context, { path: "/v1/operator/raft/configuration" });
    if (!found.ok)
      return failed(context, "Error getting peers: Failed to retrieve raft configuration", found.error);
    const rows = found.value.Servers.map((server) => [
      server.Node,
      server.ID,
      server.Address,
      server.Leader ? "leader" : "follower",
      String(server.Voter),
      server.ProtocolVersion,
    ]);
    context.ports.stdout(table([["Node", "ID", "Address", "State", "Voter", "RaftProtocol"], ...rows]));
    return 0;
  },
};

export const raftRemovePeer: Command = {
  name: "operator raft remove-peer",
  summary: "Removes a server from the raft group",
  args: "",
  help: "Takes a server out of raft's configuration that is gone for good and that autopilot did not remove. A server that runs leaves with `leave` instead; one that still runs is added again.\n\n$ operator raft remove-peer -address=10.0.0.3:8300\n\n$ operator raft remove-peer -id=ab8bb3e0-1bd6-4d0f-9a3c-39a2f2ac0b0d",
  asks: "server",
  argsMax: 0,
  flags: [
    { name: "address", type: "text", value: "address", doc: "Address of the server, IP:port." },
    { name: "id", type: "text", value: "id", doc: "Id of the server." },
  ],
  run: async (context) => {
    const address = flagText(context.flags, "address") ?? "";
    const id = flagText(context.flags, "id") ?? "";
    if (address === "" && id === "") {
      return failed(context, "Error removing peer", "an address or id is required for the peer to remove");
    }
    if (address !== "" && id !== "") {
      return failed(context, "Error removing peer", "cannot give both an address and id");
    }
    const [name, value] = id === "" ? ["address", address] : ["id", id];
    const query: [string, string][] = [[name, value]];
    const removed = await ask(context, { method: "DELETE", path: "/v1/operator/raft/peer", query });
    if (!removed.ok) return failed(context, "Error removing peer", removed.error);
    context.ports.stdout(`Removed peer with ${name} ${JSON.stringify(value)}\n`);
    return 0;
  },
};

export const raftTransferLeader: Command = {
  name: "operator raft transfer-leader",
  summary: "Hands the leadership to another server",
  args: "",
  help: "The leader brings another voter up to date and lets it stand for election at once, before an upgrade or a restart of its machine.\n\n$ operator raft transfer-leader\n\n$ operator raft transfer-leader -id=ab8bb3e0-1bd6-4d0f-9a3c-39a2f2ac0b0d",
  asks: "server",
  argsMax: 0,
  flags: [
    {
      name: "id",
      type: "text",
      value: "id",
      doc: "Id of the server that shall lead. Default: the leader chooses.",
    },
  ],
  run: async (context) => {
    const id = flagText(context.flags, "id") ?? "";
    const query: [string, string][] = id === "" ? [] : [["id", id]];
    const path = "/v1/operator/raft/transfer-leader";
    const moved = await ask(context, { method: "POST", path, query });
    if (!moved.ok) return failed(context, "Error transferring leadership", moved.error);
    context.ports.stdout("Success\n");
    return 0;
  },
};
