// legate operator autopilot get-config | set-config | state

import { parseGoBoolean } from "../../../shared/base/go-number.ts";
import { parseGoDuration } from "../../../shared/base/millis.ts";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { type FlagSpec, flagText, type ParsedFlags } from "../../config/flags.ts";
import type { Command } from "../command.ts";
import { ask, askJson, failed } from "../http-client.ts";

const path = "/v1/operator/autopilot/configuration";

type Configuration = Readonly<Record<string, unknown>> & { readonly ModifyIndex: number };
type Field = { readonly key: string; readonly kind: "bool" | "duration" | "number" | "text" };
type Setting = { readonly flag: FlagSpec; readonly field: Field };

function setting(name: string, key: string, kind: Field["kind"], value: string, doc: string): Setting {
  const type = kind === "number" ? "uint" : kind === "bool" ? "bool" : "text";
  return { flag: { name, type, value, doc }, field: { key, kind } };
}

/** In the order in which get-config prints them. */
const settings: readonly Setting[] = [
  setting(
    "cleanup-dead-servers",
    "CleanupDeadServers",
    "bool",
    "true|false",
    "Remove dead servers when the others can decide without them.",
  ),
  setting(
    "last-contact-threshold",
    "LastContactThreshold",
    "duration",
    "200ms",
    "A server that heard the leader longer ago is unhealthy.",
  ),
  setting(
    "max-trailing-logs",
    "MaxTrailingLogs",
    "number",
    "value",
    "A server that is more log entries behind the leader is unhealthy.",
  ),
  setting(
    "min-quorum",
    "MinQuorum",
    "number",
    "value",
    "Dead servers stay in the group when fewer than this would be left.",
  ),
  setting(
    "server-stabilization-time",
    "ServerStabilizationTime",
    "duration",
    "10s",
    "A new server gets its vote after it was healthy for so long.",
  ),
  setting("redundancy-zone-tag", "RedundancyZoneTag", "text", "value", "Enterprise: kept and shown."),
  setting(
    "disable-upgrade-migration",
    "DisableUpgradeMigration",
    "bool",
    "true|false",
    "Enterprise: kept and shown.",
  ),
  setting("upgrade-version-tag", "UpgradeVersionTag", "text", "value", "Enterprise: kept and shown."),
];

export const autopilotGetConfig: Command = {
  name: "operator autopilot get-config",
  summary: "Prints autopilot's settings",
  args: "",
  help: "Prints the settings of autopilot, which looks after the group of servers.\n\n$ operator autopilot get-config",
  asks: "server",
  argsMax: -1,
  flags: [],
  run: async (context) => {
    const found = await askJson<Configuration>(context, { path });
    if (!found.ok) return failed(context, "Error querying Autopilot configuration", found.error);
    const lines = settings.map(({ field }) => {
      const value = found.value[field.key];
      return `${field.key} = ${field.kind === "text" ? JSON.stringify(value) : String(value)}\n`;
    });
    context.ports.stdout(lines.join(""));
    return 0;
  },
};

export const autopilotSetConfig: Command = {
  name: "operator autopilot set-config",
  summary: "Changes autopilot's settings",
  args: "",
  help: "Changes the settings that are given and leaves the others as they are.\n\n$ operator autopilot set-config -cleanup-dead-servers=false\n\n$ operator autopilot set-config -server-stabilization-time=30s",
  asks: "server",
  argsMax: -1,
  flags: settings.map(({ flag }) => flag),
  run: async (context) => {
    const changes = changesOf(context.flags);
    if (!changes.ok) return failed(context, "Failed to parse args", changes.error);
    const found = await askJson<Configuration>(context, { path });
    if (!found.ok) return failed(context, "Error querying Autopilot configuration", found.error);
    const body = JSON.stringify({ ...found.value, ...changes.value });
    const query: [string, string][] = [["cas", String(found.value.ModifyIndex)]];
    const set = await ask(context, { method: "PUT", path, query, body });
    if (!set.ok) return failed(context, "Error setting Autopilot configuration", set.error);
    if (set.value.text.trim() !== "true") {
      context.ports.stderr("Configuration could not be atomically updated, please try again\n");
      return 1;
    }
    context.ports.stdout("Configuration updated!\n");
    return 0;
  },
};

function changesOf(flags: ParsedFlags): Result<Readonly<Record<string, unknown>>, string> {
  const changes: Record<string, unknown> = {};
  for (const { flag, field } of settings) {
    const text = flagText(flags, flag.name);
    if (text === undefined) continue;
    const wrong = (why: string) =>
      fail(`invalid value ${JSON.stringify(text)} for flag -${flag.name}: ${why}`);
    if (field.kind === "bool") {
      const value = parseGoBoolean(text);
      if (value === null) return wrong(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
      changes[field.key] = value;
    } else if (field.kind === "duration") {
      const parsed = parseGoDuration(text);
      if (!parsed.ok) return wrong(parsed.error);
      changes[field.key] = text;
    } else changes[field.key] = field.kind === "number" ? Number(text) : text;
  }
  return ok(changes);
}

type State = {
  readonly Healthy: boolean;
  readonly FailureTolerance: number;
  readonly Leader: string;
  readonly Voters: readonly string[];
  readonly Servers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

export const autopilotState: Command = {
  name: "operator autopilot state",
  summary: "Prints how autopilot sees the servers",
  args: "",
  help: "Prints the health of each server, who leads, who votes, and how many servers may fail.\n\n$ operator autopilot state",
  asks: "server",
  argsMax: 0,
  flags: [],
  run: async (context) => {
    const found = await askJson<State>(context, { path: "/v1/operator/autopilot/state" });
    if (!found.ok) return failed(context, "Error querying Autopilot state", found.error);
    const { Healthy, FailureTolerance, Leader, Voters, Servers } = found.value;
    const head = [
      `Healthy:           ${Healthy}`,
      `Failure Tolerance: ${FailureTolerance}`,
      `Leader:            ${Leader}`,
      "Voters:",
      ...Voters.map((id) => `   ${id}`),
      "Servers:",
    ];
    const blocks = Object.entries(Servers).map(([id, server]) => {
      const shown = [
        "Name",
        "Address",
        "Version",
        "Status",
        "NodeStatus",
        "Healthy",
        "LastContact",
        "LastTerm",
      ];
      const lines = [...shown, "LastIndex", "StableSince"].map(
        (key) => `      ${`${key}:`.padEnd(13)} ${String(server[key])}`,
      );
      return [`   ${id}`, ...lines].join("\n");
    });
    context.ports.stdout(`${[...head, ...blocks].join("\n")}\n`);
    return 0;
  },
};
