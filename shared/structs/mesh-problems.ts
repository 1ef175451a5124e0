// What cannot be in a service of the mesh, in Consul's words: proxies need a destination, gateways must not have one.

import { gatewayKinds, type ProxyFields } from "./parse-proxy.ts";

/** What is wrong with a service of the mesh, in Consul's order; empty when nothing is. */
export function meshProblems(
  kind: string,
  port: number,
  proxy: ProxyFields,
  native: boolean,
): readonly string[] {
  if (kind === "connect-proxy") return proxyProblems(port, proxy, native);
  return gatewayKinds.includes(kind) ? gatewayProblems(kind, port, proxy) : [];
}

function proxyProblems(port: number, proxy: ProxyFields, native: boolean): readonly string[] {
  const problems: string[] = [];
  if (proxy.DestinationServiceName === undefined)
    problems.push("Proxy.DestinationServiceName must be non-empty for Connect proxy services");
  if (port === 0) problems.push("Port must be set for a Connect proxy");
  if (native) problems.push("A Proxy cannot also be Connect Native, only typical services");
  const upstreams = (proxy.Upstreams ?? []) as readonly ProxyFields[];
  const expose = (proxy.Expose ?? {}) as ProxyFields;
  const paths = (expose.Paths ?? []) as readonly ProxyFields[];
  return [...problems, ...upstreamProblems(upstreams), ...exposeProblems(paths)];
}

const upstreamTypes: readonly string[] = ["", "service", "prepared_query"];

function upstreamProblems(upstreams: readonly ProxyFields[]): readonly string[] {
  const problems: string[] = [];
  const destinations = new Set<string>();
  const bound = new Set<string>();
  for (const upstream of upstreams) {
    const type = text(upstream.DestinationType);
    const address = `${text(upstream.LocalBindAddress) || "127.0.0.1"}:${text(upstream.LocalBindPort)}`;
    const destination =
      `[type="${type}", name="${text(upstream.DestinationName)}", ` +
      `namespace="${text(upstream.DestinationNamespace)}", datacenter="${text(upstream.Datacenter)}"]`;
    if (!upstreamTypes.includes(type)) problems.push(`unknown upstream destination type: "${type}"`);
    else if (text(upstream.DestinationName) === "")
      problems.push("upstream destination name cannot be empty");
    else if (Number(upstream.LocalBindPort ?? 0) === 0)
      problems.push("upstream local bind port cannot be zero");
    else if (destinations.has(destination))
      problems.push(`upstreams cannot contain duplicates of ${destination}`);
    else if (bound.has(address)) {
      const what = "upstreams cannot contain duplicates by local bind address and port";
      problems.push(`${what}; "${address}" is specified twice`);
    }
    destinations.add(destination);
    bound.add(address);
  }
  return problems;
}

const exposeProtocols: readonly string[] = ["", "http", "http2"];
const portMax = 65_535;

function exposeProblems(paths: readonly ProxyFields[]): readonly string[] {
  const problems: string[] = [];
  const known = new Set<string>();
  const ports = new Set<number>();
  for (const exposed of paths) {
    const path = text(exposed.Path);
    const port = Number(exposed.ListenerPort ?? 0);
    if (path === "") problems.push("expose.paths: empty path exposed");
    else if (known.has(path)) problems.push("expose.paths: duplicate paths exposed");
    if (ports.has(port)) problems.push("expose.paths: duplicate listener ports exposed");
    if (port <= 0 || port > portMax) problems.push(`expose.paths: invalid listener port: ${port}`);
    else ports.add(port);
    known.add(path);
    const protocol = text(exposed.Protocol);
    if (!exposeProtocols.includes(protocol))
      problems.push(`protocol '${protocol}' not supported for path: ${path}, must be in: [http http2]`);
  }
  return problems;
}

const ofProxiesOnly = [
  "DestinationServiceName",
  "DestinationServiceID",
  "LocalServiceAddress",
  "LocalServicePort",
  "Upstreams",
] as const;

function gatewayProblems(kind: string, port: number, proxy: ProxyFields): readonly string[] {
  const portless = kind !== "ingress-gateway" && port === 0;
  const foreign = ofProxiesOnly.filter((field) => proxy[field] !== undefined);
  return [
    ...(portless ? [`Port must be non-zero for a ${kind}`] : []),
    ...foreign.map((field) => `The Proxy.${field} configuration is invalid for a ${kind}`),
  ];
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** Several problems in one text, as Go's multierror writes them. */
export function multiError(problems: readonly string[]): string {
  const count = problems.length === 1 ? "1 error occurred" : `${problems.length} errors occurred`;
  return `${count}:\n${problems.map((problem) => `\t* ${problem}\n`).join("")}\n`;
}
