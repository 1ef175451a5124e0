// legate info

import type { Command } from "../command.ts";
import { askJson, failed } from "../http-client.ts";

export const infoCommand: Command = {
  name: "info",
  summary: "Prints what the agent says about itself",
  args: "",
  help: "Prints counters and versions of the agent, in groups.\n\n$ info",
  asks: "agent",
  argsMax: -1,
  flags: [],
  run: async (context) => {
    type Self = { readonly Stats?: Readonly<Record<string, Readonly<Record<string, string>>>> };
    const self = await askJson<Self>(context, { path: "/v1/agent/self" });
    if (!self.ok) return failed(context, "Error querying agent", self.error);
    const groups = Object.entries(self.value.Stats ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, values] of groups) {
      const lines = Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1));
      context.ports.stdout(`${name}:\n${lines.map(([key, value]) => `\t${key} = ${value}\n`).join("")}`);
    }
    return 0;
  },
};
