// What a filter may ask of a row: the fields of each endpoint's rows and the operators that each kind of field has.
// Found out by asking Consul 1.8.7 for every field with every operator (consul-surface B4).

import type { MatchOperator } from "./expression.ts";

export type Field =
  | { readonly kind: "text" | "integer" | "boolean" | "texts" }
  /** Any key; the values are of one kind. */
  | { readonly kind: "map"; readonly values: Field }
  | { readonly kind: "struct"; readonly fields: Fields }
  /** A list of structs: a selector that goes on behind it asks for any element. */
  | { readonly kind: "list"; readonly fields: Fields };

export type Fields = Readonly<Record<string, Field>>;

const equality = ["Equal", "Not Equal"] as const;
const emptiness = ["Is Empty", "Is Not Empty"] as const;
const membership = ["In", "Not In"] as const;

/** The operators of each kind of field. */
export const operatorsOf: { readonly [K in Field["kind"]]: readonly MatchOperator[] } = {
  text: [...equality, ...membership, "Matches", "Not Matches"],
  integer: equality,
  boolean: equality,
  texts: [...emptiness, ...membership],
  map: [...emptiness, ...membership],
  struct: [],
  list: emptiness,
};

const text: Field = { kind: "text" };
const integer: Field = { kind: "integer" };
const boolean: Field = { kind: "boolean" };
const texts: Field = { kind: "texts" };
const textMap: Field = { kind: "map", values: text };
const struct = (fields: Fields): Field => ({ kind: "struct", fields });
const list = (fields: Fields): Field => ({ kind: "list", fields });

const weights = struct({ Passing: integer, Warning: integer });
const connect = struct({ Native: boolean });
const taggedServiceAddresses: Field = { kind: "map", values: struct({ Address: text, Port: integer }) };
const meshGateway = struct({ Mode: text });
const proxy = struct({
  DestinationServiceID: text,
  DestinationServiceName: text,
  LocalServiceAddress: text,
  LocalServicePort: integer,
  MeshGateway: meshGateway,
  Upstreams: list({
    DestinationType: text,
    DestinationNamespace: text,
    DestinationName: text,
    Datacenter: text,
    LocalBindAddress: text,
    LocalBindPort: integer,
    MeshGateway: meshGateway,
  }),
  Expose: struct({
    Checks: boolean,
    Paths: list({
      ListenerPort: integer,
      Path: text,
      LocalPathPort: integer,
      Protocol: text,
      ParsedFromCheck: boolean,
    }),
  }),
});

/** /v1/catalog/nodes */
export const nodeFields: Fields = {
  ID: text,
  Node: text,
  Address: text,
  Datacenter: text,
  TaggedAddresses: textMap,
  Meta: textMap,
};

/** /v1/catalog/service/:service, /v1/catalog/connect/:service */
export const serviceNodeFields: Fields = {
  ID: text,
  Node: text,
  Address: text,
  Datacenter: text,
  TaggedAddresses: textMap,
  NodeMeta: textMap,
  ServiceKind: text,
  ServiceID: text,
  ServiceName: text,
  ServiceTags: texts,
  ServiceAddress: text,
  ServiceTaggedAddresses: taggedServiceAddresses,
  ServiceWeights: weights,
  ServiceMeta: textMap,
  ServicePort: integer,
  ServiceEnableTagOverride: boolean,
  ServiceProxy: proxy,
  ServiceConnect: connect,
};

/** /v1/catalog/node/:node, /v1/catalog/node-services/:node, /v1/agent/services */
export const nodeServiceFields: Fields = {
  Kind: text,
  ID: text,
  Service: text,
  Tags: texts,
  Address: text,
  TaggedAddresses: taggedServiceAddresses,
  Meta: textMap,
  Port: integer,
  Weights: weights,
  EnableTagOverride: boolean,
  Proxy: proxy,
  Connect: connect,
};

/** /v1/health/node/:node, checks/:service, state/:state, and /v1/agent/checks */
export const healthCheckFields: Fields = {
  Node: text,
  CheckID: text,
  Name: text,
  Status: text,
  Notes: text,
  Output: text,
  ServiceID: text,
  ServiceName: text,
  ServiceTags: texts,
  Type: text,
};

/** /v1/health/service/:service, connect/:service, ingress/:service, and /v1/internal/ui/services */
export const checkServiceNodeFields: Fields = {
  Node: struct(nodeFields),
  Service: struct(nodeServiceFields),
  Checks: list(healthCheckFields),
};

/** /v1/internal/ui/nodes */
export const nodeInfoFields: Fields = {
  ID: text,
  Node: text,
  Address: text,
  TaggedAddresses: textMap,
  Meta: textMap,
  Services: list(nodeServiceFields),
  Checks: list(healthCheckFields),
};

/** /v1/connect/intentions */
export const intentionFields: Fields = {
  ID: text,
  Description: text,
  SourceNS: text,
  SourceName: text,
  DestinationNS: text,
  DestinationName: text,
  SourceType: text,
  Action: text,
  DefaultAddr: text,
  DefaultPort: integer,
  Meta: textMap,
  Precedence: integer,
};
