// Configuration entries of Consul 1.8: their kinds and fields in the order the API shows them.

import type { FieldShape, Shape } from "./weak-decoder.ts";

export type ServiceDefaults = {
  readonly Protocol: string;
  readonly MeshGateway: { readonly Mode?: string };
  readonly Expose: object;
  readonly ExternalSNI?: string;
};
export type ProxyDefaults = {
  readonly Config: Readonly<Record<string, unknown>> | null;
  readonly MeshGateway: { readonly Mode?: string };
};
export type ResolverSubset = { readonly Filter?: string; readonly OnlyPassing?: boolean };
export type ResolverRedirect = {
  readonly Service?: string;
  readonly ServiceSubset?: string;
  readonly Namespace?: string;
  readonly Datacenter?: string;
};
export type ResolverFailover = {
  readonly Service?: string;
  readonly ServiceSubset?: string;
  readonly Namespace?: string;
  readonly Datacenters?: readonly string[];
};
export type ServiceResolver = {
  /** A Go duration. */
  readonly ConnectTimeout?: string;
  readonly DefaultSubset?: string;
  readonly Subsets?: Readonly<Record<string, ResolverSubset>>;
  readonly Redirect?: ResolverRedirect;
  readonly Failover?: Readonly<Record<string, ResolverFailover>>;
};
export type ServiceSplit = {
  readonly Weight: number;
  readonly Service?: string;
  readonly ServiceSubset?: string;
  readonly Namespace?: string;
};
export type ServiceSplitter = { readonly Splits: readonly ServiceSplit[] | null };
export type HeaderMatch = {
  readonly Name: string;
  readonly Present?: boolean;
  readonly Exact?: string;
  readonly Prefix?: string;
  readonly Suffix?: string;
  readonly Regex?: string;
  readonly Invert?: boolean;
};
export type QueryMatch = {
  readonly Name: string;
  readonly Present?: boolean;
  readonly Exact?: string;
  readonly Regex?: string;
};
export type HttpMatch = {
  readonly PathExact?: string;
  readonly PathPrefix?: string;
  readonly PathRegex?: string;
  readonly Header?: readonly HeaderMatch[];
  readonly QueryParam?: readonly QueryMatch[];
  readonly Methods?: readonly string[];
};
export type RouteDestination = {
  readonly RequestTimeout?: string;
  readonly Service?: string;
  readonly ServiceSubset?: string;
  readonly Namespace?: string;
  readonly PrefixRewrite?: string;
};
export type ServiceRoute = {
  readonly Match?: { readonly HTTP?: HttpMatch };
  readonly Destination?: RouteDestination;
};
export type ServiceRouter = { readonly Routes: readonly ServiceRoute[] | null };
export type IngressService = { readonly Name: string; readonly Hosts: readonly string[] | null };
export type IngressListener = {
  readonly Port: number;
  readonly Protocol: string;
  readonly Services: readonly IngressService[] | null;
};
export type IngressGateway = {
  readonly TLS: { readonly Enabled: boolean };
  readonly Listeners: readonly IngressListener[] | null;
};
export type LinkedService = {
  readonly Name: string;
  readonly CAFile?: string;
  readonly CertFile?: string;
  readonly KeyFile?: string;
  readonly SNI?: string;
};
export type TerminatingGateway = { readonly Services: readonly LinkedService[] | null };

type Fields = {
  readonly "service-defaults": ServiceDefaults;
  readonly "proxy-defaults": ProxyDefaults;
  readonly "service-router": ServiceRouter;
  readonly "service-splitter": ServiceSplitter;
  readonly "service-resolver": ServiceResolver;
  readonly "ingress-gateway": IngressGateway;
  readonly "terminating-gateway": TerminatingGateway;
};
export type ConfigKind = keyof Fields;
export type ConfigEntryOf<K extends ConfigKind> = { readonly Kind: K; readonly Name: string } & Fields[K];
export type ConfigEntry = { [K in ConfigKind]: ConfigEntryOf<K> }[ConfigKind];
export type StoredConfigEntry = ConfigEntry & { readonly CreateIndex: number; readonly ModifyIndex: number };

/** A service that a gateway is linked to, as /v1/catalog/gateway-services shows it. */
export type GatewayService = {
  readonly Gateway: { readonly Name: string };
  readonly Service: { readonly Name: string };
  readonly GatewayKind: "ingress-gateway" | "terminating-gateway";
  readonly Port?: number;
  readonly Protocol?: string;
  readonly Hosts?: readonly string[];
  readonly CAFile?: string;
  readonly CertFile?: string;
  readonly KeyFile?: string;
  readonly SNI?: string;
  readonly FromWildcard?: true;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
};

