// From merged settings to the typed RuntimeConfig, with what the operator should know (warnings) and what keeps the
// agent from starting (obstacles). Texts that Consul has are Consul's.

import { fail, ok, type Result } from "../../shared/base/result.ts";
import { parseCheckDefinition } from "../../shared/structs/parse-check-definition.ts";
import type { ParseProblem } from "../../shared/structs/parse-problem.ts";
import { parseServiceDefinition } from "../../shared/structs/parse-service-definition.ts";
import type { CheckDefinition, ServiceDefinition } from "../../shared/structs/service-definition.ts";
import { parseIp, parseListen } from "./addresses.ts";
import { buildGossip } from "./build-gossip.ts";
import { buildDnsConfig } from "./dns-config.ts";
import { buildHttpConfig } from "./http-config.ts";
import { buildTelemetryConfig } from "./telemetry-config.ts";
import { type Layer, type Values, valuesOf } from "./layers.ts";
import type { ConfigPorts, LoadedConfig } from "./load.ts";
import type { ListenAddress, RuntimeConfig } from "./runtime-config.ts";
import { settings } from "./schema.ts";
import { buildOwnServer, buildPerformance } from "./server-settings.ts";
import { checkValues, parseLogLevel, startObstacles } from "./validate.ts";

/** The configuration of merged layers; `dev` takes away the need for a data directory. */
export function buildConfig(layer: Layer, dev: boolean, ports: ConfigPorts): Result<LoadedConfig, string> {
  const values = valuesOf(layer);
  const mistake = checkValues(values, dev);
  if (mistake !== null) return fail(mistake);
  const addresses = buildAddresses(values, dev, ports);
  if (!addresses.ok) return addresses;
  const definitions = buildDefinitions(values);
  if (!definitions.ok) return definitions;
  const httpConfig = buildHttpConfig(values, dev);
  if (!httpConfig.ok) return httpConfig;
  const dnsConfig = buildDnsConfig(values);
  if (!dnsConfig.ok) return dnsConfig;
  const telemetry = buildTelemetryConfig(values);
  if (!telemetry.ok) return telemetry;
  const edgeUrls = buildEdgeUrls(values, ports);
  if (!edgeUrls.ok) return edgeUrls;

  const gossip = buildGossip(values, dev, addresses.value.bindAddr);
  if (!gossip.ok) return gossip;

  const name = values.text("node_name");
  const ownServer = edgeUrls.value.length > 0 ? null : buildOwnServer(values, dev);
  const isServer = ownServer !== null;
  const config: RuntimeConfig = {
    nodeName: name === "" ? ports.hostname : name,
    nodeId: values.text("node_id").toLowerCase(),
    nodeMeta: values.map("node_meta"),
    datacenter: values.text("datacenter").toLowerCase(),
    domain: `${values.text("domain").toLowerCase().replace(/\.+$/, "")}.`,
    dataDir: dev ? "" : values.text("data_dir"),
    ...addresses.value,
    serfLanPort: values.number("ports.serf_lan"),
    performance: buildPerformance(values),
    gossip: gossip.value,
    ownServer,
    edgeUrls: edgeUrls.value,
    edgeToken: values.text("edge_token") || (ports.env.LEGATE_EDGE_TOKEN ?? ""),
    defaultToken: values.text("acl.tokens.default"),
    logLevel: parseLogLevel(values.text("log_level")) ?? "info",
    sessionTtlMinMillis: values.millis("session_ttl_min"),
    checkUpdateIntervalMillis: values.millis("check_update_interval"),
    checkOutputBytesMax: values.number("check_output_max_size"),
    enableRemoteScripts: values.bool("enable_script_checks"),
    discardCheckOutput: values.bool("discard_check_output"),
    leaveOnTerminate: values.has("leave_on_terminate") ? values.bool("leave_on_terminate") : !isServer,
    skipLeaveOnInterrupt: values.has("skip_leave_on_interrupt")
      ? values.bool("skip_leave_on_interrupt")
      : isServer,
    disableRemoteExec: values.bool("disable_remote_exec"),
    httpConfig: httpConfig.value,
    dnsConfig: dnsConfig.value,
    telemetry: telemetry.value,
    sidecarPorts: {
      min: values.number("ports.sidecar_min_port"),
      max: values.number("ports.sidecar_max_port"),
    },
    services: definitions.value.services,
    checks: definitions.value.checks,
  };
  const obstacles = [...definitions.value.obstacles, ...startObstacles(values, config)];
  return ok({ config, warnings: buildWarnings(layer, values, config), obstacles });
}

type Addresses = {
  readonly bindAddr: string;
  readonly advertiseAddr: string;
  readonly http: readonly ListenAddress[];
  readonly dns: readonly ListenAddress[];
};

function buildAddresses(values: Values, dev: boolean, ports: ConfigPorts): Result<Addresses, string> {
  const bind = parseIp("bind_addr", dev && !values.has("bind_addr") ? "127.0.0.1" : values.text("bind_addr"));
  if (!bind.ok) return bind;
  const everywhere = bind.value === "0.0.0.0" || bind.value === "::";
  const advertised = values.text("advertise_addr");
  const advertise =
    advertised === ""
      ? ok(everywhere ? ports.hostAddress : bind.value)
      : parseIp("advertise_addr", advertised);
  if (!advertise.ok) return advertise;
  if (advertise.value === "0.0.0.0" || advertise.value === "::")
    return fail(
      `Advertise address cannot be ${advertise.value}: give -advertise an address that others can reach`,
    );
  const listen = (kind: "http" | "dns") => {
    const own = values.text(`addresses.${kind}`);
    const setting = own === "" ? "client_addr" : `addresses.${kind}`;
    return parseListen(
      setting,
      own === "" ? values.text("client_addr") : own,
      values.number(`ports.${kind}`),
      kind === "http",
    );
  };
  const http = listen("http");
  if (!http.ok) return http;
  const dns = listen("dns");
  if (!dns.ok) return dns;
  const clash = http.value.find((a) => dns.value.some((b) => a.host === b.host && a.port === b.port));
  if (clash !== undefined) return fail(`HTTP address ${clash.host}:${clash.port} already configured for DNS`);
  return ok({ bindAddr: bind.value, advertiseAddr: advertise.value, http: http.value, dns: dns.value });
}

