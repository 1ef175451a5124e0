// DebugConfig of /v1/agent/self: the settings in use under Consul's names, secrets hidden.

import { formatGoDuration } from "../../../shared/base/millis.ts";
import type { ListenAddress, RuntimeConfig } from "../../config/runtime-config.ts";
import { localNode } from "../../local/node.ts";
import { consulVersion } from "../../../shared/version.ts";

/** Names and value forms as Consul prints them. */
export function debugConfig(config: RuntimeConfig): Record<string, unknown> {
  const node = localNode(config);
  const serviceTtls = Object.entries(config.dnsConfig.serviceTtlSeconds).map(([name, ttl]) => [
    name,
    formatGoDuration(ttl * 1000),
  ]);
  const settings = {
    ...dnsSettings(config),
    ...httpSettings(config),
    ...gossipSettings(config),
    ...serverSettings(config),
    ...telemetrySettings(config),
    ACLToken: "hidden",
    ACLsEnabled: false,
    AEInterval: "1m0s",
    AdvertiseAddrLAN: config.advertiseAddr,
    BindAddr: config.bindAddr,
    CheckDeregisterIntervalMin: "1m0s",
    CheckOutputMaxSize: config.checkOutputBytesMax,
    CheckReapInterval: "30s",
    CheckUpdateInterval: formatGoDuration(config.checkUpdateIntervalMillis),
    ConnectSidecarMaxPort: config.sidecarPorts.max,
    ConnectSidecarMinPort: config.sidecarPorts.min,
    DNSAddrs: [...addresses("tcp", config.dns), ...addresses("udp", config.dns)],
    DNSDomain: config.domain,
    DNSNodeTTL: formatGoDuration(config.dnsConfig.nodeTtlSeconds * 1000),
    DNSOnlyPassing: config.dnsConfig.onlyPassing,
    DNSPort: config.dns[0]?.port ?? -1,
    DNSServiceTTL: Object.fromEntries(serviceTtls),
    DNSUDPAnswerLimit: config.dnsConfig.udpAnswerLimit,
    DataDir: config.dataDir,
    Datacenter: config.datacenter,
    DevMode: config.ownServer?.dev ?? false,
    DisableHostNodeID: true,
    DisableRemoteExec: config.disableRemoteExec,
    DiscardCheckOutput: config.discardCheckOutput,
    EnableRemoteScriptChecks: config.enableRemoteScripts,
    DefaultQueryTime: formatGoDuration(config.httpConfig.defaultWaitMillis),
    EdgeToken: "hidden",
    EdgeURLs: config.edgeUrls,
    HTTPAddrs: addresses("tcp", config.http),
    HTTPPort: config.http.find((at) => at.socket === undefined)?.port ?? -1,
    KVMaxValueSize: config.httpConfig.kvValueBytesMax,
    LeaveOnTerm: config.leaveOnTerminate,
    Logging: { LogLevel: config.logLevel.toUpperCase() },
    MaxQueryTime: formatGoDuration(config.httpConfig.maxWaitMillis),
    NodeID: config.nodeId,
    NodeMeta: config.nodeMeta,
    NodeName: config.nodeName,
    Revision: "",
    RPCHoldTimeout: formatGoDuration(config.performance.rpcHoldMillis),
    SerfPortLAN: config.serfLanPort,
    ...(config.ownServer === null ? {} : { SerfPortWAN: config.ownServer.serfWanPort }),
    ServerMode: config.ownServer !== null,
    ...(config.ownServer === null ? {} : { ServerPort: config.ownServer.port }),
    SkipLeaveOnInt: config.skipLeaveOnInterrupt,
    TaggedAddresses: node.taggedAddresses,
    Version: consulVersion,
    VersionPrerelease: "",
  };
  return Object.fromEntries(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function dnsSettings({ dnsConfig: dns }: RuntimeConfig): Record<string, unknown> {
  const { refresh, retry, expire, minTtl } = dns.soa;
  return {
    DNSARecordLimit: dns.aRecordLimit,
    DNSAllowStale: dns.allowStale,
    DNSAltDomain: dns.altDomain,
    DNSCacheMaxAge: formatGoDuration(dns.cacheMaxAgeMillis),
    DNSDisableCompression: dns.disableCompression,
    DNSEnableTruncate: dns.enableTruncate,
    DNSMaxStale: formatGoDuration(dns.maxStaleMillis),
    DNSNodeMetaTXT: dns.nodeMetaTxt,
    DNSRecursorTimeout: formatGoDuration(dns.recursorTimeoutMillis),
    DNSRecursors: dns.recursors.map(hostPort),
    DNSSOA: { Expire: expire, Minttl: minTtl, Refresh: refresh, Retry: retry },
    DNSUseCache: dns.useCache,
  };
}

function httpSettings({ httpConfig: http }: RuntimeConfig): Record<string, unknown> {
  return {
    DiscoveryMaxStale: formatGoDuration(http.discoveryMaxStaleMillis),
    HTTPBlockEndpoints: http.blockEndpoints,
    HTTPMaxConnsPerClient: http.connectionsPerClientMax,
    HTTPResponseHeaders: http.responseHeaders,
    HTTPUseCache: http.useCache,
    TranslateWANAddrs: http.translateWanAddresses,
    TxnMaxReqLen: http.txnBytesMax,
  };
}

function gossipSettings({ gossip, advertiseAddr, serfLanPort }: RuntimeConfig): Record<string, unknown> {
  if (gossip === null) return {};
  const { profile } = gossip;
  return {
    DisableKeyringFile: gossip.disableKeyringFile,
    EncryptKey: "hidden",
    EncryptVerifyIncoming: gossip.verifyIncoming,
    EncryptVerifyOutgoing: gossip.verifyOutgoing,
    GossipLANGossipInterval: formatGoDuration(profile.gossipIntervalMillis),
    GossipLANGossipNodes: profile.gossipNodes,
    GossipLANProbeInterval: formatGoDuration(profile.probeIntervalMillis),
    GossipLANProbeTimeout: formatGoDuration(profile.probeTimeoutMillis),
    GossipLANRetransmitMult: profile.retransmitMult,
    GossipLANSuspicionMult: profile.suspicionMult,
    ReconnectTimeoutLAN: formatGoDuration(gossip.reconnectTimeoutMillis),
    RejoinAfterLeave: gossip.rejoinAfterLeave,
    RetryJoinIntervalLAN: formatGoDuration(gossip.retryIntervalMillis),
    RetryJoinLAN: gossip.retryJoin,
    RetryJoinMaxAttemptsLAN: gossip.retryMax,
    SerfAdvertiseAddrLAN: `tcp://${hostPort({ host: advertiseAddr, port: serfLanPort })}`,
    SerfBindAddrLAN: `tcp://${hostPort({ host: gossip.bindHost, port: serfLanPort })}`,
    StartJoinAddrsLAN: gossip.startJoin,
  };
}

function serverSettings({ ownServer: server, ...config }: RuntimeConfig): Record<string, unknown> {
  if (server === null) return {};
  const { autopilot } = server;
  const rpc = (host: string) => `tcp://${hostPort({ host, port: server.port })}`;
  return {
    AutopilotCleanupDeadServers: autopilot.CleanupDeadServers,
    AutopilotLastContactThreshold: formatGoDuration(autopilot.LastContactThreshold),
    AutopilotMaxTrailingLogs: autopilot.MaxTrailingLogs,
    AutopilotMinQuorum: autopilot.MinQuorum,
    AutopilotServerStabilizationTime: formatGoDuration(autopilot.ServerStabilizationTime),
    Bootstrap: server.bootstrap,
    BootstrapExpect: server.bootstrapExpect,
    LeaveDrainTime: formatGoDuration(config.performance.leaveDrainMillis),
    NonVotingServer: server.nonVoter,
    RPCAdvertiseAddr: rpc(config.advertiseAddr),
    RPCBindAddr: rpc(config.bindAddr),
    SessionTTLMin: formatGoDuration(config.sessionTtlMinMillis),
  };
}

function telemetrySettings({ telemetry }: RuntimeConfig): Record<string, unknown> {
  const rules = (sign: string) =>
    telemetry.prefixFilter.filter((rule) => rule.startsWith(sign)).map((rule) => rule.slice(1));
  return {
    Telemetry: {
      AllowedPrefixes: rules("+"),
      BlockedPrefixes: rules("-"),
      DisableHostname: telemetry.disableHostname,
      DogstatsdAddr: telemetry.dogstatsdAddress,
      DogstatsdTags: telemetry.dogstatsdTags,
      FilterDefault: telemetry.filterDefault,
      MetricsPrefix: telemetry.prefix,
      PrometheusRetentionTime: formatGoDuration(telemetry.prometheusRetentionMillis),
      StatsdAddr: telemetry.statsdAddress,
    },
  };
}

function hostPort({ host, port }: Pick<ListenAddress, "host" | "port">): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function addresses(network: string, listeners: readonly ListenAddress[]): string[] {
  return listeners.map(({ host, port, socket }) =>
    socket !== undefined ? `unix://${socket}` : `${network}://${hostPort({ host, port })}`,
  );
}