const text: Shape = { kind: "text" };
const flag: Shape = { kind: "flag" };
const texts: Shape = { kind: "list", of: text };

function always(name: string, shape: Shape): FieldShape {
  return { name, shape, shown: "always" };
}
function filled(name: string, shape: Shape): FieldShape {
  return { name, shape, shown: "filled" };
}
function struct(...fields: readonly FieldShape[]): Shape {
  return { kind: "struct", fields, absent: "empty" };
}
function pointer(...fields: readonly FieldShape[]): Shape {
  return { kind: "struct", fields, absent: "null" };
}
function list(of: Shape): Shape {
  return { kind: "list", of };
}
function entry(...fields: readonly FieldShape[]): Shape {
  return struct(...fields, filled("Meta", { kind: "map", of: text }));
}

const head = [always("Kind", text), always("Name", text)] as const;
const meshGateway = always(
  "MeshGateway",
  struct(filled("Mode", { kind: "text", type: "structs.MeshGatewayMode" })),
);
const exposePath = struct(
  filled("ListenerPort", { kind: "integer" }),
  filled("Path", text),
  filled("LocalPathPort", { kind: "integer" }),
  filled("Protocol", text),
  always("ParsedFromCheck", flag),
);
const expose = always("Expose", struct(filled("Checks", flag), filled("Paths", list(exposePath))));
const target = [filled("Service", text), filled("ServiceSubset", text), filled("Namespace", text)] as const;

const httpMatch = pointer(
  filled("PathExact", text),
  filled("PathPrefix", text),
  filled("PathRegex", text),
  filled(
    "Header",
    list(
      struct(
        always("Name", text),
        filled("Present", flag),
        filled("Exact", text),
        filled("Prefix", text),
        filled("Suffix", text),
        filled("Regex", text),
        filled("Invert", flag),
      ),
    ),
  ),
  filled(
    "QueryParam",
    list(struct(always("Name", text), filled("Present", flag), filled("Exact", text), filled("Regex", text))),
  ),
  filled("Methods", texts),
);
const destination = pointer(
  filled("RequestTimeout", { kind: "duration" }),
  ...target,
  filled("PrefixRewrite", text),
  filled("NumRetries", { kind: "count" }),
  filled("RetryOnConnectFailure", flag),
  filled("RetryOnStatusCodes", list({ kind: "count" })),
);

/** What each kind may say; the keys are the kinds that there are. */
export const configShapes: { readonly [K in ConfigKind]: Shape } = {
  "service-defaults": entry(
    ...head,
    always("Protocol", text),
    meshGateway,
    expose,
    filled("ExternalSNI", text),
  ),
  "proxy-defaults": entry(
    ...head,
    always("Config", { kind: "map", of: { kind: "open" } }),
    meshGateway,
    expose,
  ),
  "service-resolver": entry(
    filled("ConnectTimeout", { kind: "duration" }),
    ...head,
    filled("DefaultSubset", text),
    filled("Subsets", { kind: "map", of: struct(filled("Filter", text), filled("OnlyPassing", flag)) }),
    filled("Redirect", pointer(...target, filled("Datacenter", text))),
    filled("Failover", { kind: "map", of: struct(...target, filled("Datacenters", texts)) }),
  ),
  "service-splitter": entry(
    ...head,
    always("Splits", list(struct(always("Weight", { kind: "float" }), ...target))),
  ),
  "service-router": entry(
    ...head,
    always(
      "Routes",
      list(struct(filled("Match", pointer(filled("HTTP", httpMatch))), filled("Destination", destination))),
    ),
  ),
  "ingress-gateway": entry(
    ...head,
    always("TLS", struct(always("Enabled", flag))),
    always(
      "Listeners",
      list(
        struct(
          always("Port", { kind: "integer" }),
          always("Protocol", text),
          always("Services", list(struct(always("Name", text), always("Hosts", texts)))),
        ),
      ),
    ),
  ),
  "terminating-gateway": entry(
    ...head,
    always(
      "Services",
      list(
        struct(
          always("Name", text),
          filled("CAFile", text),
          filled("CertFile", text),
          filled("KeyFile", text),
          filled("SNI", text),
        ),
      ),
    ),
  ),
};

export function isConfigKind(kind: string): kind is ConfigKind {
  return Object.hasOwn(configShapes, kind);
}
