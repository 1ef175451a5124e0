// legate agent: loads the configuration and hands it to the runtime, which is only now loaded.

import { ok, type Result } from "../../../shared/base/result.ts";
import { agentFlags, type LoadedConfig, loadSettings } from "../../config/load.ts";
import { keptUntilRestart, reloadedConfig } from "../../config/reload.ts";
import type { RuntimeConfig } from "../../config/runtime-config.ts";
import type { Command, CommandContext } from "../command.ts";

export const agentCommand: Command = {
  name: "agent",
  summary: "Runs an agent",
  args: "",
  help: "Runs an agent beside the services of this machine until it is told to end (Ctrl-C, SIGTERM, leave). It finds its servers by -edge-url and the secret in LEGATE_EDGE_TOKEN.\n\n$ agent -data-dir=/var/lib/legate -edge-url=https://consul.example.workers.dev -config-dir=/etc/consul.d",
  asks: "none",
  argsMax: -1,
  flags: agentFlags,
  run: async (context) => {
    const loaded = load(context);
    if (!loaded.ok) return refuse(context, loaded.error);
    const obstacle = loaded.value.obstacles[0];
    if (obstacle !== undefined) return refuse(context, obstacle);
    warn(context, loaded.value.warnings);
    let running = loaded.value.config;
    const reload = (): Result<RuntimeConfig, string> => {
      const fresh = load(context);
      if (!fresh.ok) return fresh;
      const kept = keptUntilRestart(running, fresh.value.config);
      if (kept.length > 0) warn(context, [`changed, and takes effect at the next start: ${kept.join(", ")}`]);
      running = reloadedConfig(running, fresh.value.config);
      return ok(running);
    };
    return context.ports.runAgent(running, reload);
  },
};

function load(context: CommandContext): Result<LoadedConfig, string> {
  return loadSettings(context.flags, context.ports.config);
}

function warn(context: CommandContext, warnings: readonly string[]): void {
  for (const warning of warnings) context.ports.stderr(`==> WARNING: ${warning}\n`);
}

function refuse(context: CommandContext, why: string): number {
  context.ports.stderr(`==> ${why}\n`);
  return 1;
}
