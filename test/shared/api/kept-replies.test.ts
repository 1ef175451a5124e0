import { describe, expect, it } from "vitest";
import type { HttpReply } from "../../../shared/api/http.ts";
import { createKeptReplies } from "../../../shared/api/kept-replies.ts";
import { createRouter } from "../../../shared/api/router.ts";
import { limits } from "../../../shared/limits.ts";
import type { Backend } from "../../../shared/rpc/backend.ts";
import { doorRequest } from "../../support/door-request.ts";

type Context = { readonly backend: Backend; readonly alwaysPretty: boolean };

/** A backend that vouches for what is in `held`, and a route whose replies say how often it was asked. */
function door(body = "") {
  const held = new Set<object>();
  const answer = { meta: {}, value: [] };
  const backend = { stillHolds: (given: object) => held.has(given) } as unknown as Backend;
  let asked = 0;
  const told: string[] = [];
  const kept = createKeptReplies<Context>();
  const handle = async (): Promise<HttpReply> => {
    asked += 1;
    return { status: 200, headers: { "X-Consul-Index": "7" }, body: `${asked}${body}`, madeOf: answer };
  };
  const routes = (["GET", "PUT"] as const).map((method) => ({
    method,
    path: "/v1/a/:b",
    summary: "",
    handle,
  }));
  const router = createRouter<Context>(
    routes,
    () => {},
    (place, method) => () => told.push(`${method} ${place}`),
    kept,
  );
  const context: Context = { backend, alwaysPretty: false };
  const get = async (line: string, header: Record<string, string> = {}, given = context) => {
    const request = { ...doorRequest(line), header: (name: string) => header[name] };
    return String((await router.handle(request, given)).body).slice(0, 3);
  };
  return { held, answer, kept, told, get, backend };
}

describe("kept replies", () => {
  it("are given again while the backend vouches for what they are made of, and counted as requests", async () => {
    const { held, answer, told, get } = door();
    held.add(answer);
    expect([await get("GET /v1/a/b"), await get("GET /v1/a/b")]).toEqual(["1", "1"]);
    expect(told).toEqual(["GET /v1/a/", "GET /v1/a/"]);
    held.clear();
    expect([await get("GET /v1/a/b"), await get("GET /v1/a/b")]).toEqual(["2", "3"]);
  });

  it("are not for another path, query, method or configuration", async () => {
    const { held, answer, get, backend } = door();
    held.add(answer);
    expect(await get("GET /v1/a/b")).toBe("1");
    expect(await get("GET /v1/a/c")).toBe("2");
    expect(await get("GET /v1/a/b?pretty")).toBe("3");
    expect(await get("PUT /v1/a/b")).toBe("4");
    expect(await get("GET /v1/a/b", {}, { backend, alwaysPretty: false })).toBe("5");
  });

  it.each(["x-consul-token", "authorization", "cache-control", "x-consul-namespace"])(
    "are neither kept of nor given to a request with %s",
    async (name) => {
      const { held, answer, get, kept } = door();
      held.add(answer);
      expect(await get("GET /v1/a/b", { [name]: "default" })).toBe("1");
      expect(kept.size).toBe(0);
      expect(await get("GET /v1/a/b")).toBe("2");
      expect(await get("GET /v1/a/b", { [name]: "default" })).toBe("3");
      expect(await get("GET /v1/a/b")).toBe("2");
    },
  );

  it("are bounded by their number and by their size", async () => {
    const small = door();
    small.held.add(small.answer);
    for (let n = 0; n < limits.answerCacheEntriesMax + 10; n++) await small.get(`GET /v1/a/${n}`);
    expect(small.kept.size).toBe(limits.answerCacheEntriesMax);
    const large = door("x".repeat(limits.answerCacheEntryCharsMax / 2));
    large.held.add(large.answer);
    for (let n = 0; n < 40; n++) await large.get(`GET /v1/a/${n}`);
    expect(large.kept.size).toBe(15);
    const huge = door("x".repeat(limits.answerCacheEntryCharsMax + 1));
    huge.held.add(huge.answer);
    await huge.get("GET /v1/a/b");
    expect(huge.kept.size).toBe(0);
  });
});
