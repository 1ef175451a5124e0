// limits.kv_max_value_size and limits.txn_max_req_len, above and below what they are without being set.

import { type Area, get, put, scenario } from "../steps.ts";

const set = (key: string, bytes: number) => ({
  KV: { Verb: "set", Key: key, Value: Buffer.alloc(bytes, "x").toString("base64") },
});

function around(value: number, body: number): Area["scenarios"] {
  return [
    scenario(
      "values",
      put("/v1/kv/a", "x".repeat(value)),
      get("/v1/kv/a?raw"),
      put("/v1/kv/a", "x".repeat(value + 1)),
      get("/v1/kv/a", { headers: { "Accept-Encoding": "gzip" } }),
    ),
    scenario(
      "transactions",
      put("/v1/txn", [set("a", Math.floor(value / 2))]),
      put("/v1/txn", [set("a", value)]),
      put("/v1/txn", [set("a", value + 1)]),
      put("/v1/txn", `[${" ".repeat(body - 2)}]`),
      put("/v1/txn", `[${" ".repeat(body - 1)}]`),
      get("/v1/kv/?keys"),
    ),
  ];
}

export const largeLimits: Area = {
  name: "large-limits",
  config: { limits: { kv_max_value_size: 1_000_000, txn_max_req_len: 1_500_000 } },
  scenarios: around(1_000_000, 1_500_000),
};

export const smallLimits: Area = {
  name: "small-limits",
  config: { limits: { kv_max_value_size: 1_000, txn_max_req_len: 2_000 } },
  scenarios: around(1_000, 2_000),
};

/** The larger of the two counts for a transaction. */
export const valueLimit: Area = {
  name: "value-limit",
  config: { limits: { kv_max_value_size: 3_000, txn_max_req_len: 2_000 } },
  scenarios: around(3_000, 3_000),
};
