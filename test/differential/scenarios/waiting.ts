// Blocking queries outside of the KV store: sessions, prepared queries, coordinates, chains; and sessions that expire.

import { type Area, awaited, del, during, get, pause, post, put, type Step, scenario } from "../steps.ts";

const create = (body: object, name = "s") => put("/v1/session/create", body, { save: { [name]: "$.ID" } });
const indexOf = (path: string): Step => get(path, { unordered: true, save: { ix: "header:X-Consul-Index" } });

export const waiting: Area = {
  name: "waiting",
  scenarios: [
    scenario(
      "for sessions",
      indexOf("/v1/session/list"),
      during(get("/v1/session/list?index=${ix}&wait=20s"), create({ LockDelay: "0s" })),
      indexOf("/v1/session/list"),
      during(get("/v1/session/list?index=${ix}&wait=1s"), put("/v1/session/renew/${s}")),
      during(get("/v1/session/list?index=${ix}&wait=20s"), put("/v1/session/destroy/${s}")),
      create({ LockDelay: "0s" }),
      get("/v1/session/info/${s}", { save: { ix: "header:X-Consul-Index" } }),
      during(get("/v1/session/info/${s}?index=${ix}&wait=20s"), put("/v1/session/destroy/${s}")),
      indexOf("/v1/session/node/dev"),
      during(get("/v1/session/node/dev?index=${ix}&wait=20s"), create({ LockDelay: "0s" })),
    ),
    scenario(
      "for prepared queries",
      post("/v1/query", { Name: "q", Service: { Service: "web" } }, { save: { q: "$.ID" } }),
      indexOf("/v1/query"),
      during(
        get("/v1/query?index=${ix}&wait=20s"),
        put("/v1/query/${q}", { Name: "q2", Service: { Service: "web" } }),
      ),
      get("/v1/query/${q}", { save: { ix: "header:X-Consul-Index" } }),
      during(
        get("/v1/query/${q}?index=${ix}&wait=20s"),
        put("/v1/query/${q}", { Name: "q3", Service: { Service: "web" } }),
      ),
      get("/v1/query/${q}", { save: { ix: "header:X-Consul-Index" } }),
      during(get("/v1/query/${q}?index=${ix}&wait=20s"), del("/v1/query/${q}")),
      get("/v1/query/q3/execute?index=1&wait=1s"),
    ),
    scenario(
      "for a discovery chain",
      get("/v1/discovery-chain/web", { save: { ix: "header:X-Consul-Index" } }),
      during(
        get("/v1/discovery-chain/web?index=${ix}&wait=20s", { ignore: [/X-Consul-Index: \d+/] }),
        put("/v1/config", { Kind: "service-defaults", Name: "web", Protocol: "http" }),
      ),
    ),
    scenario(
      "malformed parameters",
      ...[
        "session/list",
        "session/node/dev",
        "query",
        "coordinate/nodes",
        "coordinate/node/x",
        "discovery-chain/web",
        "config/service-defaults",
      ].flatMap((path) =>
        [
          "index=-1",
          "index=x",
          "wait=x",
          "wait=5",
          "stale&consistent",
          "index=1&wait=-1s",
          "max_stale=x",
        ].map((query) =>
          get(`/v1/${path}?${query}`, { ignore: [/X-Consul-Index: \d+/, /^\[[\s\S]*\]\n?$/] }),
        ),
      ),
    ),
  ],
};

export const expiry: Area = {
  name: "expiry",
  config: { session_ttl_min: "1s" },
  scenarios: [
    scenario(
      "sessions that nobody renews",
      create({ TTL: "1s", LockDelay: "0s" }, "s"),
      create({ TTL: "1s", LockDelay: "0s", Behavior: "delete" }, "t"),
      put("/v1/kv/r?acquire=${s}", "1"),
      put("/v1/kv/d?acquire=${t}", "1"),
      create({ TTL: "900ms" }),
      awaited(get("/v1/session/list"), /\n\[\]/, 15_000),
      get("/v1/session/info/${s}", { ignore: [/X-Consul-Index: \d+/] }),
      put("/v1/session/renew/${s}"),
      get("/v1/kv/r", { ignore: [/X-Consul-Index: \d+/, /"ModifyIndex": ?\d+/] }),
      get("/v1/kv/d", { ignore: [/X-Consul-Index: \d+/] }),
    ),
    scenario(
      "a lock delay after an expiry",
      create({ TTL: "1s", LockDelay: "1s" }, "s"),
      create({ LockDelay: "0s" }, "t"),
      put("/v1/kv/a?acquire=${s}", "1"),
      awaited(get("/v1/kv/a"), /"ModifyIndex": ?\d+\n? *\}/, 1_000),
      pause(4_500),
      put("/v1/kv/a?acquire=${t}", "2"),
    ),
  ],
};
