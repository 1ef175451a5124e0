// /v1/operator, /v1/status, /v1/coordinate and /v1/snapshot.

import { type Area, del, get, pause, post, put, request, scenario } from "../steps.ts";

const autopilot = (body: string | object, query = "") =>
  put(`/v1/operator/autopilot/configuration${query}`, body);
const key = "pUqJrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s=";
const other = "CAqKrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s=";

const settings = [
  "",
  "null",
  "{}",
  "[]",
  "{",
  "x",
  '{"Bogus":1}',
  '{"CleanupDeadServers":false}',
  '{"CleanupDeadServers":"x"}',
  '{"LastContactThreshold":"1s"}',
  '{"LastContactThreshold":"x"}',
  '{"LastContactThreshold":5}',
  '{"LastContactThreshold":"-1s"}',
  '{"LastContactThreshold":""}',
  '{"MaxTrailingLogs":5}',
  '{"MaxTrailingLogs":-1}',
  '{"MaxTrailingLogs":"5"}',
  '{"MinQuorum":3}',
  '{"MinQuorum":-3}',
  '{"ServerStabilizationTime":"1m"}',
  '{"ServerStabilizationTime":"abc"}',
  '{"RedundancyZoneTag":"z"}',
  '{"DisableUpgradeMigration":true}',
  '{"UpgradeVersionTag":"v"}',
  '{"cleanup_dead_servers":true}',
  '{"CreateIndex":5,"ModifyIndex":6}',
  '{"CleanupDeadServers":true} x',
  '{"CleanupDeadServers":true,"LastContactThreshold":"200ms","MaxTrailingLogs":250,"MinQuorum":0,"ServerStabilizationTime":"10s","RedundancyZoneTag":"","DisableUpgradeMigration":false,"UpgradeVersionTag":""}',
];

