import { describe, expect, it } from "vitest";
import { createRouter } from "../../../../shared/api/router.ts";
import { routes } from "../../../../shared/api/routes/index.ts";
import { kvRoutes } from "../../../../shared/api/routes/kv.ts";
import type { U64 } from "../../../../shared/base/brand.ts";
import type { DirEntry } from "../../../../shared/structs/kv.ts";
import { doorRequest } from "../../../support/door-request.ts";
import { fakeBackend, fakeMeta } from "../../../support/fake-backend.ts";

const entry: DirEntry = {
  LockIndex: 0,
  Key: 'a"b',
  Flags: "18446744073709551615" as U64,
  Value: "eA==",
  CreateIndex: 5,
  ModifyIndex: 6,
};
const entryJson =
  '{"LockIndex":0,"Key":"a\\"b","Flags":18446744073709551615,"Value":"eA==","CreateIndex":5,"ModifyIndex":6}';
const headers = { "X-Consul-Index": "7", "X-Consul-Knownleader": "true", "X-Consul-Lastcontact": "0" };

function world() {
  const backend = fakeBackend({
    "KVS.Get": ({ key }) => ({ meta: fakeMeta, value: key === "a" ? entry : null }),
    "KVS.List": ({ prefix }) => ({ meta: fakeMeta, value: prefix === "a" ? [entry, entry] : [] }),
    "KVS.ListKeys": ({ prefix }) => ({ meta: fakeMeta, value: prefix === "a" ? ["a/b", "a/c"] : [] }),
    "KVS.Apply": () => true,
    "KVS.Acquire": ({ operation }) => (operation.session === "s" ? 77 : 0),
    "KVS.Release": () => true,
  });
  const router = createRouter(routes);
  const context = { backend, datacenter: "dc1", defaultToken: "", alwaysPretty: false };
  const ask = (line: string, body: string | Uint8Array = "") =>
    router.handle(doorRequest(line, body), context);
  return { backend, ask };
}

