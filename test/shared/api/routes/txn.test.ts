import { describe, expect, it } from "vitest";
import { createRouter } from "../../../../shared/api/router.ts";
import { txnRoutes } from "../../../../shared/api/routes/txn.ts";
import type { U64 } from "../../../../shared/base/brand.ts";
import type { TxnAnswer } from "../../../../shared/structs/txn.ts";
import { doorRequest } from "../../../support/door-request.ts";
import { fakeBackend, fakeMeta } from "../../../support/fake-backend.ts";

const entry = {
  LockIndex: 1,
  Key: "k",
  Flags: "18446744073709551615" as U64,
  Value: null,
  CreateIndex: 5,
  ModifyIndex: 6,
};
const entryJson =
  '{"LockIndex":1,"Key":"k","Flags":18446744073709551615,"Value":null,"CreateIndex":5,"ModifyIndex":6}';
const failure: TxnAnswer = { Results: null, Errors: [{ OpIndex: 0, What: "no" }], fencing: [] };

function world(answer: TxnAnswer = { Results: [{ KV: entry }], Errors: null, fencing: [] }) {
  const backend = fakeBackend({
    "Txn.Apply": () => answer,
    "Txn.Read": () => ({ meta: { ...fakeMeta, lastContactMillis: 12 }, value: answer }),
  });
  const context = { backend, datacenter: "dc1", defaultToken: "", alwaysPretty: false };
  const router = createRouter(txnRoutes);
  const ask = (line: string, body: string) => router.handle(doorRequest(line, body), context);
  return { backend, ask };
}

const get = '[{"KV":{"Verb":"get","Key":"k"}}]';
const set = '[{"KV":{"Verb":"set","Key":"k","Value":"YQ=="}}]';

describe("/v1/txn", () => {
  it("sends what writes through the log, and shows flags unrounded", async () => {
    const { ask, backend } = world();
    expect(await ask("PUT /v1/txn?dc=dc1&stale&consistent", set)).toEqual({
      status: 200,
      headers: { "Content-Type": "application/json" },
      body: `{"Results":[{"KV":${entryJson}}],"Errors":null}`,
    });
    expect(backend.calls[0]).toMatchObject({ method: "Txn.Apply", request: { datacenter: "dc1" } });
  });

  it("reads with the consistency that is asked for, and says so in the body", async () => {
    const { ask, backend } = world();
    expect(await ask("PUT /v1/txn?stale", get)).toEqual({
      status: 200,
      headers: {
        "Content-Type": "application/json",
        "X-Consul-Knownleader": "true",
        "X-Consul-Lastcontact": "12",
      },
      body: `{"Results":[{"KV":${entryJson}}],"Errors":null,"Index":0,"LastContact":12000000,"KnownLeader":true,"ConsistencyLevel":""}`,
    });
    expect(backend.calls[0]).toMatchObject({
      method: "Txn.Read",
      request: { options: { consistency: "stale", minIndex: 0 } },
    });
    expect(await ask("PUT /v1/txn?stale&consistent", get)).toMatchObject({ status: 400 });
  });

  it("answers 409 when an operation failed", async () => {
    const { ask } = world(failure);
    expect(await ask("PUT /v1/txn", set)).toMatchObject({
      status: 409,
      body: '{"Results":null,"Errors":[{"OpIndex":0,"What":"no"}]}',
    });
    expect((await ask("PUT /v1/txn", get)).status).toBe(409);
  });

  it("names the fencing tokens of its locks in a header", async () => {
    const { ask } = world({ Results: [], Errors: null, fencing: [7, 9] });
    expect((await ask("PUT /v1/txn", set)).headers).toMatchObject({ "X-Legate-Fencing": "7, 9" });
  });

  it("refuses bodies that are none, too many operations and too many bytes", async () => {
    const { ask } = world();
    expect(await ask("PUT /v1/txn", "")).toMatchObject({ status: 400, body: "Failed to parse body: EOF" });
    expect(await ask("PUT /v1/txn", "{}")).toMatchObject({
      status: 400,
      body: "Failed to parse body: json: cannot unmarshal object into Go value of type api.TxnOps",
    });
    expect(await ask("PUT /v1/txn", JSON.stringify(new Array(65).fill({})))).toMatchObject({
      status: 413,
      body: "Transaction contains too many operations (65 > 64)",
    });
    expect(await ask("PUT /v1/txn", " ".repeat(524_289))).toMatchObject({
      status: 413,
      body: expect.stringContaining("#txn_max_req_len."),
    });
    const { backend } = world();
    expect(backend.calls).toEqual([]);
  });
});