export const operator: Area = {
  name: "operator",
  scenarios: [
    scenario(
      "raft",
      get("/v1/operator/raft/configuration"),
      ...["stale", "consistent", "stale&consistent", "dc=nope", "dc=dc1", "index=x", "index=1", "cached"].map(
        (query) => get(`/v1/operator/raft/configuration?${query}`),
      ),
      del("/v1/operator/raft/peer"),
      del("/v1/operator/raft/peer?address=1.2.3.4:5"),
      del("/v1/operator/raft/peer?address=x"),
      del("/v1/operator/raft/peer?address="),
      del("/v1/operator/raft/peer?id="),
      del("/v1/operator/raft/peer?id=nope"),
      del("/v1/operator/raft/peer?id=nope&address=1.2.3.4:5"),
      del("/v1/operator/raft/peer?id=nope&stale"),
      del("/v1/operator/raft/peer?id=nope&dc=nope"),
      get("/v1/operator/raft/peer"),
      put("/v1/operator/raft/configuration"),
      get("/v1/operator/raft"),
      get("/v1/operator/"),
      get("/v1/operator/usage"),
      ...["area", "license", "segment", "audit-hash"].map((path) => get(`/v1/operator/${path}`)),
      request("OPTIONS", "/v1/operator/raft/peer"),
      request("OPTIONS", "/v1/operator/raft/configuration"),
      request("OPTIONS", "/v1/operator/autopilot/configuration"),
      request("OPTIONS", "/v1/operator/keyring"),
      request("OPTIONS", "/v1/operator/autopilot/health"),
    ),
    scenario(
      "autopilot",
      ...settings.flatMap((body) => [autopilot(body), get("/v1/operator/autopilot/configuration")]),
      autopilot("{}", "?cas=0"),
      autopilot("{}", "?cas=1"),
      autopilot("{}", "?cas=x"),
      autopilot("{}", "?cas="),
      autopilot("{}", "?dc=nope"),
      get("/v1/operator/autopilot/configuration", { save: { ix: "$.ModifyIndex" } }),
      autopilot(
        {
          CleanupDeadServers: true,
          LastContactThreshold: "200ms",
          MaxTrailingLogs: 250,
          ServerStabilizationTime: "10s",
        },
        "?cas=${ix}",
      ),
      autopilot({ CleanupDeadServers: true }, "?cas=${ix}"),
      get("/v1/operator/autopilot/configuration"),
      ...["stale", "stale&consistent", "dc=nope", "index=x"].map((query) =>
        get(`/v1/operator/autopilot/configuration?${query}`),
      ),
      ...["stale&consistent", "dc=nope"].map((query) => get(`/v1/operator/autopilot/health?${query}`)),
      del("/v1/operator/autopilot/configuration"),
      post("/v1/operator/autopilot/health"),
      autopilot({
        CleanupDeadServers: true,
        LastContactThreshold: "200ms",
        MaxTrailingLogs: 250,
        ServerStabilizationTime: "10s",
      }),
      pause(2500),
      get("/v1/operator/autopilot/health", {
        ignore: [/"(LastContact|StableSince|LastIndex|LastTerm)": ?("[^"]*"|\d+)/g],
      }),
    ),
    scenario(
      "keyring that is off",
      get("/v1/operator/keyring"),
      get("/v1/operator/keyring?relay-factor=6"),
      get("/v1/operator/keyring?relay-factor=-1"),
      get("/v1/operator/keyring?relay-factor=x"),
      get("/v1/operator/keyring?relay-factor="),
      get("/v1/operator/keyring?relay-factor=5"),
      get("/v1/operator/keyring?local-only=true"),
      get("/v1/operator/keyring?local-only=x"),
      get("/v1/operator/keyring?local-only"),
      get("/v1/operator/keyring?local-only="),
      get("/v1/operator/keyring?dc=nope"),
      ...["POST", "PUT", "DELETE"].flatMap((verb) => [
        request(verb, "/v1/operator/keyring"),
        request(verb, "/v1/operator/keyring", { Key: key }),
        request(verb, "/v1/operator/keyring", "{"),
        request(verb, "/v1/operator/keyring", { Key: 1 }),
        request(verb, "/v1/operator/keyring", {}),
        request(verb, "/v1/operator/keyring?local-only=true", { Key: key }),
        request(verb, "/v1/operator/keyring", { Bogus: 1 }),
      ]),
      request("PATCH", "/v1/operator/keyring"),
    ),
  ],
};

export const keyring: Area = {
  name: "keyring",
  config: { encrypt: key },
  scenarios: [
    scenario(
      "life of a key",
      get("/v1/operator/keyring"),
      get("/v1/operator/keyring?local-only=true"),
      get("/v1/operator/keyring?relay-factor=3"),
      put("/v1/operator/keyring", { Key: other }),
      post("/v1/operator/keyring", { Key: other }),
      post("/v1/operator/keyring", { Key: other }),
      get("/v1/operator/keyring", { ignore: [/"[\w+/]+=": 1,?/g] }),
      put("/v1/operator/keyring", { Key: other }),
      del("/v1/operator/keyring"),
      request("DELETE", "/v1/operator/keyring", { Key: other }),
      request("DELETE", "/v1/operator/keyring", { Key: key }),
      request("DELETE", "/v1/operator/keyring", { Key: key }),
      get("/v1/operator/keyring"),
      post("/v1/operator/keyring", { Key: "short" }),
      post("/v1/operator/keyring", { Key: "c2hvcnQ=" }),
      post("/v1/operator/keyring", { Key: "" }),
      post("/v1/operator/keyring", { Key: "***" }),
      put("/v1/operator/keyring", { Key: key }),
      put("/v1/operator/keyring", { Key: "c2hvcnQ=" }),
      request("DELETE", "/v1/operator/keyring", { Key: "c2hvcnQ=" }),
      get("/v1/operator/keyring"),
    ),
  ],
};

const coord = { Vec: [0, 0, 0, 0, 0, 0, 0, 0], Error: 1.5, Adjustment: 0, Height: 0.00001 };
const masked = { ignore: [/"(Error|Adjustment|Height)": .*/g, /"Vec": \[[^\]]*\]/g] };
const updates = [
  "",
  "null",
  "{}",
  "[]",
  "{",
  '{"Node":"dev"}',
  '{"Node":"nope","Coord":null}',
  '{"Node":1}',
  '{"Bogus":1}',
  '{"Node":"dev","Coord":{"Vec":[1,2]}}',
  '{"Node":"dev","Coord":{"Vec":["x"]}}',
  '{"Node":"dev","Coord":{"Vec":[0,0,0,0,0,0,0,0],"Error":"x"}}',
  '{"Node":"dev","Segment":"x","Coord":{"Vec":[0,0,0,0,0,0,0,0]}}',
  '{"Coord":{"Vec":[0,0,0,0,0,0,0,0]}}',
  '{"Node":"dev","Datacenter":"nope","Coord":{"Vec":[0,0,0,0,0,0,0,0]}}',
];

