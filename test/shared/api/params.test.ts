import { describe, expect, it } from "vitest";
import type { HttpRequest, Route } from "../../../shared/api/http.ts";
import { parseNodeMeta, parseQueryOptions, requestToken } from "../../../shared/api/params.ts";
import { createRouter } from "../../../shared/api/router.ts";
import { errorMessage } from "../../../shared/errors.ts";
import { doorRequest } from "../../support/door-request.ts";

const context = { defaultToken: "agent" };

/** The request as a route gets it. */
async function requestOf(query: string, headers: Record<string, string> = {}): Promise<HttpRequest> {
  let got: HttpRequest | null = null;
  const handle: Route<null>["handle"] = async (request) => {
    got = request;
    return { status: 200, headers: {}, body: null };
  };
  await createRouter<null>([{ method: "GET", path: "/x", summary: "", handle }]).handle(
    doorRequest(`GET /x?${query}`, "", headers),
    null,
  );
  if (got === null) throw new Error("not routed");
  return got;
}

async function parsed(query: string) {
  const result = parseQueryOptions(await requestOf(query), context);
  return result.ok ? result.value : errorMessage(result.error);
}

describe("query options", () => {
  it("have Consul's defaults", async () => {
    const plain = {
      datacenter: "",
      token: "agent",
      consistency: "default",
      minIndex: 0,
      waitMillis: 300_000,
    };
    expect(await parsed("")).toEqual(plain);
    expect(await parsed("index=&wait=&dc=")).toEqual(plain);
  });

  it.each([
    ["index=abc", "Invalid index"],
    ["index=-1", "Invalid index"],
    ["index=%201", "Invalid index"],
    ["index=18446744073709551616", "Invalid index"],
    ["wait=1", "Invalid wait time"],
    ["wait=abc&index=1", "Invalid wait time"],
    ["wait=9999999h", "Invalid wait time"],
    ["max_stale=abc", 'Invalid max_stale value "abc"'],
    ["stale&consistent", "Cannot specify ?stale with ?consistent, conflicting semantics."],
    ["max_stale=1s&consistent", "Cannot specify ?stale with ?consistent, conflicting semantics."],
    ["cached&consistent", "Cannot specify ?cached with ?consistent, conflicting semantics."],
    ["index=abc&stale&consistent", "Cannot specify ?stale with ?consistent, conflicting semantics."],
  ])("refuse %s with %s", async (query, text) => {
    expect(await parsed(query)).toBe(text);
  });

  it.each([
    ["index=5&wait=10s", { minIndex: 5, waitMillis: 10_000 }],
    ["index=00", { minIndex: 0 }],
    ["wait=1h30m", { waitMillis: 600_000 }],
    ["wait=0s", { waitMillis: 300_000 }],
    ["wait=-1s", { waitMillis: 1 }],
    ["stale=false", { consistency: "stale" }],
    ["stale&leader", { consistency: "stale" }],
    ["max_stale=0s", { consistency: "default" }],
    ["max_stale=1s", { consistency: "stale" }],
    ["consistent&leader", { consistency: "consistent" }],
    ["dc=dc2", { datacenter: "dc2" }],
    ["near=_agent&cached", { consistency: "default" }],
  ])("read %s", async (query, expected) => {
    expect(await parsed(query)).toMatchObject(expected);
  });

  it("take the token from the query, the header, a Bearer token, then the agent", async () => {
    const all = { "x-consul-token": "header", authorization: "Bearer bearer" };
    expect(requestToken(await requestOf("token=query", all), context)).toBe("query");
    expect(requestToken(await requestOf("", all), context)).toBe("header");
    expect(requestToken(await requestOf("", { authorization: "bearer  b" }), context)).toBe("b");
    expect(requestToken(await requestOf("", { authorization: "Basic eDp5" }), context)).toBe("agent");
  });

  it("split node metadata at the first colon", async () => {
    expect(parseNodeMeta(await requestOf("node-meta=a:b:c&node-meta=d"))).toEqual({ a: "b:c", d: "" });
  });
});
