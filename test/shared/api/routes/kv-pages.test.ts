import { describe, expect, it } from "vitest";
import { createRouter } from "../../../../shared/api/router.ts";
import { kvRoutes } from "../../../../shared/api/routes/kv.ts";
import { asksForPage } from "../../../../shared/api/routes/kv-pages.ts";
import type { U64 } from "../../../../shared/base/brand.ts";
import { doorRequest } from "../../../support/door-request.ts";
import { fakeBackend, fakeMeta } from "../../../support/fake-backend.ts";

const entry = { LockIndex: 0, Key: "a", Flags: "9" as U64, Value: null, CreateIndex: 5, ModifyIndex: 6 };

function world() {
  const backend = fakeBackend({
    "KVS.Page": ({ page }) => ({
      meta: fakeMeta,
      value: {
        entries: page.what === "entries" ? [entry] : [],
        keys: page.what === "keys" ? ["a/ü"] : [],
        count: 1,
        next: page.limit === 1 ? "a/ü" : null,
      },
    }),
    "KVS.List": () => ({ meta: fakeMeta, value: [entry] }),
  });
  const router = createRouter(kvRoutes);
  const context = { backend, datacenter: "dc1", defaultToken: "", alwaysPretty: false };
  return { backend, ask: (line: string) => router.handle(doorRequest(line), context) };
}

describe("/v1/kv in pages", () => {
  it("turns pages of keys and of entries", async () => {
    const { ask, backend } = world();
    expect(await ask("GET /v1/kv/a?keys&limit=1&after=a%2F%C3%A4")).toMatchObject({
      status: 200,
      headers: { "X-Consul-Index": "7", "X-Legate-Next": "a%2F%C3%BC" },
      body: '["a/ü"]',
    });
    expect(backend.calls[0]?.request).toMatchObject({
      page: { prefix: "a", what: "keys", after: "a/ä", limit: 1, separator: "/", depth: null },
    });
    const last = await ask("GET /v1/kv/?recurse&limit=2&depth=3");
    expect(last.headers).not.toHaveProperty("X-Legate-Next");
    expect(last.body).toContain('"Flags":9,');
    expect(backend.calls[1]?.request).toMatchObject({ page: { what: "entries", limit: 2, depth: 3 } });
  });

  it("folds at the separator as Consul does, also in pages", async () => {
    const { ask, backend } = world();
    await ask("GET /v1/kv/a?keys&separator=:&limit=5");
    expect(backend.calls[0]?.request).toMatchObject({ page: { separator: ":", depth: 1 } });
  });

  it("counts", async () => {
    expect((await world().ask("GET /v1/kv/a?count")).body).toBe('{"Count":1}');
  });

  it("refuses numbers that are none", async () => {
    const { ask } = world();
    for (const [line, body] of [
      ["GET /v1/kv/a?keys&limit=0", 'Invalid limit: "0" is no number from 1 to 10000'],
      ["GET /v1/kv/a?keys&limit=10001", 'Invalid limit: "10001" is no number from 1 to 10000'],
      ["GET /v1/kv/a?keys&depth=x", 'Invalid depth: "x" is no number from 1 to 1000'],
    ] as const) {
      expect(await ask(line)).toMatchObject({ status: 400, body });
    }
  });

  it("leaves what Consul knows alone", async () => {
    const { ask, backend } = world();
    await ask("GET /v1/kv/a?recurse");
    expect(backend.calls.map((call) => call.method)).toEqual(["KVS.List"]);
    const request = (names: readonly string[]) =>
      ({ query: (name: string) => (names.includes(name) ? "" : undefined) }) as never;
    expect(asksForPage(request(["limit"]))).toBe(false);
    expect(asksForPage(request(["limit", "recurse"]))).toBe(true);
  });
});
