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
  return {
    ACLToken: "hidden",
    ACLsEnabled: false,
    AEInterval: "1m0s",
    AdvertiseAddrLAN: config.advertiseAddr,
    BindAddr: config.bindAddr,
    CheckDeregisterIntervalMin: "1m0s",
    CheckOutputMaxSize: config.checkOutputBytesMax,
    CheckReapInterval: "30s",
    CheckUpdateInterval: formatGoDuration(config.checkUpdateIntervalMillis),
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
    RPCHoldTimeout: formatGoDuration(config.performance.rpcHoldMillis),
    SerfPortLAN: config.serfLanPort,
    ...(config.ownServer === null ? {} : { SerfPortWAN: config.ownServer.serfWanPort }),
    ServerMode: config.ownServer !== null,
    ...(config.ownServer === null ? {} : { ServerPort: config.ownServer.port }),
    SkipLeaveOnInt: config.skipLeaveOnInterrupt,
    TaggedAddresses: node.taggedAddresses,
    Version: consulVersion,
  };
}

function addresses(network: string, listeners: readonly ListenAddress[]): string[] {
  return listeners.map(({ host, port, socket }) =>
    socket !== undefined
      ? `unix://${socket}`
      : `${network}://${host.includes(":") ? `[${host}]` : host}:${port}`,
  );
}