export const coordinate: Area = {
  name: "coordinate",
  scenarios: [
    scenario(
      "reading",
      get("/v1/coordinate/datacenters", masked),
      ...[
        "",
        "?stale",
        "?consistent",
        "?stale&consistent",
        "?index=x",
        "?dc=nope",
        "?segment=",
        "?segment=x",
        "?cached",
      ].flatMap((query) => [
        get(`/v1/coordinate/node/nope${query}`),
        get(`/v1/coordinate/nodes${query}`, { ignore: [/[\s\S]*/] }),
      ]),
      get("/v1/coordinate/node/"),
      get("/v1/coordinate/node"),
      get("/v1/coordinate/datacenters?dc=nope", masked),
      get("/v1/coordinate/datacenters?stale&consistent", masked),
      get("/v1/coordinate/"),
      put("/v1/coordinate/nodes"),
      post("/v1/coordinate/update"),
      get("/v1/coordinate/update"),
      request("OPTIONS", "/v1/coordinate/update"),
    ),
    scenario(
      "updates",
      ...updates.map((body) => put("/v1/coordinate/update", body)),
      put("/v1/coordinate/update?dc=nope", { Node: "dev", Coord: coord }),
    ),
    scenario(
      "of a node",
      put("/v1/catalog/register", { Node: "x", Address: "10.0.0.1" }),
      put("/v1/coordinate/update", { Node: "x", Coord: { ...coord, Height: 0.5 } }),
      pause(6000),
      get("/v1/coordinate/node/x"),
      get("/v1/coordinate/node/X"),
      get("/v1/coordinate/node/x?segment=y"),
      get("/v1/catalog/nodes?near=x", { ignore: [/[\s\S]*/] }),
      put("/v1/catalog/deregister", { Node: "x" }),
      get("/v1/coordinate/node/x"),
    ),
  ],
};

export const status: Area = {
  name: "status",
  scenarios: [
    scenario(
      "reading",
      ...["leader", "peers"].flatMap((name) =>
        ["", "?stale", "?stale&consistent", "?dc=nope", "?dc=dc1", "?pretty", "?index=x", "?cached"].map(
          (query) => get(`/v1/status/${name}${query}`),
        ),
      ),
      put("/v1/status/leader"),
      post("/v1/status/peers"),
      request("OPTIONS", "/v1/status/peers"),
      get("/v1/status"),
      get("/v1/status/leader/"),
    ),
  ],
};

export const snapshot: Area = {
  name: "snapshot",
  scenarios: [
    scenario(
      "bad ones",
      put("/v1/snapshot", ""),
      put("/v1/snapshot", "junk"),
      put("/v1/snapshot", new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])),
      // An empty archive: Consul names the one missing file or the other, as Go walks its map.
      put(
        "/v1/snapshot",
        new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        {
          ignore: [/"(state\.bin|meta\.json|SHA256SUMS)"/],
        },
      ),
      put("/v1/snapshot?dc=nope", "junk"),
      put("/v1/snapshot?stale", "junk"),
      get("/v1/snapshot?dc=nope"),
      get("/v1/snapshot?stale&consistent", { ignore: [/[\s\S]*/] }),
      get("/v1/snapshot?index=x", { ignore: [/[\s\S]*/] }),
      post("/v1/snapshot", "junk"),
      del("/v1/snapshot"),
      request("OPTIONS", "/v1/snapshot"),
      get("/v1/snapshot/x"),
      put("/v1/kv/a", "1"),
      get("/v1/kv/a"),
    ),
    scenario(
      "taken",
      ...["", "?stale", "?consistent"].map((query) => get(`/v1/snapshot${query}`, { ignore: [/[\s\S]*/] })),
    ),
  ],
};
