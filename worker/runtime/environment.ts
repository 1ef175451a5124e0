// What the Worker is configured with (wrangler.toml), read once into a complete, checked form.

import { consulVersion } from "../../shared/version.ts";
import type { ServerId } from "../../shared/raft/types.ts";
import type { ServerConfig } from "../server/config.ts";
import type { ConsulServer } from "../consul-server.ts";

export type Environment = {
  readonly SERVER: DurableObjectNamespace<ConsulServer>;
  readonly LEGATE_DATACENTER?: string;
  readonly LEGATE_SERVERS?: string;
  /** Shown as the port of the first server, 8300 unless told. */
  readonly LEGATE_SERVER_PORT?: string;
  readonly LEGATE_MODE?: string;
  /** `wrangler secret put LEGATE_MANAGEMENT_SECRET`; absent or empty: the Worker serves nothing. */
  readonly LEGATE_MANAGEMENT_SECRET?: string;
  readonly LEGATE_LOG_LEVEL?: string;
};

export type Datacenter = {
  readonly name: string;
  readonly servers: readonly ServerId[];
  readonly mode: ServerConfig["mode"];
};

const serversMax = 9;
/** All that LEGATE_SERVERS may ever list. */
const allServers = Array.from({ length: serversMax }, (_, i) => `server-${i + 1}` as ServerId);

const modes: readonly ServerConfig["mode"][] = ["drowsy", "awake", "quiescent"];

/** The datacenter that this Worker is. Throws, naming the variable, when the configuration cannot be. */
export function datacenterOf(env: Environment): Datacenter {
  const name = env.LEGATE_DATACENTER ?? "dc1";
  if (!/^[a-zA-Z0-9_-]+$/.test(name))
    throw new Error(`LEGATE_DATACENTER is not a datacenter's name: "${name}"`);
  const count = Number(env.LEGATE_SERVERS ?? "3");
  if (!Number.isInteger(count) || count < 1 || count > serversMax)
    throw new Error(`LEGATE_SERVERS is not a number from 1 to 9: "${env.LEGATE_SERVERS}"`);
  const mode = modes.find((known) => known === (env.LEGATE_MODE ?? "drowsy"));
  if (mode === undefined) throw new Error(`LEGATE_MODE is none of ${modes.join(", ")}: "${env.LEGATE_MODE}"`);
  return { name, servers: allServers.slice(0, count), mode };
}

/** The object's name: "dc1/server-2". */
export function objectName(datacenter: string, server: ServerId): string {
  return `${datacenter}/${server}`;
}

/**
 * The configuration of the server that the object named `name` is. One that LEGATE_SERVERS lists no more still belongs to
 * its group until the leader has removed it: without it the group might have no majority to do so.
 */
export function serverConfig(env: Environment, name: string | undefined): ServerConfig {
  const datacenter = datacenterOf(env);
  const id = allServers.find((server) => objectName(datacenter.name, server) === name);
  if (id === undefined) throw new Error(`no server of ${datacenter.name} is named "${name}"`);
  const firstPort = Number(env.LEGATE_SERVER_PORT ?? "8300");
  return {
    datacenter: datacenter.name,
    id,
    servers: datacenter.servers,
    beginsTogether: true,
    bootstrapExpect: datacenter.servers.includes(id) ? datacenter.servers.length : 0,
    // An object has no address of its own. Consul's clients want "host:port", one for each server.
    addressOf: Object.fromEntries(
      allServers.map((server, position) => [server, `127.0.0.1:${firstPort + position * 10}`]),
    ),
    mode: datacenter.mode,
    version: consulVersion,
  };
}
