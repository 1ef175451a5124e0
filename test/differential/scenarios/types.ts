// Every field of every body with every type of value: what is decoded, and the texts of what is not.

import { type Area, type HttpStep, post, put, scenario, type Step } from "../steps.ts";

const wrong: readonly unknown[] = [
  null,
  true,
  0,
  1,
  -1,
  1.5,
  1e20,
  "",
  "x",
  "1",
  "10s",
  "true",
  [],
  ["x"],
  [1],
  [null],
  [{}],
  {},
  { a: "b" },
  { a: 1 },
];

type Body = Readonly<Record<string, unknown>>;

/** The body with one field, named by its path ("A.B", "List.0.C"), set to something else. */
function withField(body: Body, path: string, value: unknown): unknown {
  const copy = structuredClone(body) as Record<string, unknown>;
  const parts = path.split(".");
  const last = parts.pop() ?? "";
  let at: Record<string, unknown> = copy;
  for (const part of parts) at = at[part] as Record<string, unknown>;
  at[last] = value;
  return copy;
}

function each(
  send: (body: object) => HttpStep,
  body: Body,
  paths: string,
  after: readonly Step[] = [],
): Step[] {
  return paths
    .split(" ")
    .flatMap((path) => wrong.flatMap((value) => [send(withField(body, path, value) as object), ...after]));
}

const txn = (operation: object) => put("/v1/txn", [operation], { ignore: [/"(Create|Modify)Index": ?\d+/g] });
const query = (body: object) => post("/v1/query", body, { save: { q: "$.ID" } });
const config = (body: object) => put("/v1/config", body);

