// /v1/config: every kind with its fields, validation, check-and-set, listing, both styles of names.

import { type Area, del, during, get, post, put, request, type Step, scenario } from "../steps.ts";
import { bodies, invalid } from "./config-bodies.ts";

/** A hash of the overrides that clients compare with itself only. */
const opaque = { ignore: [/"CustomizationHash": ?"\w+"/] };
/** Consul names the index of all kinds, we that of this kind (docs/divergence.md). */
const ofKind = { ignore: [/X-Consul-Index: \d+/] };
const write = (entry: object | string) => put("/v1/config", entry);

/** Written, read, listed and deleted. */
function made(kind: string, name: string, entry: object | string): Step[] {
  return [
    write(entry),
    get(`/v1/config/${kind}/${name}`, ofKind),
    get(`/v1/config/${kind}`, ofKind),
    del(`/v1/config/${kind}/${name}`),
  ];
}

const http = (name: string) => write({ Kind: "service-defaults", Name: name, Protocol: "http" });

const full = {
  defaults: {
    Kind: "service-defaults",
    Name: "web",
    Protocol: "http2",
    MeshGateway: { Mode: "local" },
    Expose: {
      Checks: true,
      Paths: [
        { Path: "/m", LocalPathPort: 8080, ListenerPort: 21500, Protocol: "http2", ParsedFromCheck: true },
      ],
    },
    ExternalSNI: "sni.example",
  },
  proxy: {
    Kind: "proxy-defaults",
    Name: "global",
    Config: { local_connect_timeout_ms: 1000, handshake_timeout_ms: 10000, nested: { a: [1, "b"] } },
    MeshGateway: { Mode: "remote" },
    Expose: { Checks: true },
  },
  resolver: {
    Kind: "service-resolver",
    Name: "web",
    DefaultSubset: "v1",
    ConnectTimeout: "15s",
    Subsets: {
      v1: { Filter: "Service.Meta.version == v1" },
      v2: { Filter: "Service.Meta.version == v2", OnlyPassing: true },
    },
    Failover: { "*": { Datacenters: ["dc3", "dc4"] }, v2: { Service: "other", ServiceSubset: "x" } },
  },
  redirect: {
    Kind: "service-resolver",
    Name: "web",
    Redirect: { Service: "other", ServiceSubset: "v2", Datacenter: "dc2" },
  },
  splitter: {
    Kind: "service-splitter",
    Name: "web",
    Splits: [
      { Weight: 90, ServiceSubset: "v1" },
      { Weight: 10, Service: "other" },
    ],
  },
  router: {
    Kind: "service-router",
    Name: "web",
    Routes: [
      {
        Match: {
          HTTP: {
            PathPrefix: "/a",
            Header: [
              { Name: "x", Exact: "y" },
              { Name: "p", Present: true, Invert: true },
            ],
            QueryParam: [{ Name: "q", Exact: "1" }],
            Methods: ["GET", "PUT"],
          },
        },
        Destination: {
          Service: "other",
          ServiceSubset: "",
          PrefixRewrite: "/b",
          RequestTimeout: "5s",
          NumRetries: 3,
          RetryOnConnectFailure: true,
          RetryOnStatusCodes: [500, 503],
        },
      },
      { Match: { HTTP: { PathExact: "/x" } } },
      { Match: { HTTP: { PathRegex: "^/r" } }, Destination: { Service: "third" } },
    ],
  },
  ingress: {
    Kind: "ingress-gateway",
    Name: "in",
    TLS: { Enabled: true },
    Listeners: [
      { Port: 8080, Protocol: "http", Services: [{ Name: "web", Hosts: ["a.example", "*.b.example"] }] },
      { Port: 9090, Protocol: "tcp", Services: [{ Name: "db" }] },
    ],
  },
  terminating: {
    Kind: "terminating-gateway",
    Name: "out",
    Services: [{ Name: "ext", CAFile: "/ca", CertFile: "/cert", KeyFile: "/key", SNI: "sni" }, { Name: "*" }],
  },
};

const snake = [
  '{"kind":"service-defaults","name":"s","protocol":"http","mesh_gateway":{"mode":"local"},"expose":{"checks":true,"paths":[{"path":"/m","local_path_port":8080,"listener_port":21500}]},"external_sni":"x"}',
  '{"kind":"service-resolver","name":"s","default_subset":"v1","connect_timeout":"15s","subsets":{"v1":{"filter":"","only_passing":true}},"failover":{"*":{"datacenters":["dc2"]}}}',
  '{"kind":"service-resolver","name":"s","redirect":{"service":"o","service_subset":"x","datacenter":"dc2"}}',
  '{"kind":"service-splitter","name":"s","splits":[{"weight":100,"service_subset":""}]}',
  '{"kind":"service-router","name":"s","routes":[{"match":{"http":{"path_prefix":"/a","query_param":[{"name":"q","exact":"1"}],"header":[{"name":"h","present":true}]}},"destination":{"service":"o","prefix_rewrite":"/b","request_timeout":"5s","num_retries":3,"retry_on_connect_failure":true,"retry_on_status_codes":[500]}}]}',
  '{"kind":"ingress-gateway","name":"s","tls":{"enabled":true},"listeners":[{"port":1,"protocol":"tcp","services":[{"name":"x"}]}]}',
  '{"kind":"terminating-gateway","name":"s","services":[{"name":"x","ca_file":"/a","cert_file":"/b","key_file":"/c","sni":"d"}]}',
  '{"kind":"proxy-defaults","name":"global","config":{"Local_Connect":1,"snake_case":{"CamelCase":2}},"mesh_gateway":{"mode":"none"}}',
];

