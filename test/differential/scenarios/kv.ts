// /v1/kv: verbs, flags, odd keys, values, listings, index rules and their errors.

import { type Area, del, during, get, put, request, scenario } from "../steps.ts";

export const kv: Area = {
  name: "kv",
  scenarios: [
    scenario(
      "life of a key",
      get("/v1/kv/a"),
      put("/v1/kv/a", "hello"),
      get("/v1/kv/a"),
      put("/v1/kv/a", "hello"),
      get("/v1/kv/a"),
      put("/v1/kv/a?flags=42", "hello"),
      get("/v1/kv/a"),
      get("/v1/kv/a?raw"),
      del("/v1/kv/a"),
      get("/v1/kv/a"),
      del("/v1/kv/a"),
    ),
    scenario(
      "waiting for a key",
      put("/v1/kv/a", "1"),
      get("/v1/kv/a", { save: { ix: "header:X-Consul-Index" } }),
      during(get("/v1/kv/a?index=${ix}&wait=3s"), put("/v1/kv/b", "1")),
      during(get("/v1/kv/a?index=${ix}&wait=20s"), put("/v1/kv/a", "2")),
    ),
    scenario(
      "verbs",
      request("POST", "/v1/kv/a", "x"),
      request("PATCH", "/v1/kv/a", "x"),
      request("OPTIONS", "/v1/kv/a"),
    ),
  ],
};