export const types: Area = {
  name: "types",
  scenarios: [
    scenario(
      "session",
      ...each(
        (body) => put("/v1/session/create", body),
        { LockDelay: "0s" },
        "LockDelay Node Name Checks NodeChecks ServiceChecks Behavior TTL ID CreateIndex ModifyIndex Datacenter Bogus",
      ),
    ),
    scenario(
      "transactions",
      ...each(
        txn,
        { KV: { Verb: "get", Key: "a" } },
        "KV KV.Verb KV.Key KV.Flags KV.Index KV.Session KV.Namespace KV.Bogus Bogus Node Service Check",
      ),
      ...each(
        txn,
        { Node: { Verb: "get", Node: { Node: "dev" } } },
        "Node Node.Verb Node.Node Node.Node.ID Node.Node.Node Node.Node.Address Node.Node.Datacenter Node.Node.Meta Node.Node.TaggedAddresses Node.Node.CreateIndex Node.Node.ModifyIndex Node.Node.Bogus Node.Bogus",
      ),
      ...each(
        txn,
        { Service: { Verb: "get", Node: "dev", Service: { ID: "consul" } } },
        "Service Service.Verb Service.Node Service.Service Service.Service.ID Service.Service.Service Service.Service.Tags Service.Service.Meta Service.Service.Port Service.Service.Address Service.Service.Weights Service.Service.TaggedAddresses Service.Service.EnableTagOverride Service.Service.Kind Service.Service.Proxy Service.Service.Connect Service.Service.CreateIndex Service.Service.ContentHash Service.Service.Bogus",
      ),
      ...each(
        txn,
        { Check: { Verb: "get", Check: { Node: "dev", CheckID: "serfHealth" } } },
        "Check Check.Verb Check.Check Check.Check.Node Check.Check.CheckID Check.Check.Name Check.Check.Status Check.Check.Notes Check.Check.Output Check.Check.ServiceID Check.Check.ServiceName Check.Check.ServiceTags Check.Check.Type Check.Check.Definition Check.Check.CreateIndex Check.Check.Bogus",
      ),
    ),
    scenario(
      "prepared queries",
      ...each(
        query,
        { Name: "", Template: {}, DNS: {}, Service: { Service: "web", Failover: {} } },
        "ID Name Session Token Template Template.Type Template.Regexp Template.RemoveEmptyTags Service Service.Service Service.Failover Service.Failover.NearestN Service.Failover.Datacenters Service.OnlyPassing Service.IgnoreCheckIDs Service.Near Service.Tags Service.NodeMeta Service.ServiceMeta Service.Connect DNS DNS.TTL CreateIndex ModifyIndex Bogus",
      ),
    ),
    scenario(
      "coordinates and autopilot",
      ...each(
        (body) => put("/v1/coordinate/update", body),
        {
          Node: "nope",
          Coord: { Vec: [0, 0, 0, 0, 0, 0, 0, 0], Error: 1.5, Adjustment: 0, Height: 0.00001 },
        },
        "Node Segment Coord Coord.Vec Coord.Error Coord.Adjustment Coord.Height Coord.Bogus Bogus",
      ),
      ...each(
        (body) => put("/v1/operator/autopilot/configuration?cas=999999", body),
        {},
        "CleanupDeadServers LastContactThreshold MaxTrailingLogs MinQuorum ServerStabilizationTime RedundancyZoneTag DisableUpgradeMigration UpgradeVersionTag CreateIndex ModifyIndex Bogus",
      ),
    ),
    scenario(
      "configuration entries",
      ...each(
        config,
        { Kind: "service-defaults", Name: "", MeshGateway: {}, Expose: { Paths: [{}] } },
        "Kind Name Protocol MeshGateway MeshGateway.Mode Expose Expose.Checks Expose.Paths Expose.Paths.0 Expose.Paths.0.Path Expose.Paths.0.LocalPathPort ExternalSNI CreateIndex Bogus",
      ),
      ...each(config, { Kind: "proxy-defaults", Name: "" }, "Name Config MeshGateway Expose Bogus"),
      ...each(
        config,
        { Kind: "service-splitter", Name: "", Splits: [{}] },
        "Name Splits Splits.0 Splits.0.Weight Splits.0.Service Splits.0.ServiceSubset Splits.0.Namespace Splits.0.Bogus",
      ),
      ...each(
        config,
        { Kind: "service-resolver", Name: "", Subsets: { v1: {} }, Redirect: {}, Failover: { "*": {} } },
        "DefaultSubset Subsets Subsets.v1 Subsets.v1.Filter Subsets.v1.OnlyPassing Redirect Redirect.Service Redirect.Datacenter Failover Failover.* Failover.*.Service Failover.*.Datacenters ConnectTimeout Bogus",
      ),
      ...each(
        config,
        {
          Kind: "service-router",
          Name: "",
          Routes: [{ Match: { HTTP: { Header: [{}], QueryParam: [{}] } }, Destination: {} }],
        },
        "Routes Routes.0 Routes.0.Match Routes.0.Match.HTTP Routes.0.Match.HTTP.PathExact Routes.0.Match.HTTP.Header Routes.0.Match.HTTP.Header.0 Routes.0.Match.HTTP.Header.0.Present Routes.0.Match.HTTP.QueryParam Routes.0.Match.HTTP.Methods Routes.0.Destination Routes.0.Destination.RequestTimeout Routes.0.Destination.NumRetries Routes.0.Destination.RetryOnStatusCodes Routes.0.Destination.RetryOnConnectFailure",
      ),
      ...each(
        config,
        { Kind: "ingress-gateway", Name: "", TLS: {}, Listeners: [{ Services: [{}] }] },
        "TLS TLS.Enabled Listeners Listeners.0 Listeners.0.Protocol Listeners.0.Services Listeners.0.Services.0 Listeners.0.Services.0.Name Listeners.0.Services.0.Hosts",
      ),
      ...each(
        config,
        { Kind: "terminating-gateway", Name: "", Services: [{}] },
        "Services Services.0 Services.0.Name Services.0.CAFile Services.0.SNI",
      ),
    ),
    scenario(
      "overrides of discovery chains",
      ...each(
        (body) =>
          post("/v1/discovery-chain/web", body, {
            ignore: [/X-Consul-Index: \d+/, /"CustomizationHash": "\w+"/],
          }),
        { OverrideMeshGateway: {} },
        "OverrideProtocol OverrideConnectTimeout OverrideMeshGateway OverrideMeshGateway.Mode Bogus",
      ),
    ),
  ],
};
