// legate catalog datacenters | nodes | services

import type { NodeServices, ServiceNode } from "../../../shared/structs/service.ts";
import type { Node } from "../../../shared/structs/node.ts";
import { type FlagSpec, flagBool, flagList, flagText } from "../../config/flags.ts";
import type { Command, CommandContext } from "../command.ts";
import { askJson, failed, pathOf } from "../http-client.ts";
import { sortedPairs, table } from "../output.ts";

const nodeMeta: FlagSpec = {
  name: "node-meta",
  type: "list",
  value: "key=value",
  doc: "Only nodes with this metadata. May be repeated.",
};

export const catalogDatacenters: Command = {
  name: "catalog datacenters",
  summary: "Lists all known datacenters",
  args: "",
  help: "Prints the names of all known datacenters, the nearest first.\n\n$ catalog datacenters",
  asks: "server",
  argsMax: 0,
  flags: [],
  run: async (context) => {
    const names = await askJson<readonly string[]>(context, { path: "/v1/catalog/datacenters" });
    if (!names.ok) return failed(context, "Error listing datacenters", names.error);
    for (const name of names.value) context.ports.stdout(`${name}\n`);
    return 0;
  },
};

export const catalogNodes: Command = {
  name: "catalog nodes",
  summary: "Lists all nodes in the given datacenter",
  args: "",
  help: "Prints the nodes of the catalog.\n\n$ catalog nodes\n\n$ catalog nodes -detailed\n\n$ catalog nodes -service=web",
  asks: "server",
  argsMax: 0,
  flags: [
    { name: "detailed", type: "bool", doc: "Print whole ids, tagged addresses and metadata." },
    { name: "filter", type: "text", value: "expression", doc: "Only nodes that match." },
    {
      name: "near",
      type: "text",
      value: "node",
      doc: 'Nearest to this node first; "_agent" is the one asked.',
    },
    nodeMeta,
    { name: "service", type: "text", value: "name", doc: "Only nodes with an instance of this service." },
  ],
  run: async (context) => {
    const query = listQuery(context);
    if (query === null) return 1;
    const service = flagText(context.flags, "service") ?? "";
    const rows =
      service === "" ? await listNodes(context, query) : await listServiceNodes(context, service, query);
    if (typeof rows === "number") return rows;
    if (rows.length === 0) return nothing(context, "nodes");
    const detailed = flagBool(context.flags, "detailed");
    const head = ["Node", "ID", "Address", "DC", ...(detailed ? ["TaggedAddresses", "Meta"] : [])];
    const lines = rows.map((node) => {
      const id = detailed ? node.ID : node.ID.slice(0, 8);
      const more = detailed ? [sortedPairs(node.TaggedAddresses, ", "), sortedPairs(node.Meta, ", ")] : [];
      return [node.Node, id, node.Address, node.Datacenter, ...more];
    });
    context.ports.stdout(table([head, ...lines]));
    return 0;
  },
};

export const catalogServices: Command = {
  name: "catalog services",
  summary: "Lists all registered services in a datacenter",
  args: "",
  help: "Prints the names of the catalog's services.\n\n$ catalog services\n\n$ catalog services -tags\n\n$ catalog services -node=web",
  asks: "server",
  argsMax: 0,
  flags: [
    { name: "node", type: "text", value: "name", doc: "Only services of this node." },
    nodeMeta,
    { name: "tags", type: "bool", doc: "Print the tags beside each name." },
    { name: "namespace", type: "text", value: "default", doc: "Only the default namespace exists." },
  ],
  run: async (context) => {
    const query = listQuery(context);
    if (query === null) return 1;
    const tags = await tagsByService(context, flagText(context.flags, "node") ?? "", query);
    if (typeof tags === "number") return tags;
    const names = [...tags.keys()].toSorted();
    const isTagged = [...tags.values()].some((list) => list.size > 0);
    if (names.length === 0) return nothing(context, "services");
    const width = Math.max(...names.map((name) => name.length)) + 6;
    for (const name of names) {
      const list = [...(tags.get(name) ?? [])].toSorted().join(",");
      // As Consul's columns: the first is filled up only when some service has tags.
      const line = flagBool(context.flags, "tags") && isTagged ? `${name.padEnd(width)}${list}` : name;
      context.ports.stdout(`${line}\n`);
    }
    return 0;
  },
};

type Query = readonly (readonly [string, string])[];

/** The query that both lists share; null (said on stderr) when an option is wrong. */
function listQuery(context: CommandContext): Query | null {
  const query: [string, string][] = [];
  for (const pair of flagList(context.flags, "node-meta")) {
    if (!pair.includes("=")) {
      context.ports.stderr(
        `invalid value "${pair}" for flag -node-meta: Missing "=" value in argument: ${pair}\n`,
      );
      return null;
    }
    query.push(["node-meta", `${pair.slice(0, pair.indexOf("="))}:${pair.slice(pair.indexOf("=") + 1)}`]);
  }
  for (const name of ["near", "filter"]) {
    const value = flagText(context.flags, name) ?? "";
    if (value !== "") query.push([name, value]);
  }
  return query;
}

async function listNodes(context: CommandContext, query: Query): Promise<readonly Node[] | number> {
  const nodes = await askJson<readonly Node[]>(context, { path: "/v1/catalog/nodes", query });
  return nodes.ok ? nodes.value : failed(context, "Error listing nodes", nodes.error);
}

async function listServiceNodes(
  context: CommandContext,
  service: string,
  query: Query,
): Promise<readonly Node[] | number> {
  const path = pathOf("/v1/catalog/service/", service);
  const rows = await askJson<readonly ServiceNode[]>(context, { path, query });
  if (!rows.ok) return failed(context, "Error listing nodes", rows.error);
  const nodes = new Map(rows.value.map((row) => [row.Node, { ...row, Meta: row.NodeMeta }]));
  return [...nodes.values()];
}

async function tagsByService(
  context: CommandContext,
  node: string,
  query: Query,
): Promise<ReadonlyMap<string, ReadonlySet<string>> | number> {
  if (node === "") {
    const path = "/v1/catalog/services";
    const services = await askJson<Record<string, readonly string[]>>(context, { path, query });
    if (!services.ok) return failed(context, "Error listing services", services.error);
    return new Map(Object.entries(services.value).map(([name, tags]) => [name, new Set(tags)]));
  }
  const reply = await askJson<NodeServices | null>(context, {
    path: pathOf("/v1/catalog/node/", node),
    query,
  });
  if (!reply.ok) return failed(context, "Error listing services", reply.error);
  const tags = new Map<string, Set<string>>();
  for (const service of Object.values(reply.value?.Services ?? {}))
    tags.set(service.Service, new Set([...(tags.get(service.Service) ?? []), ...(service.Tags ?? [])]));
  return tags;
}

/** Nothing found is no failure: a hint on stderr, as Consul does. */
function nothing(context: CommandContext, what: string): number {
  context.ports.stderr(`No ${what} match the given query - try expanding your search.\n`);
  return 0;
}
