// What a configuration may not say, apart from types: names, ports, metadata, keys, and combinations that cannot be.

import { base64ToBytes } from "../../shared/base/base64.ts";
import { limits } from "../../shared/limits.ts";
import type { Values } from "./layers.ts";
import type { RuntimeConfig } from "./runtime-config.ts";
import { serverMistake } from "./server-settings.ts";

const portKeys = ["dns", "http", "https", "grpc", "serf_lan", "serf_wan", "server"] as const;

/** What is wrong with the values of the files and options; null when nothing is. */
export function checkValues(values: Values, dev: boolean): string | null {
  const datacenter = values.text("datacenter");
  if (datacenter === "") return "datacenter cannot be empty";
  if (!/^[a-zA-Z0-9_-]+$/.test(datacenter))
    return `datacenter cannot be "${datacenter}". Please use only [a-z0-9-_]`;
  if (values.has("node_name") && values.text("node_name").trim() === "") return "node_name cannot be empty";
  if (!dev && values.text("data_dir") === "")
    return "data_dir cannot be empty: say where the agent keeps its state, for example -data-dir=/var/lib/legate";
  for (const key of portKeys) {
    if (!values.has(`ports.${key}`)) continue;
    const port = values.number(`ports.${key}`);
    if (port < -1 || port > 65_535) return `ports.${key}: invalid port: ${port}`;
  }
  if (values.number("ports.sidecar_max_port") < values.number("ports.sidecar_min_port"))
    return "sidecar_min_port must be less than sidecar_max_port. To disable, set both to zero.";
  if (values.number("check_output_max_size") < 1) return "check_output_max_size must be positive";
  const meta = checkNodeMeta(values.map("node_meta"));
  if (meta !== null) return `node_meta invalid: ${meta}`;
  const id = values.text("node_id");
  if (id !== "" && !/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(id))
    return `node_id: specified NodeID of ${JSON.stringify(id)} is invalid: it is a UUID of 36 characters`;
  return checkServerSettings(values, dev);
}

function checkServerSettings(values: Values, dev: boolean): string | null {
  const mistake = serverMistake(values, dev);
  if (mistake !== null) return mistake;
  const key = values.text("encrypt");
  if (key === "") return null;
  const bytes = base64ToBytes(key)?.length ?? 0;
  return [16, 24, 32].includes(bytes)
    ? null
    : "encrypt has invalid key: it is base64 of 16, 24 or 32 bytes (legate keygen)";
}

function checkNodeMeta(meta: Readonly<Record<string, string>>): string | null {
  const pairs = Object.entries(meta);
  if (pairs.length > limits.metaPairsMax)
    return `Node metadata cannot contain more than ${limits.metaPairsMax} key/value pairs`;
  for (const [key, value] of pairs) {
    const wrong = metaPairMistake(key, value);
    if (wrong !== null) return `Couldn't load metadata pair ('${key}', '${value}'): ${wrong}`;
  }
  return null;
}

function metaPairMistake(key: string, value: string): string | null {
  if (key === "") return "Key cannot be blank";
  if (!/^[a-zA-Z0-9_-]+$/.test(key)) return "Key contains invalid characters";
  if (key.length > limits.metaKeyBytesMax)
    return `Key is too long (limit: ${limits.metaKeyBytesMax} characters)`;
  if (key.startsWith("consul-")) return "Key prefix 'consul-' is reserved for internal use";
  if (value.length > limits.metaValueBytesMax)
    return `Value is too long (limit: ${limits.metaValueBytesMax} characters)`;
  return null;
}

const levels = {
  trace: "trace",
  debug: "debug",
  info: "info",
  warn: "warn",
  warning: "warn",
  err: "error",
  error: "error",
} as const;

/** The level of a name in any case; null for no level. */
export function parseLogLevel(text: string): RuntimeConfig["logLevel"] | null {
  const name = text.toLowerCase();
  return Object.hasOwn(levels, name) ? levels[name as keyof typeof levels] : null;
}

/** Why an agent of this configuration cannot start, though it says nothing wrong. */
export function startObstacles(values: Values, config: RuntimeConfig): string[] {
  const obstacles: string[] = [];
  if (parseLogLevel(values.text("log_level")) === null)
    obstacles.push(
      `Invalid log level: ${values.text("log_level")}. Valid log levels are: TRACE, DEBUG, INFO, WARN, ERROR`,
    );
  if (config.edgeUrls.length > 0) return obstacles;
  if (config.ownServer !== null) {
    if (config.ownServer.bootstrapExpect > 0 && config.gossip === null)
      obstacles.push(
        `bootstrap_expect = ${config.ownServer.bootstrapExpect}: servers find each other by gossip, and ports.serf_lan turns it off`,
      );
  } else if (config.gossip === null)
    obstacles.push(
      "no server to talk to: give the address of a datacenter's Worker with -edge-url=URL (or edge_url in a file, or " +
        'LEGATE_EDGE_URL) and its secret in LEGATE_EDGE_TOKEN; "npm start" runs a datacenter here and prints both',
    );
  return obstacles;
}
