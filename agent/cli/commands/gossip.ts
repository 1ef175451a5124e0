// legate join, force-leave and event: what an operator tells the pool by way of one agent.

import { compileGoRegexp } from "../../../shared/base/regexp.ts";
import { flagBool, flagText } from "../../config/flags.ts";
import type { Command } from "../command.ts";
import { ask, askJson, failed, pathOf } from "../http-client.ts";

export const joinCommand: Command = {
  name: "join",
  summary: "Tells the agent to join a cluster",
  args: "ADDRESS...",
  help: "The agent contacts each address (host:port; the port of gossip is 8301 unless it is given) and becomes a member where one answers.\n\n$ join 10.0.0.5 10.0.0.6:8301",
  asks: "agent",
  argsMax: -1,
  flags: [{ name: "wan", type: "bool", doc: "Join servers of another datacenter." }],
  run: async (context) => {
    const { flags, ports } = context;
    if (flags.args.length === 0) {
      ports.stderr("At least one address to join must be specified.\n");
      return 1;
    }
    let joined = 0;
    for (const address of flags.args) {
      const query: [string, string][] = flagBool(flags, "wan") ? [["wan", "1"]] : [];
      const reply = await ask(context, { method: "PUT", path: pathOf("/v1/agent/join/", address), query });
      if (reply.ok) joined++;
      else ports.stderr(`Error joining address '${address}': ${reply.error}\n`);
    }
    if (joined === 0) {
      ports.stderr("Failed to join any nodes.\n");
      return 1;
    }
    ports.stdout(`Successfully joined cluster by contacting ${joined} nodes.\n`);
    return 0;
  },
};

export const forceLeaveCommand: Command = {
  name: "force-leave",
  summary: "Forces a member of the cluster to enter the left state",
  args: "NODE",
  help: "For a member that failed and will not come back: it counts as left, and its node goes from the catalog. A member that is still alive says so and stays.\n\n$ force-leave worker-7\n\n$ force-leave -prune worker-7",
  asks: "agent",
  argsMax: -1,
  flags: [{ name: "prune", type: "bool", doc: "Take the member from the list as well." }],
  run: async (context) => {
    const { flags, ports } = context;
    const [node] = flags.args;
    if (flags.args.length !== 1 || node === undefined) {
      ports.stderr("A single node name must be specified to force leave.\n");
      return 1;
    }
    const query: [string, string][] = flagBool(flags, "prune") ? [["prune", "1"]] : [];
    const reply = await ask(context, { method: "PUT", path: pathOf("/v1/agent/force-leave/", node), query });
    return reply.ok ? 0 : failed(context, "Error force leaving", reply.error);
  },
};

export const eventCommand: Command = {
  name: "event",
  summary: "Fires a new event",
  args: "[PAYLOAD]",
  help: "Every agent of the datacenter gets the event, or those whom the filters name: regular expressions.\n\n$ event -name=deploy 1.2.3\n\n$ event -name=restart -service=web -tag=canary",
  asks: "server",
  argsMax: -1,
  flags: [
    { name: "name", type: "text", value: "name", doc: "Name of the event." },
    { name: "node", type: "text", value: "regexp", doc: "Only nodes whose name matches." },
    { name: "service", type: "text", value: "regexp", doc: "Only nodes with a service whose name matches." },
    { name: "tag", type: "text", value: "regexp", doc: "Only where that service has a tag that matches." },
  ],
  run: async (context) => {
    const { flags, ports } = context;
    const given = (name: string) => flagText(flags, name) ?? "";
    const wrong = eventMistake(given, flags.args.length);
    if (wrong !== null) {
      ports.stderr(`${wrong}\n`);
      return 1;
    }
    const query = ["node", "service", "tag"].flatMap((name): [string, string][] =>
      given(name) === "" ? [] : [[name, given(name)]],
    );
    const path = pathOf("/v1/event/fire/", given("name"));
    const fired = await askJson<{ ID: string }>(context, {
      method: "PUT",
      path,
      query,
      body: flags.args[0] ?? "",
    });
    if (!fired.ok) return failed(context, "Error firing event", fired.error);
    ports.stdout(`Event ID: ${fired.value.ID}\n`);
    return 0;
  },
};

function eventMistake(given: (name: string) => string, words: number): string | null {
  if (given("name") === "") return "Event name must be specified";
  for (const name of ["node", "service", "tag"]) {
    const expression = compileGoRegexp(given(name));
    if (!expression.ok) return `Failed to compile ${name} filter regexp: ${expression.error}`;
  }
  if (given("tag") !== "" && given("service") === "")
    return "Cannot provide tag filter without service filter.";
  return words > 1 ? "Too many command line arguments." : null;
}