describe("/v1/kv", () => {
  it("shows an entry in Consul's order with unrounded flags", async () => {
    const reply = await world().ask("GET /v1/kv/a");
    expect(reply.status).toBe(200);
    expect(reply.headers).toEqual({ ...headers, "Content-Type": "application/json" });
    expect(reply.body).toBe(`[${entryJson}]`);
    expect((await world().ask("GET /v1/kv/a?recurse")).body).toBe(`[${entryJson},${entryJson}]`);
    expect((await world().ask("GET /v1/kv/a?pretty")).body).toContain(
      '\n        "Flags": 18446744073709551615,\n',
    );
  });

  it("answers 404 with the index for what is not there", async () => {
    for (const line of ["GET /v1/kv/x", "GET /v1/kv/x?raw", "GET /v1/kv/x?recurse", "GET /v1/kv/x?keys"]) {
      expect(await world().ask(line)).toEqual({ status: 404, headers, body: null });
    }
    expect((await world().ask("GET /v1/kv/?recurse")).status).toBe(404);
    expect((await world().ask("GET /v1/kv/?keys")).body).toBe("[]");
  });

  it("refuses to write keys that are no UTF-8, because they would all be one", async () => {
    for (const line of ["PUT /v1/kv/a%ff", "DELETE /v1/kv/a%ff", "DELETE /v1/kv/%fe?recurse"]) {
      const { status, body } = await world().ask(line);
      expect([status, body]).toEqual([400, expect.stringContaining("it is not UTF-8")]);
    }
  });

  it("gives the bare value with headers that keep a browser from running it", async () => {
    const reply = await world().ask("GET /v1/kv/a?raw");
    expect(reply.body).toEqual(new TextEncoder().encode("x"));
    expect(reply.headers).toEqual({
      ...headers,
      "Content-Type": "text/plain",
      "X-Content-Type-Options": "nosniff",
      "Content-Security-Policy": "sandbox",
    });
  });

  it("lets ?keys win over ?recurse and ?raw", async () => {
    const { ask, backend } = world();
    expect((await ask("GET /v1/kv/a?recurse&raw&keys&separator=/")).body).toBe('["a/b","a/c"]');
    expect(backend.calls).toMatchObject([
      { method: "KVS.ListKeys", request: { prefix: "a", separator: "/" } },
    ]);
  });

  it("writes, checks and sets, and deletes", async () => {
    const { ask, backend } = world();
    for (const line of ["PUT /v1/kv/k?flags=007", "PUT /v1/kv/k?cas=0", "DELETE /v1/kv/k?cas=3"]) {
      expect(await ask(line, "x")).toMatchObject({ status: 200, body: "true" });
    }
    await ask("PUT /v1/kv/k%2Fl");
    await ask("DELETE /v1/kv/?recurse");
    expect(backend.calls.map((call) => (call.request as { operation: unknown }).operation)).toEqual([
      { verb: "set", key: "k", value: "eA==", flags: "7" },
      { verb: "cas", key: "k", value: "eA==", flags: "0", modifyIndex: 0 },
      { verb: "delete-cas", key: "k", modifyIndex: 3 },
      { verb: "set", key: "k/l", value: null, flags: "0" },
      { verb: "delete-tree", key: "" },
    ]);
  });

  it.each([
    ["GET /v1/kv/", 400, "Missing key name"],
    ["PUT /v1/kv/?acquire=x", 400, "Missing key name"],
    ["DELETE /v1/kv/?cas=1", 400, "Missing key name"],
    ["PUT /v1/kv/k?flags=a&cas=b&acquire=c", 400, "Conflicting flags: acquire=c&cas=b&flags=a"],
    ["DELETE /v1/kv/k?recurse&cas=1", 400, "Conflicting flags: cas=1&recurse="],
    ["PUT /v1/kv/k?flags=-1", 500, 'strconv.ParseUint: parsing "-1": invalid syntax'],
    ["PUT /v1/kv/k?cas=", 500, 'strconv.ParseUint: parsing "": invalid syntax'],
    ["DELETE /v1/kv/k?cas=abc", 500, 'strconv.ParseUint: parsing "abc": invalid syntax'],
    ["PUT /v1/kv/k?stale&consistent", 400, "Cannot specify ?stale with ?consistent, conflicting semantics."],
    ["GET /v1/kv/k?dc=nope", 500, "No path to datacenter"],
  ])("refuses %s", async (line, status, body) => {
    expect(await world().ask(line, "x")).toMatchObject({ status, body });
  });

  it("refuses a value over the limit and closes the connection; the limit itself is fine", async () => {
    const { ask } = world();
    expect(await ask("PUT /v1/kv/big", new Uint8Array(524_289))).toMatchObject({
      status: 413,
      headers: { Connection: "close" },
      body: "Request body(524289 bytes) too large, max size: 524288 bytes. See https://www.consul.io/docs/agent/options.html#kv_max_value_size.",
    });
    expect((await ask("PUT /v1/kv/big", new Uint8Array(524_288))).status).toBe(200);
  });

  it("takes and gives back locks, the fencing token in a header", async () => {
    const { ask, backend } = world();
    expect(await ask("PUT /v1/kv/k?acquire=s&flags=7", "x")).toEqual({
      status: 200,
      headers: { "Content-Type": "application/json", "X-Legate-Fencing": "77" },
      body: "true",
    });
    expect(await ask("PUT /v1/kv/k?acquire=other")).toEqual({
      status: 200,
      headers: { "Content-Type": "application/json" },
      body: "false",
    });
    expect((await ask("PUT /v1/kv/k?release=s")).body).toBe("true");
    expect(backend.calls).toEqual([
      {
        method: "KVS.Acquire",
        request: {
          operation: { verb: "acquire", session: "s", key: "k", value: "eA==", flags: "7" },
          token: "",
          datacenter: "",
        },
      },
      expect.anything(),
      expect.objectContaining({ method: "KVS.Release" }),
    ]);
    expect((await ask("PUT /v1/kv/k?acquire=a&release=b")).body).toBe(
      "Conflicting flags: acquire=a&release=b",
    );
    expect(kvRoutes.map((route) => route.method)).toEqual(["GET", "PUT", "DELETE"]);
  });

  it("takes a time to live, within limits", async () => {
    const { ask, backend } = world();
    expect((await ask("PUT /v1/kv/k?ttl=1m30s", "x")).body).toBe("true");
    expect(backend.calls[0]?.request).toMatchObject({ operation: { verb: "set", ttlMillis: 90_000 } });
    expect(await ask("PUT /v1/kv/k?ttl=5", "x")).toMatchObject({
      status: 400,
      body: 'Invalid ttl: time: missing unit in duration "5"',
    });
    expect(await ask("PUT /v1/kv/k?ttl=10ms", "x")).toMatchObject({
      status: 400,
      body: 'Invalid ttl: "10ms" is not between 1s and 8784h0m0s',
    });
  });
});
