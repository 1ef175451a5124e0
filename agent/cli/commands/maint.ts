// legate maint

import type { HealthCheck } from "../../../shared/structs/check.ts";
import { flagBool, flagText } from "../../config/flags.ts";
import type { Command, CommandContext } from "../command.ts";
import { ask, askJson, failed, pathOf } from "../http-client.ts";

export const maintCommand: Command = {
  name: "maint",
  summary: "Controls node or service maintenance mode",
  args: "",
  help: "Takes the node, or one service of it, out of DNS and out of what passes health checks, or back in. Without options it shows what is in maintenance mode. The mode outlives a restart of the agent.\n\n$ maint -enable -reason='new kernel'\n\n$ maint -disable -service=web1",
  asks: "agent",
  argsMax: 0,
  flags: [
    { name: "disable", type: "bool", doc: "End maintenance mode." },
    { name: "enable", type: "bool", doc: "Begin maintenance mode." },
    { name: "reason", type: "text", value: "text", doc: "Why; shown in the notes of the check." },
    { name: "service", type: "text", value: "id", doc: "Only this service of the agent." },
  ],
  run: async (context) => {
    const { flags, ports } = context;
    const [enable, disable] = [flagBool(flags, "enable"), flagBool(flags, "disable")];
    const reason = flagText(flags, "reason") ?? "";
    const service = flagText(flags, "service") ?? "";
    const refuse = (text: string): number => {
      ports.stderr(`${text}\n`);
      return 1;
    };
    if (enable && disable) return refuse("Only one of -enable or -disable may be provided");
    if (!enable && reason !== "") return refuse("Reason may only be provided with -enable");
    if (!enable && !disable && service !== "") return refuse("Service requires either -enable or -disable");
    return enable || disable ? turn(context, enable, service, reason) : show(context);
  },
};

async function turn(
  context: CommandContext,
  enable: boolean,
  service: string,
  reason: string,
): Promise<number> {
  const what = service === "" ? "node" : "service";
  const query: [string, string][] = [["enable", String(enable)]];
  if (reason !== "") query.push(["reason", reason]);
  const path = service === "" ? "/v1/agent/maintenance" : pathOf("/v1/agent/service/maintenance/", service);
  const reply = await ask(context, { method: "PUT", path, query });
  if (!reply.ok)
    return failed(context, `Error ${enable ? "enabling" : "disabling"} ${what} maintenance`, reply.error);
  const state = enable ? "enabled" : "disabled";
  context.ports.stdout(
    service === ""
      ? `Node maintenance is now ${state}\n`
      : `Service maintenance is now ${state} for ${JSON.stringify(service)}\n`,
  );
  return 0;
}

const servicePrefix = "_service_maintenance:";

async function show(context: CommandContext): Promise<number> {
  const checks = await askJson<Readonly<Record<string, HealthCheck>>>(context, { path: "/v1/agent/checks" });
  if (!checks.ok) return failed(context, "Error getting checks", checks.error);
  const all = Object.values(checks.value);
  for (const check of all.filter(({ CheckID }) => CheckID === "_node_maintenance")) {
    context.ports.stdout(`Node:\n  Name:   ${check.Node}\n  Reason: ${check.Notes}\n\n`);
  }
  for (const check of all.filter(({ CheckID }) => CheckID.startsWith(servicePrefix))) {
    context.ports.stdout(`Service:\n  ID:     ${check.ServiceID}\n  Reason: ${check.Notes}\n\n`);
  }
  return 0;
}
