// legate reload and legate leave: what an operator tells a running agent.

import type { Command } from "../command.ts";
import { ask, failed } from "../http-client.ts";

export const reloadCommand: Command = {
  name: "reload",
  summary: "Lets the agent read its configuration files again",
  args: "",
  help: "The same as the signal SIGHUP: services, checks, node metadata and the log level are taken over from the files.\n\n$ reload",
  asks: "agent",
  argsMax: -1,
  flags: [],
  run: async (context) => {
    const reply = await ask(context, { method: "PUT", path: "/v1/agent/reload" });
    if (!reply.ok) return failed(context, "Error reloading", reply.error);
    context.ports.stdout("Configuration reload triggered\n");
    return 0;
  },
};

export const leaveCommand: Command = {
  name: "leave",
  summary: "Lets the agent leave the datacenter and end",
  args: "",
  help: "The agent takes its node and everything on it out of the catalog and ends.\n\n$ leave",
  asks: "agent",
  argsMax: 0,
  flags: [],
  run: async (context) => {
    const reply = await ask(context, { method: "PUT", path: "/v1/agent/leave" });
    if (!reply.ok) return failed(context, "Error leaving", reply.error);
    context.ports.stdout("Graceful leave complete\n");
    return 0;
  },
};
