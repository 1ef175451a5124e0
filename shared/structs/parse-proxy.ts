// The proxy of a service that takes part in the mesh: read from a registration of the catalog or of an agent into the
// form that the API shows (empty fields left out), and Consul's checks on it.

import type { StructReader } from "./struct-reader.ts";

export type ProxyFields = Record<string, unknown>;

/** What a service that is no proxy shows. */
export const noProxy: ProxyFields = { MeshGateway: {}, Expose: {} };

/** `source` is "agent" where Consul also takes names with underscores and fills in the type of an upstream. */
export function readProxy(reader: StructReader, source: "catalog" | "agent"): ProxyFields {
  const text = (name: string, snake: string) => textOf(reader, source, name, snake);
  const fields: ProxyFields = {
    DestinationServiceName: text("DestinationServiceName", "destination_service_name"),
    DestinationServiceID: text("DestinationServiceID", "destination_service_id"),
    LocalServiceAddress: text("LocalServiceAddress", "local_service_address"),
    LocalServicePort: numberOf(reader, source, "LocalServicePort", "local_service_port"),
    Config: reader.any("Config"),
    Upstreams: reader.objectList(
      "Upstreams",
      "Upstream",
      ["structs.Upstreams", "structs.Upstream"],
      (inner) => readUpstream(inner, source),
    ),
  };
  const mesh = reader.object(
    "MeshGateway",
    "MeshGatewayConfig",
    "structs.MeshGatewayConfig",
    readMeshGateway,
  );
  const expose = reader.object("Expose", "ExposeConfig", "structs.ExposeConfig", readExpose);
  return { ...withoutEmpty(fields), MeshGateway: mesh ?? {}, Expose: expose ?? {} };
}

function readUpstream(reader: StructReader, source: "catalog" | "agent"): ProxyFields {
  const text = (name: string, snake: string) => textOf(reader, source, name, snake);
  const type = text("DestinationType", "destination_type");
  const fields: ProxyFields = {
    DestinationType: type === "" && source === "agent" ? "service" : type,
    DestinationNamespace: text("DestinationNamespace", "destination_namespace"),
    DestinationName: text("DestinationName", "destination_name"),
    Datacenter: reader.string("Datacenter"),
    LocalBindAddress: text("LocalBindAddress", "local_bind_address"),
    LocalBindPort: numberOf(reader, source, "LocalBindPort", "local_bind_port"),
    Config: reader.any("Config"),
  };
  const mesh = reader.object(
    "MeshGateway",
    "MeshGatewayConfig",
    "structs.MeshGatewayConfig",
    readMeshGateway,
  );
  return { ...withoutEmpty(fields), MeshGateway: mesh ?? {} };
}

function readMeshGateway(reader: StructReader): ProxyFields {
  return withoutEmpty({ Mode: reader.string("Mode") });
}

function readExpose(reader: StructReader): ProxyFields {
  const types = ["[]structs.ExposePath", "structs.ExposePath"] as const;
  return withoutEmpty({
    Checks: reader.boolean("Checks"),
    Paths: reader.objectList("Paths", "ExposePath", types, (path) =>
      withoutEmpty({
        ListenerPort: path.integer("ListenerPort"),
        Path: path.string("Path"),
        LocalPathPort: path.integer("LocalPathPort"),
        Protocol: path.string("Protocol"),
        ParsedFromCheck: path.boolean("ParsedFromCheck"),
      }),
    ),
  });
}

function textOf(reader: StructReader, source: "catalog" | "agent", name: string, snake: string): string {
  return reader.string(name) || (source === "agent" && !reader.foldsUnderscores ? reader.string(snake) : "");
}

function numberOf(reader: StructReader, source: "catalog" | "agent", name: string, snake: string): number {
  return reader.integer(name) || (source === "agent" && !reader.foldsUnderscores ? reader.integer(snake) : 0);
}

/** Go's omitempty. */
function withoutEmpty(fields: ProxyFields): ProxyFields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === "" || value === 0 || value === false;
}

/** `Connect` of a registration: "native" takes part without a proxy. `sidecar` asks the agent for a proxy beside it. */
export function readConnect(reader: StructReader): { readonly native: boolean; readonly sidecar: boolean } {
  const sidecar = reader.any("SidecarService");
  return { native: reader.boolean("Native"), sidecar: sidecar !== null && sidecar !== undefined };
}

const gatewayKinds: readonly string[] = ["mesh-gateway", "terminating-gateway", "ingress-gateway"];

/** Kinds whose agents show the Proxy of. */
export function hasProxy(kind: string | undefined): boolean {
  return kind === "connect-proxy" || gatewayKinds.includes(kind ?? "");
}

/** What is wrong with a service of the mesh, as Consul lists it; null when nothing is. The catalog takes any gateway. */
export function meshProblem(
  kind: string,
  port: number,
  proxy: ProxyFields,
  native: boolean,
  source: "catalog" | "agent",
): string | null {
  const problems: string[] = [];
  if (kind === "connect-proxy") {
    if (proxy.DestinationServiceName === undefined)
      problems.push("Proxy.DestinationServiceName must be non-empty for Connect proxy services");
    if (port === 0) problems.push("Port must be set for a Connect proxy");
    if (native) problems.push("A Proxy cannot also be Connect Native, only typical services");
    const upstreams = (proxy.Upstreams ?? []) as readonly ProxyFields[];
    for (const upstream of upstreams) {
      if (upstream.DestinationName === undefined) problems.push("upstream destination name cannot be empty");
      else if (upstream.LocalBindPort === undefined) problems.push("upstream local bind port cannot be zero");
    }
  }
  const needsPort = kind === "mesh-gateway" || kind === "terminating-gateway";
  if (source === "agent" && needsPort && port === 0) problems.push(`Port must be non-zero for a ${kind}`);
  if (problems.length === 0) return null;
  const count = problems.length === 1 ? "1 error occurred" : `${problems.length} errors occurred`;
  return `${count}:\n${problems.map((problem) => `\t* ${problem}\n`).join("")}\n`;
}
