// legate rtt and reachability: how far members are from each other, and whether all of them answer.

import { distance } from "../../../shared/coordinate/coordinate.ts";
import type { DatacenterCoordinates, NodeCoordinate } from "../../../shared/structs/coordinate.ts";
import { flagBool } from "../../config/flags.ts";
import type { Command, CommandContext } from "../command.ts";
import { askJson, failed } from "../http-client.ts";

export const rttCommand: Command = {
  name: "rtt",
  summary: "Estimates network round trip time between nodes",
  args: "NODE1 [NODE2]",
  help: "Computes the time from the network coordinates that the agents keep. Without NODE2 it is the agent that is asked.\n\n$ rtt n1 n2\n\n$ rtt -wan n1.dc1 n2.dc2",
  asks: "agent",
  argsMax: -1,
  flags: [{ name: "wan", type: "bool", doc: "Servers of two datacenters: names with .DATACENTER." }],
  run: async (context) => {
    const { flags, ports } = context;
    const wan = flagBool(flags, "wan");
    if (flags.args.length < 1 || flags.args.length > 2) {
      ports.stderr("One or two node names must be specified\n");
      return 1;
    }
    if (wan && flags.args.some((name) => name.split(".").length !== 2)) {
      ports.stderr("Node names must be specified as <node name>.<datacenter> with -wan\n");
      return 1;
    }
    const own = flags.args.length === 2 ? { ok: true as const, value: "" } : await ownName(context, wan);
    if (!own.ok) return failed(context, "Unable to look up agent info", own.error);
    const [first = "", second = own.value] = flags.args;
    const known = await coordinates(context, wan);
    if (!known.ok) return failed(context, "Error getting coordinates", known.error);
    for (const name of [first, second]) {
      if (known.value.has(name)) continue;
      ports.stderr(`Could not find a coordinate for node "${name}"\n`);
      return 1;
    }
    const one = known.value.get(first);
    const other = known.value.get(second);
    if (one === undefined || other === undefined) return 1;
    const millis = (distance(one.Coord, other.Coord) * 1_000).toFixed(3);
    const source = wan ? "WAN" : "LAN";
    ports.stdout(`Estimated ${first} <-> ${second} rtt: ${millis} ms (using ${source} coordinates)\n`);
    return 0;
  },
};

type Self = { readonly Config: { readonly NodeName: string; readonly Datacenter: string } };

async function ownName(context: CommandContext, wan: boolean) {
  const self = await askJson<Self>(context, { path: "/v1/agent/self" });
  if (!self.ok) return self;
  const { NodeName, Datacenter } = self.value.Config;
  return { ok: true as const, value: wan ? `${NodeName}.${Datacenter}` : NodeName };
}

async function coordinates(context: CommandContext, wan: boolean) {
  if (!wan) {
    const nodes = await askJson<readonly NodeCoordinate[]>(context, { path: "/v1/coordinate/nodes" });
    if (!nodes.ok) return nodes;
    // A node may have one for each network segment; the default one is the one to compare by.
    const list = nodes.value.filter(({ Segment }) => Segment === "");
    return { ok: true as const, value: new Map(list.map((node) => [node.Node, node])) };
  }
  const all = await askJson<readonly DatacenterCoordinates[]>(context, {
    path: "/v1/coordinate/datacenters",
  });
  if (!all.ok) return all;
  const named = all.value.flatMap(({ Datacenter, Coordinates }) =>
    Coordinates.map((node): [string, NodeCoordinate] => [
      node.Node.endsWith(`.${Datacenter}`) ? node.Node : `${node.Node}.${Datacenter}`,
      node,
    ]),
  );
  return { ok: true as const, value: new Map(named) };
}

type Reachability = {
  readonly Alive: readonly string[];
  readonly Acks: readonly string[];
  readonly Missing: readonly string[];
};

export const reachabilityCommand: Command = {
  name: "reachability",
  summary: "Tests whether all members can be reached",
  args: "",
  help: "Asks every member for an acknowledgement by gossip and names those that gave none. Exits with 1 when one is missing.\n\n$ reachability",
  asks: "agent",
  argsMax: 0,
  flags: [],
  run: async (context) => {
    const reply = await askJson<Reachability>(context, { path: "/v1/agent/reachability" });
    if (!reply.ok) return failed(context, "Error testing reachability", reply.error);
    const { Alive, Acks, Missing } = reply.value;
    for (const name of Acks) context.ports.stdout(`\tAck from '${name}'\n`);
    if (Missing.length === 0) {
      context.ports.stdout(`Successfully contacted all live nodes (${Acks.length}/${Alive.length})\n`);
      return 0;
    }
    context.ports.stdout(`${Acks.length} of ${Alive.length} live nodes acknowledged\n`);
    context.ports.stderr(`Missing acks from:\n${Missing.map((name) => `\t${name}\n`).join("")}`);
    return 1;
  },
};