export const config: Area = {
  name: "config",
  scenarios: [
    scenario(
      "bodies",
      ...bodies.flatMap((body) => [
        write(body),
        get("/v1/config/service-defaults", ofKind),
        get("/v1/config/proxy-defaults", ofKind),
        del("/v1/config/service-defaults/x"),
        del("/v1/config/proxy-defaults/global"),
      ]),
    ),
    scenario(
      "every kind in full",
      ...made("service-defaults", "web", full.defaults),
      ...made("proxy-defaults", "global", full.proxy),
      http("web"),
      http("other"),
      http("third"),
      write({ Kind: "service-resolver", Name: "other", Subsets: { x: {}, v2: {} } }),
      write(full.resolver),
      get("/v1/config/service-resolver/web", ofKind),
      write(full.splitter),
      get("/v1/config/service-splitter/web", ofKind),
      write(full.router),
      get("/v1/config/service-router/web", ofKind),
      get("/v1/discovery-chain/web"),
      write(full.ingress),
      get("/v1/config/ingress-gateway/in", ofKind),
      write(full.terminating),
      get("/v1/config/terminating-gateway/out", ofKind),
      get("/v1/catalog/gateway-services/in"),
      get("/v1/catalog/gateway-services/out"),
      del("/v1/config/service-resolver/web"),
      del("/v1/config/service-defaults/web"),
      del("/v1/config/service-router/web"),
      del("/v1/config/service-splitter/web"),
      del("/v1/config/service-resolver/web"),
      write(full.redirect),
      get("/v1/config/service-resolver/web", ofKind),
      get("/v1/discovery-chain/web"),
    ),
    scenario(
      "names in snake case",
      http("s"),
      http("o"),
      ...snake.flatMap((body) => {
        const { kind, name } = JSON.parse(body) as { kind: string; name: string };
        return made(kind, name, body);
      }),
    ),
    scenario(
      "validation",
      http("web"),
      http("other"),
      ...invalid.flatMap((entry) => {
        const { Kind, Name } = entry as { Kind: string; Name: string };
        return [write(entry), get(`/v1/config/${Kind}/${Name}`, ofKind), del(`/v1/config/${Kind}/${Name}`)];
      }),
    ),
    scenario(
      "check and set",
      put("/v1/config?cas=0", full.defaults),
      put("/v1/config?cas=0", full.defaults),
      get("/v1/config/service-defaults/web", { save: { ix: "$.ModifyIndex" } }),
      put("/v1/config?cas=${ix}", { ...full.defaults, Protocol: "grpc" }),
      put("/v1/config?cas=${ix}", { ...full.defaults, Protocol: "tcp" }),
      put("/v1/config?cas=x", full.defaults),
      put("/v1/config?cas=", full.defaults),
      put("/v1/config?cas=-1", full.defaults),
      put("/v1/config?cas=5", { Kind: "service-defaults", Name: "nope" }),
      get("/v1/config/service-defaults", ofKind),
      write({ Kind: "service-defaults", Name: "web", Protocol: "tcp" }),
      write({ Kind: "service-defaults", Name: "web", Protocol: "tcp" }),
      get("/v1/config/service-defaults/web", ofKind),
    ),
    scenario(
      "reading",
      ...[
        "",
        "/",
        "/service-defaults",
        "/service-defaults/nope",
        "/bogus",
        "/bogus/x",
        "/service-defaults/a/b",
        "/proxy-defaults/global",
        "/SERVICE-DEFAULTS",
      ].flatMap((path) => [get(`/v1/config${path}`, ofKind), del(`/v1/config${path}`)]),
      write({ Kind: "service-defaults", Name: "b" }),
      write({ Kind: "service-defaults", Name: "a", Protocol: "http" }),
      write({ Kind: "service-defaults", Name: "B" }),
      write({ Kind: "service-defaults", Name: "a/b c" }),
      get("/v1/config/service-defaults", ofKind),
      get("/v1/config/service-defaults/a%2Fb%20c", ofKind),
      get("/v1/config/service-defaults/A", ofKind),
      ...[
        "stale",
        "consistent",
        "stale&consistent",
        "index=x",
        "wait=x",
        "dc=nope",
        "dc=dc1",
        "cached",
        "filter=Name==a",
        "index=1",
        "pretty",
        "ns=team",
      ].flatMap((query) => [
        get(`/v1/config/service-defaults?${query}`, ofKind),
        get(`/v1/config/service-defaults/a?${query}`, ofKind),
        get(`/v1/config/service-defaults/nope?${query}`, ofKind),
        put(`/v1/config?${query}`, { Kind: "service-defaults", Name: "w" }),
        del(`/v1/config/service-defaults/w?${query}`),
      ]),
      ...["POST", "PATCH", "OPTIONS", "HEAD", "DELETE"].flatMap((verb) => [
        request(verb, "/v1/config"),
        request(verb, "/v1/config/service-defaults/a"),
        request(verb, "/v1/config/"),
      ]),
      put("/v1/config/service-defaults/a", {}),
      del("/v1/config/service-defaults/nope"),
      get("/v1/config/service-defaults", ofKind),
    ),
    scenario(
      "waiting",
      write({ Kind: "service-defaults", Name: "a" }),
      get("/v1/config/service-defaults/a", { save: { ix: "header:X-Consul-Index" } }),
      during(
        get("/v1/config/service-defaults/a?index=${ix}&wait=20s", ofKind),
        write({ Kind: "service-defaults", Name: "a", Protocol: "http" }),
      ),
      get("/v1/config/service-defaults", { save: { ix: "header:X-Consul-Index" } }),
      during(
        get("/v1/config/service-defaults?index=${ix}&wait=20s", ofKind),
        write({ Kind: "service-defaults", Name: "b" }),
      ),
      get("/v1/config/service-defaults/nope", { save: { ix: "header:X-Consul-Index" } }),
    ),
    scenario(
      "references that would break",
      http("web"),
      http("other"),
      write({ Kind: "service-resolver", Name: "web", Subsets: { v1: {} } }),
      write({ Kind: "service-splitter", Name: "web", Splits: [{ Weight: 100, ServiceSubset: "v1" }] }),
      write({ Kind: "service-resolver", Name: "web" }),
      write({ Kind: "service-defaults", Name: "web", Protocol: "tcp" }),
      del("/v1/config/service-resolver/web"),
      del("/v1/config/service-defaults/web"),
      write({
        Kind: "service-router",
        Name: "web",
        Routes: [{ Match: { HTTP: { PathPrefix: "/" } }, Destination: { Service: "other" } }],
      }),
      write({ Kind: "service-defaults", Name: "other", Protocol: "tcp" }),
      del("/v1/config/service-defaults/other"),
      write({ Kind: "service-resolver", Name: "other", Redirect: { Service: "web" } }),
      write({ Kind: "service-resolver", Name: "web", Redirect: { Service: "other" } }),
      write({ Kind: "proxy-defaults", Name: "global", Config: { protocol: "http" } }),
      del("/v1/config/service-defaults/other"),
      del("/v1/config/proxy-defaults/global", { ignore: [/discovery chain[\s\S]*/] }),
      write(full.ingress),
      write({ Kind: "service-defaults", Name: "web", Protocol: "grpc" }),
    ),
    scenario(
      "discovery chains",
      ...[
        "web",
        "",
        "a/b",
        "nope?dc=nope",
        "web?compile-dc=dc2",
        "web?compile-dc=",
        "web?cached",
        "web?cached",
        "web?stale&consistent",
        "web?index=x",
        "web?evaluate-in-datacenter=x",
      ].map((name) => get(`/v1/discovery-chain/${name}`)),
      get("/v1/discovery-chain"),
      ...[
        '{"OverrideProtocol":"http"}',
        '{"OverrideConnectTimeout":"7s"}',
        '{"OverrideMeshGateway":{"Mode":"local"}}',
        "{}",
        "",
        "null",
        "{",
        '{"OverrideConnectTimeout":5}',
        '{"OverrideConnectTimeout":"x"}',
        '{"override_protocol":"grpc"}',
        '{"Bogus":1}',
        '{"OverrideProtocol":1}',
        '{"OverrideMeshGateway":{"Mode":"bogus"}}',
      ].map((body) => post("/v1/discovery-chain/web", body, opaque)),
      put("/v1/discovery-chain/web", "{}"),
      del("/v1/discovery-chain/web"),
      request("OPTIONS", "/v1/discovery-chain/web"),
      http("web"),
      http("other"),
      write({
        Kind: "service-resolver",
        Name: "other",
        Subsets: { x: { OnlyPassing: true }, v2: {} },
        ConnectTimeout: "33s",
      }),
      write(full.resolver),
      get("/v1/discovery-chain/web"),
      get("/v1/discovery-chain/other?compile-dc=dc9"),
      write(full.splitter),
      get("/v1/discovery-chain/web"),
      write(full.router),
      get("/v1/discovery-chain/web"),
      post("/v1/discovery-chain/web", { OverrideProtocol: "tcp" }, opaque),
      post(
        "/v1/discovery-chain/web",
        {
          OverrideProtocol: "grpc",
          OverrideConnectTimeout: "1s",
          OverrideMeshGateway: { Mode: "remote" },
        },
        opaque,
      ),
      write(full.proxy),
      get("/v1/discovery-chain/web"),
      get("/v1/discovery-chain/none"),
      write({
        Kind: "service-defaults",
        Name: "ext",
        ExternalSNI: "x.example",
        MeshGateway: { Mode: "local" },
      }),
      get("/v1/discovery-chain/ext"),
    ),
  ],
};
