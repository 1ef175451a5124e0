// Settings of gossip in the datacenter: joining, encryption, tuning.

import type { Setting, SettingType } from "./schema.ts";

function works(key: string, type: SettingType, standard: string, doc: string, flag = ""): Setting {
  return { key, flag, type, standard, reloadable: false, state: "works", doc };
}

export const gossipSettings: readonly Setting[] = [
  works(
    "start_join",
    "list",
    "",
    "Address of an agent to join at start; the agent ends when none answers.",
    "join",
  ),
  works("retry_join", "list", "", "Address of an agent to join, tried until it works.", "retry-join"),
  works("retry_interval", "duration", "30s", "Time between tries to join.", "retry-interval"),
  works("retry_max", "int", "0", "Number of tries to join; 0 is no limit.", "retry-max"),
  works("rejoin_after_leave", "bool", "false", "Join again after having left.", "rejoin"),
  works("serf_lan", "text", "", "Address for gossip instead of -bind.", "serf-lan-bind"),
  works("encrypt", "text", "", "Gossip key: base64 of 16, 24 or 32 bytes (legate keygen).", "encrypt"),
  works(
    "disable_keyring_file",
    "bool",
    "false",
    "Do not keep the gossip keys in a file.",
    "disable-keyring-file",
  ),
  works("reconnect_timeout", "duration", "72h", "A member that failed is forgotten after this; at least 8h."),
  works("encrypt_verify_incoming", "bool", "true", "Refuse plain gossip although there is a key."),
  works("encrypt_verify_outgoing", "bool", "true", "Send gossip encrypted when there is a key."),
  works("gossip_lan.gossip_nodes", "int", "3", "How many members a gossip tick goes to."),
  works("gossip_lan.gossip_interval", "duration", "200ms", "Time between gossip ticks."),
  works("gossip_lan.probe_interval", "duration", "1s", "Time between probes."),
  works("gossip_lan.probe_timeout", "duration", "500ms", "When a probe without an answer asks others."),
  works("gossip_lan.suspicion_mult", "int", "4", "How long a member is suspected before it has failed."),
  works("gossip_lan.retransmit_mult", "int", "4", "How often news is sent on."),
];