function buildEdgeUrls(values: Values, ports: ConfigPorts): Result<readonly string[], string> {
  const given = values.list("edge_url");
  const fromEnv = (ports.env.LEGATE_EDGE_URL ?? "").split(/[\s,]+/).filter((url) => url !== "");
  const urls: string[] = [];
  for (const text of given.length > 0 ? given : fromEnv) {
    const url = text.trim().replace(/\/+$/, "");
    if (!/^https?:\/\/[^\s/?#]+(\/[^\s?#]*)?$/.test(url))
      return fail(
        `edge_url: "${text}" is no address of a Worker: it looks like https://consul.example.workers.dev`,
      );
    if (!urls.includes(url)) urls.push(url);
  }
  return ok(urls);
}

/** What is wrong with the form of a layer's definitions; null for nothing. Asked per file, so that it can be named. */
export function definitionMistake(layer: Layer): string | null {
  const definitions = buildDefinitions(valuesOf(layer));
  return definitions.ok ? null : definitions.error;
}

type Definitions = {
  readonly services: readonly ServiceDefinition[];
  readonly checks: readonly CheckDefinition[];
  readonly obstacles: readonly string[];
};

function buildDefinitions(values: Values): Result<Definitions, string> {
  const services: ServiceDefinition[] = [];
  const checks: CheckDefinition[] = [];
  const obstacles: string[] = [];
  const scripts = values.bool("enable_script_checks") || values.bool("enable_local_script_checks");
  const unknown: string[] = [];
  const wrong: string[] = [];
  const problem = (definition: unknown, path: string, error: ParseProblem): void => {
    const what = path.startsWith("service") ? "service" : "check";
    if (error.kind === "decode") wrong.push(error.text);
    else obstacles.push(`Failed to register ${what} ${labelOf(definition)}: ${error.text}`);
  };
  for (const [path, definition] of definitionsOf(values, "service", "services")) {
    const parsed = parseServiceDefinition(definition, { source: "file", scripts, path, unknown });
    if (parsed.ok) services.push(parsed.value);
    else problem(definition, path, parsed.error);
  }
  for (const [path, definition] of definitionsOf(values, "check", "checks")) {
    const parsed = parseCheckDefinition(definition, { source: "file", scripts, path, unknown });
    if (parsed.ok) checks.push(parsed.value);
    else problem(definition, path, parsed.error);
  }
  if (wrong.length > 0)
    return fail(`${wrong.length} error(s) decoding:\n\n${wrong.map((each) => `* ${each}`).join("\n")}`);
  if (unknown.length > 0) {
    const count = unknown.length === 1 ? "1 error occurred" : `${unknown.length} errors occurred`;
    return fail(
      `${count}:\n${unknown
        .sort()
        .map((key) => `\t* invalid config key ${key}`)
        .join("\n")}`,
    );
  }
  return ok({ services, checks, obstacles });
}

/** Definitions with the place where each stands. */
function definitionsOf(values: Values, one: string, many: string): readonly (readonly [string, unknown])[] {
  return [
    ...values.definitions(one).map((definition) => [one, definition] as const),
    ...values.definitions(many).map((definition, at) => [`${many}[${at}]`, definition] as const),
  ];
}

/** How a person finds a definition again: its name or id. */
function labelOf(definition: unknown): string {
  if (typeof definition !== "object" || definition === null) return "(no object)";
  const entries = Object.entries(definition);
  const named = (key: string) =>
    entries.find(([name, value]) => name.toLowerCase() === key && typeof value === "string");
  return JSON.stringify(named("id")?.[1] ?? named("name")?.[1] ?? "(no name)");
}

function buildWarnings(layer: Layer, values: Values, config: RuntimeConfig): string[] {
  const warnings: string[] = [];
  const idleKeys = settings
    .filter(({ state, key }) => state === "later" && layer.has(key))
    .map(({ key }) => key);
  if (idleKeys.length > 0)
    warnings.push(`no effect yet: ${idleKeys.join(", ")} (docs/compatibility.md says what works)`);
  if (!/^[a-zA-Z0-9-]+$/.test(config.nodeName))
    warnings.push(
      `Node name "${config.nodeName}" will not be discoverable via DNS due to invalid characters. Valid characters include all alpha-numerics and dashes.`,
    );
  const finds = values.list("retry_join").length + values.list("start_join").length > 0;
  if (config.ownServer === null && config.edgeUrls.length === 0 && !finds)
    warnings.push(
      "no server to talk to yet: name an agent of the datacenter with -retry-join=ADDRESS, or a Worker with -edge-url=URL",
    );
  if (values.bool("server") && config.edgeUrls.length > 0)
    warnings.push(`server: the servers are at ${config.edgeUrls[0]}; this agent is a client of them`);
  if (config.edgeUrls.length > 0 && config.edgeToken === "")
    warnings.push(
      "no edge_token: the Worker will refuse this agent; set LEGATE_EDGE_TOKEN to the Worker's secret",
    );
  return warnings;
}
