// Settings of the HTTP API, of DNS and of telemetry (rows of agent/config/schema.ts).

import type { Setting, SettingType } from "./schema.ts";

type Extra = { readonly flag?: string; readonly standard?: string };

function works(key: string, type: SettingType, doc: string, extra: Extra = {}): Setting {
  return {
    key,
    flag: extra.flag ?? "",
    type,
    standard: extra.standard ?? "",
    reloadable: false,
    state: "works",
    doc,
  };
}

function idle(key: string, type: SettingType, doc: string, extra: Extra = {}): Setting {
  return { ...works(key, type, doc, extra), state: "idle" };
}

export const httpSettings: readonly Setting[] = [
  works(
    "http_config.block_endpoints",
    "list",
    "Paths that answer 403, with everything that begins like them.",
  ),
  works("http_config.response_headers", "map", "Headers of every HTTP answer."),
  works(
    "http_config.allow_write_http_from",
    "list",
    "Networks (CIDR) that may write over HTTP; none given: all.",
    {
      flag: "allow-write-http-from",
    },
  ),
  works("http_config.use_cache", "bool", "Honour ?cached.", { standard: "true" }),
  works("http_config.max_header_bytes", "int", "Bytes of a request's headers.", { standard: "1048576" }),
  works("limits.http_max_conns_per_client", "int", "HTTP connections of one address; 0 is no limit.", {
    standard: "200",
  }),
  works("limits.kv_max_value_size", "int", "Bytes of a KV value, at most 1048576.", { standard: "524288" }),
  works("limits.txn_max_req_len", "int", "Bytes of a transaction's body, at most 1572864.", {
    standard: "524288",
  }),
  works("default_query_time", "duration", "Longest wait of a blocking query that names none.", {
    flag: "default-query-time",
    standard: "300s",
  }),
  works("max_query_time", "duration", "Longest wait of a blocking query.", {
    flag: "max-query-time",
    standard: "600s",
  }),
  works(
    "discovery_max_stale",
    "duration",
    "Catalog and health reads may be as old as this; 0: ask the leader.",
    {
      standard: "0s",
    },
  ),
  works(
    "translate_wan_addrs",
    "bool",
    "Say in every answer that addresses of other datacenters are their WAN ones.",
    {
      standard: "false",
    },
  ),
  works("unix_sockets.user", "text", "User id that owns unix sockets of the HTTP API."),
  works("unix_sockets.group", "text", "Group id that owns unix sockets of the HTTP API."),
  works("unix_sockets.mode", "text", "Permissions of unix sockets of the HTTP API, octal."),
];

export const dnsSettings: readonly Setting[] = [
  works("domain", "text", "Domain that DNS answers for.", { flag: "domain", standard: "consul." }),
  works("alt_domain", "text", "Second domain that DNS answers for.", { flag: "alt-domain" }),
  works("recursors", "list", "DNS server (IP or IP:port) for names outside the domain. May be repeated.", {
    flag: "recursor",
  }),
  works("dns_config.allow_stale", "bool", "Any server may answer DNS.", { standard: "true" }),
  works("dns_config.max_stale", "duration", "A DNS answer older than this is asked of the leader again.", {
    standard: "87600h",
  }),
  works("dns_config.only_passing", "bool", "Leave out instances with warnings.", { standard: "false" }),
  works("dns_config.node_ttl", "duration", "TTL of node answers.", { standard: "0s" }),
  works("dns_config.service_ttl", "map", "TTL of service answers, by name, `prefix*` or `*`."),
  works("dns_config.enable_truncate", "bool", "Set TC when answers were left out.", { standard: "false" }),
  works("dns_config.recursor_timeout", "duration", "Time that a recursor has.", { standard: "2s" }),
  works("dns_config.disable_compression", "bool", "Write names in full.", { standard: "false" }),
  works("dns_config.udp_answer_limit", "int", "Answers in a small UDP packet.", { standard: "3" }),
  works("dns_config.a_record_limit", "int", "A and AAAA answers in any packet; 0 is no limit.", {
    standard: "0",
  }),
  works("dns_config.enable_additional_node_meta_txt", "bool", "Node metadata beside address answers.", {
    standard: "true",
  }),
  works("dns_config.soa.refresh", "int", "Seconds of the SOA record.", { standard: "3600" }),
  works("dns_config.soa.retry", "int", "Seconds of the SOA record.", { standard: "600" }),
  works("dns_config.soa.expire", "int", "Seconds of the SOA record.", { standard: "86400" }),
  works("dns_config.soa.min_ttl", "int", "Seconds of the SOA record.", { standard: "0" }),
  works("dns_config.use_cache", "bool", "Answer DNS from what this agent keeps current.", {
    standard: "false",
  }),
  works("dns_config.cache_max_age", "duration", "Age at which a kept answer is asked anew; 0: never.", {
    standard: "0s",
  }),
  idle("dns_config.prefer_namespace", "bool", "There are no namespaces.", { standard: "false" }),
];

export const telemetrySettings: readonly Setting[] = [
  works("telemetry.metrics_prefix", "text", "Beginning of every metric's name.", { standard: "consul" }),
  works("telemetry.disable_hostname", "bool", "Leave the host's name out of gauges.", { standard: "false" }),
  works("telemetry.prefix_filter", "list", '"+prefix" and "-prefix": names to keep and to leave out.'),
  works("telemetry.filter_default", "bool", "Keep names that no prefix_filter is about.", {
    standard: "true",
  }),
  works(
    "telemetry.prometheus_retention_time",
    "duration",
    "Keep metrics for Prometheus so long; 0: no page.",
    {
      standard: "0s",
    },
  ),
  works("telemetry.statsd_address", "text", "Send metrics to a statsd (host:port, UDP)."),
  works("telemetry.dogstatsd_addr", "text", "Send metrics to a DogStatsD (host:port, UDP)."),
  works("telemetry.dogstatsd_tags", "list", "Tags of every metric sent to DogStatsD."),
];
