// Every setting of the agent, once: key in files, option, type, default, whether a reload changes it, one line of
// text. The loader, `legate agent -h` and the reload difference come from this list.

import { gossipSettings } from "./schema-gossip.ts";
import { dnsSettings, httpSettings, telemetrySettings } from "./schema-doors.ts";
import { laterSettings } from "./schema-later.ts";

export type SettingType =
  | "text"
  | "bool"
  | "int"
  | "float"
  | "duration"
  | "list"
  | "map"
  | "definitions"
  | "any";

export type Setting = {
  /** Path in a file: "ports.http". */
  readonly key: string;
  /** Option of `legate agent`; "" when there is none. */
  readonly flag: string;
  readonly type: SettingType;
  /** As text, for people and for the loader: "" is empty. */
  readonly standard: string;
  readonly reloadable: boolean;
  /** works: does what it says; idle: accepted, no effect here and none is missed; later: accepted with a warning. */
  readonly state: "works" | "idle" | "later";
  readonly doc: string;
};

type Extra = { readonly flag?: string; readonly standard?: string; readonly reload?: true };

function works(key: string, type: SettingType, doc: string, extra: Extra = {}): Setting {
  const { flag = "", standard = "", reload = false } = extra;
  return { key, flag, type, standard, reloadable: reload, state: "works", doc };
}

function idle(key: string, type: SettingType, doc: string, extra: Extra = {}): Setting {
  return { ...works(key, type, doc, extra), state: "idle" };
}

const node: readonly Setting[] = [
  works("node_name", "text", "Name of this node, unique in the datacenter. Default: the host's name.", {
    flag: "node",
  }),
  works("node_id", "text", "Id of this node for ever. Default: made once, kept in the data directory.", {
    flag: "node-id",
  }),
  works("node_meta", "map", "A `key:value` pair of this node's metadata. May be repeated.", {
    flag: "node-meta",
    reload: true,
  }),
  works("datacenter", "text", "Datacenter of the agent.", { flag: "datacenter", standard: "dc1" }),
  works("data_dir", "text", "Directory where the agent keeps its state. Required.", { flag: "data-dir" }),
  works("edge_url", "list", "Address of a datacenter's Worker, where its servers are. May be repeated.", {
    flag: "edge-url",
  }),
  works(
    "edge_token",
    "text",
    "Secret for the Worker. Better in LEGATE_EDGE_TOKEN, which nobody sees in a process list.",
    { flag: "edge-token" },
  ),
  works(
    "server",
    "bool",
    "Server mode: a server on this machine's disk. With -edge-url the servers are the Worker's, and it has no effect.",
    { flag: "server", standard: "false" },
  ),
  works("bootstrap", "bool", "Server mode: this server is the whole datacenter.", {
    flag: "bootstrap",
    standard: "false",
  }),
  works("bootstrap_expect", "int", "Server mode: number of servers that begin the datacenter together.", {
    flag: "bootstrap-expect",
    standard: "0",
  }),
  idle("disable_host_node_id", "bool", "The node id is never made from the host's identity.", {
    flag: "disable-host-node-id",
    standard: "true",
  }),
];

const addresses: readonly Setting[] = [
  works("bind_addr", "text", "Address for the datacenter's own traffic.", {
    flag: "bind",
    standard: "0.0.0.0",
  }),
  works("client_addr", "text", "Addresses that HTTP and DNS listen on, separated by spaces.", {
    flag: "client",
    standard: "127.0.0.1",
  }),
  works(
    "advertise_addr",
    "text",
    "Address that others use for this node. Default: -bind, or the host's own address.",
    { flag: "advertise" },
  ),
  works("addresses.http", "text", "Addresses for HTTP instead of client_addr."),
  works("addresses.dns", "text", "Addresses for DNS instead of client_addr."),
  works("ports.http", "int", "HTTP port; -1 turns it off.", { flag: "http-port", standard: "8500" }),
  works("ports.dns", "int", "DNS port, UDP and TCP; -1 turns it off.", {
    flag: "dns-port",
    standard: "8600",
  }),
  works("ports.serf_lan", "int", "Gossip port, UDP and TCP; -1 turns gossip off.", {
    flag: "serf-lan-port",
    standard: "8301",
  }),
];

const serverPorts: readonly Setting[] = [
  works("ports.sidecar_min_port", "int", "First port for sidecars that name none; 0 in both turns it off.", {
    standard: "21000",
  }),
  works("ports.sidecar_max_port", "int", "Last port for sidecars that name none.", { standard: "21255" }),
  works("ports.server", "int", "Port of a server, as members and /v1/status show it.", {
    flag: "server-port",
    standard: "8300",
  }),
  works("ports.serf_wan", "int", "Gossip port between datacenters; shown as the member's port.", {
    flag: "serf-wan-port",
    standard: "8302",
  }),
];

