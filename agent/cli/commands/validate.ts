// legate validate: the agent's own loader, without starting an agent.

import { flagBool, flagText, type ParsedFlags } from "../../config/flags.ts";
import { loadSettings } from "../../config/load.ts";
import type { Command } from "../command.ts";
import { failed } from "../http-client.ts";

export const validateCommand: Command = {
  name: "validate",
  summary: "Validate config files/directories",
  args: "FILE_OR_DIRECTORY...",
  help: "Reads configuration files and directories as the agent does, all of them together, and says what is wrong. Exits with 1 when something is.\n\n$ validate /etc/consul.d",
  asks: "none",
  argsMax: -1,
  flags: [
    {
      name: "config-format",
      type: "text",
      value: "json",
      doc: "Format of files, whatever their names end in.",
    },
    { name: "quiet", type: "bool", doc: "Print nothing when all is well." },
  ],
  run: (context) => {
    const { flags, ports } = context;
    if (flags.args.length === 0) {
      ports.stderr(
        `Must specify at least one config file or directory: ${ports.program} validate /etc/consul.d\n`,
      );
      return 1;
    }
    const format = flagText(flags, "config-format");
    const asAgent: ParsedFlags = {
      args: [],
      given: [
        ...flags.args.map((path) => ["config-file", path] as const),
        ...(format === undefined ? [] : [["config-format", format] as const]),
      ],
    };
    const loaded = loadSettings(asAgent, ports.config);
    if (!loaded.ok) return failed(context, "Config validation failed", loaded.error);
    if (flagBool(flags, "quiet")) return 0;
    for (const warning of loaded.value.warnings) ports.stderr(`Warning: ${warning}\n`);
    for (const obstacle of loaded.value.obstacles)
      ports.stderr(`Note for ${ports.program} agent: ${obstacle}\n`);
    ports.stdout("Configuration is valid!\n");
    return 0;
  },
};
