// What a reload may change: settings marked so in the schema take effect, others keep their value until a restart.

import type { RuntimeConfig } from "./runtime-config.ts";

/** Parts of the configuration that a running agent takes over; the rest is named by `keptUntilRestart`. */
const reloadable: readonly (keyof RuntimeConfig)[] = [
  "services",
  "checks",
  "nodeMeta",
  "logLevel",
  "defaultToken",
  "discardCheckOutput",
  "telemetry",
];

/** The old configuration with everything from the new one that may change while running. */
export function reloadedConfig(old: RuntimeConfig, fresh: RuntimeConfig): RuntimeConfig {
  const taken = Object.fromEntries(reloadable.map((key) => [key, fresh[key]]));
  return { ...old, ...taken };
}

/** Names of parts that differ and are not taken over, for a warning. */
export function keptUntilRestart(old: RuntimeConfig, fresh: RuntimeConfig): readonly string[] {
  const keys = Object.keys(old) as (keyof RuntimeConfig)[];
  return keys.filter(
    (key) =>
      !reloadable.includes(key) &&
      key !== "nodeId" &&
      JSON.stringify(old[key]) !== JSON.stringify(fresh[key]),
  );
}