const server: readonly Setting[] = [
  works("non_voting_server", "bool", "Server mode: gets all data, has no vote.", {
    flag: "non-voting-server",
    standard: "false",
  }),
  works(
    "performance.raft_multiplier",
    "int",
    "Scales raft's times: 1 elects within about a second. 1 to 10.",
    {
      standard: "1",
    },
  ),
  works("performance.rpc_hold_timeout", "duration", "How long a request waits for a leader.", {
    standard: "7s",
  }),
  idle("performance.leave_drain_time", "duration", "Agents ask another server as soon as one leaves.", {
    standard: "5s",
  }),
  works(
    "autopilot.cleanup_dead_servers",
    "bool",
    "Remove dead servers when the others can decide without them.",
    {
      standard: "true",
    },
  ),
  works(
    "autopilot.last_contact_threshold",
    "duration",
    "A server that heard the leader longer ago is unhealthy.",
    {
      standard: "200ms",
    },
  ),
  works("autopilot.max_trailing_logs", "int", "A server that is more entries behind is unhealthy.", {
    standard: "250",
  }),
  works("autopilot.min_quorum", "int", "Dead servers stay when fewer than this would be left.", {
    standard: "0",
  }),
  works(
    "autopilot.server_stabilization_time",
    "duration",
    "A new server gets its vote after being healthy so long.",
    {
      standard: "10s",
    },
  ),
  idle("autopilot.redundancy_zone_tag", "text", "Enterprise: kept and shown."),
  idle("autopilot.disable_upgrade_migration", "bool", "Enterprise: kept and shown.", { standard: "false" }),
  idle("autopilot.upgrade_version_tag", "text", "Enterprise: kept and shown."),
  idle("raft_protocol", "int", "There is one raft protocol.", { flag: "raft-protocol", standard: "3" }),
];

const behaviour: readonly Setting[] = [
  works("log_level", "text", "trace, debug, info, warn or error.", {
    flag: "log-level",
    standard: "info",
    reload: true,
  }),
  works(
    "leave_on_terminate",
    "bool",
    "Leave the datacenter on SIGTERM. Default: true on clients, false on servers.",
  ),
  works(
    "skip_leave_on_interrupt",
    "bool",
    "Stay a member when stopped with Ctrl-C. Default: false on clients, true on servers.",
  ),
  works("acl.tokens.default", "text", "Token for requests that bring none.", { reload: true }),
  idle("disable_update_check", "bool", "There is no update check.", { standard: "true" }),
  idle("disable_anonymous_signature", "bool", "There is no update check.", { standard: "true" }),
  works("disable_remote_exec", "bool", "Do not run what `legate exec` asks for.", { standard: "true" }),
];

const checks: readonly Setting[] = [
  works("service", "definitions", "A service of this node.", { reload: true }),
  works("services", "definitions", "Services of this node.", { reload: true }),
  works("check", "definitions", "A check of this node.", { reload: true }),
  works("checks", "definitions", "Checks of this node.", { reload: true }),
  works("session_ttl_min", "duration", "The shortest TTL that a session may have.", { standard: "10s" }),
  works("enable_script_checks", "bool", "Allow checks that run a program, also those of the API.", {
    flag: "enable-script-checks",
    standard: "false",
  }),
  works("enable_local_script_checks", "bool", "Allow checks of configuration files that run a program.", {
    flag: "enable-local-script-checks",
    standard: "false",
  }),
  works("discard_check_output", "bool", "Keep nothing of what checks say.", {
    standard: "false",
    reload: true,
  }),
  works(
    "check_update_interval",
    "duration",
    "How long changed output of an unchanged check may wait before it is reported.",
    { standard: "5m" },
  ),
  works("check_output_max_size", "int", "Bytes kept of a check's output.", {
    flag: "check_output_max_size",
    standard: "4096",
  }),
];

/** All settings, those of Consul that have no effect yet included. */
export const settings: readonly Setting[] = [
  ...node,
  ...addresses,
  ...serverPorts,
  ...server,
  ...behaviour,
  ...checks,
  ...gossipSettings,
  ...httpSettings,
  ...dnsSettings,
  ...telemetrySettings,
  ...laterSettings,
];

const byKey = new Map(settings.map((setting) => [setting.key, setting]));
const sections = new Set(
  settings.flatMap(({ key }) => {
    const parts = key.split(".");
    return parts.slice(1).map((_, depth) => parts.slice(0, depth + 1).join("."));
  }),
);

/** The setting of a key path in lower case; undefined for none. */
export function settingOf(key: string): Setting | undefined {
  return byKey.get(key);
}

/** Whether a key path holds further keys ("ports"). */
export function isSection(key: string): boolean {
  return sections.has(key);
}
