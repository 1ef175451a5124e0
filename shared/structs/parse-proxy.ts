// The proxy of a service that takes part in the mesh: read from a registration of the catalog or of an agent into the
// form that the API shows (empty fields left out), and Consul's checks on it.

import type { StructReader } from "./struct-reader.ts";

export type ProxyFields = Record<string, unknown>;

/** What a service that is no proxy shows. */
export const noProxy: ProxyFields = { MeshGateway: {}, Expose: {} };

/** `source` is "agent" where Consul fills in the type of an upstream. */
export function readProxy(reader: StructReader, source: "catalog" | "agent"): ProxyFields {
  const text = (name: string, snake: string) => textOf(reader, name, snake);
  const fields: ProxyFields = {
    DestinationServiceName: text("DestinationServiceName", "destination_service_name"),
    DestinationServiceID: text("DestinationServiceID", "destination_service_id"),
    LocalServiceAddress: text("LocalServiceAddress", "local_service_address"),
    LocalServicePort: numberOf(reader, "LocalServicePort", "local_service_port"),
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

/** As the catalog shows it; namespace and bind address only when they are given. */
function readUpstream(reader: StructReader, source: "catalog" | "agent"): ProxyFields {
  const text = (name: string, snake: string) => textOf(reader, name, snake);
  const type = text("DestinationType", "destination_type");
  const namespace = text("DestinationNamespace", "destination_namespace");
  const name = text("DestinationName", "destination_name");
  const datacenter = reader.string("Datacenter");
  const address = text("LocalBindAddress", "local_bind_address");
  const port = numberOf(reader, "LocalBindPort", "local_bind_port");
  const config = reader.any("Config") ?? null;
  const mesh = reader.object(
    "MeshGateway",
    "MeshGatewayConfig",
    "structs.MeshGatewayConfig",
    readMeshGateway,
  );
  return {
    DestinationType: type === "" && source === "agent" ? "service" : type,
    ...withoutEmpty({ DestinationNamespace: namespace }),
    DestinationName: name,
    Datacenter: datacenter,
    ...withoutEmpty({ LocalBindAddress: address }),
    LocalBindPort: port,
    Config: config,
    MeshGateway: mesh ?? {},
  };
}

/** A proxy as an agent shows it: nothing empty in its upstreams. */
export function agentProxy(proxy: Readonly<ProxyFields>): ProxyFields {
  if (!Array.isArray(proxy.Upstreams)) return { ...proxy };
  const upstreams = (proxy.Upstreams as readonly ProxyFields[]).map(({ MeshGateway, ...fields }) => ({
    ...withoutEmpty(fields),
    MeshGateway,
  }));
  return { ...proxy, Upstreams: upstreams };
}

function readMeshGateway(reader: StructReader): ProxyFields {
  return withoutEmpty({ Mode: reader.string("Mode") });
}

function readExpose(reader: StructReader): ProxyFields {
  const types = ["[]structs.ExposePath", "structs.ExposePath"] as const;
  return withoutEmpty({
    Checks: reader.boolean("Checks"),
    Paths: reader.objectList("Paths", "ExposePath", types, (path) => ({
      ...withoutEmpty({
        ListenerPort: path.integer("ListenerPort"),
        Path: path.string("Path"),
        LocalPathPort: path.integer("LocalPathPort"),
        Protocol: path.string("Protocol"),
      }),
      ParsedFromCheck: path.boolean("ParsedFromCheck"),
    })),
  });
}

function textOf(reader: StructReader, name: string, snake: string): string {
  return reader.string(name) || (reader.foldsUnderscores ? "" : reader.string(snake));
}

function numberOf(reader: StructReader, name: string, snake: string): number {
  return reader.integer(name) || (reader.foldsUnderscores ? 0 : reader.integer(snake));
}

/** Go's omitempty. */
function withoutEmpty(fields: ProxyFields): ProxyFields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === "" || value === 0 || value === false;
}

/** `Connect` of a registration of the catalog; what else it holds is nobody's business, as in Consul. */
export function readNative(reader: StructReader): boolean {
  reader.lenient();
  reader.any("SidecarService");
  return reader.boolean("Native");
}

/** Kinds of services that stand for others. */
export const gatewayKinds: readonly string[] = ["mesh-gateway", "terminating-gateway", "ingress-gateway"];

/** Kinds whose agents show the Proxy of. */
export function hasProxy(kind: string | undefined): boolean {
  return kind === "connect-proxy" || gatewayKinds.includes(kind ?? "");
}
