// The body of PUT /v1/operator/autopilot/configuration, with the texts of Go's decoder.

import type { Millis } from "../base/brand.ts";
import { parseGoDuration } from "../base/millis.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { AutopilotConfiguration } from "./autopilot.ts";
import { StructReader } from "./struct-reader.ts";

/** What is left out is Go's zero value, as in Consul: the body is the whole configuration. */
export function parseAutopilot(body: unknown): Result<AutopilotConfiguration, string> {
  const reader = new StructReader(body, {
    source: "api",
    type: "api.AutopilotConfiguration",
    struct: "AutopilotConfiguration",
    path: "",
  });
  const lastContact = readableDuration(reader.any("LastContactThreshold"));
  const stabilization = readableDuration(reader.any("ServerStabilizationTime"));
  const configuration: AutopilotConfiguration = {
    CleanupDeadServers: reader.boolean("CleanupDeadServers"),
    LastContactThreshold: lastContact.ok ? lastContact.value : 0,
    MaxTrailingLogs: reader.integer("MaxTrailingLogs", "uint64"),
    MinQuorum: reader.integer("MinQuorum", "uint"),
    ServerStabilizationTime: stabilization.ok ? stabilization.value : 0,
    RedundancyZoneTag: reader.string("RedundancyZoneTag"),
    DisableUpgradeMigration: reader.boolean("DisableUpgradeMigration"),
    UpgradeVersionTag: reader.string("UpgradeVersionTag"),
  };
  for (const index of ["CreateIndex", "ModifyIndex"]) reader.integer(index, "uint64");
  if (!lastContact.ok) return lastContact;
  if (!stabilization.ok) return stabilization;
  return reader.finish(configuration);
}

/** Go's ReadableDuration: a text with units, or a number of nanoseconds. */
function readableDuration(value: unknown): Result<Millis, string> {
  if (value === undefined || value === null) return ok(0);
  if (typeof value === "number") return ok(Math.trunc(value) / 1e6);
  if (typeof value === "string") return parseGoDuration(value);
  return fail(`strconv.ParseFloat: parsing ${JSON.stringify(JSON.stringify(value))}: invalid syntax`);
}
