// ?cached at the door: when the cache is asked, and the headers of Consul's answers.

import { describe, expect, it } from "vitest";
import {
  cachedCall,
  parseCacheControl,
  type ReadCache,
  withHeaders,
} from "../../../shared/api/cached-read.ts";
import type { ApiContext, HttpRequest } from "../../../shared/api/http.ts";
import { parseQueryString } from "../../../shared/api/query-string.ts";
import { textReply } from "../../../shared/api/reply.ts";
import { ok } from "../../../shared/base/result.ts";
import { fakeBackend } from "../../support/fake-backend.ts";

function requestOf(rawQuery: string, cacheControl?: string): HttpRequest {
  return {
    rawQuery,
    query: (name: string) => parseQueryString(rawQuery).get(name)?.[0],
    header: (name: string) => (name === "cache-control" ? cacheControl : undefined),
    cancellation: { aborted: false, onAbort: () => {} },
  } as unknown as HttpRequest;
}

const cache = {
  read: async () => ({ result: ok(["kept"]), hit: true, ageSeconds: 3 }),
} as unknown as ReadCache;
const context = {
  backend: fakeBackend({ "Catalog.ListDatacenters": () => ["fresh"] }),
  cache,
} as unknown as ApiContext;

describe("?cached", () => {
  it("asks the cache only when it is demanded and there is one", async () => {
    const ask = (query: string, from: ApiContext) =>
      cachedCall(requestOf(query), from, "simple", "Catalog.ListDatacenters", {});
    expect(await ask("cached", context)).toEqual({
      result: { ok: true, value: ["kept"] },
      headers: { "X-Cache": "HIT", Age: "3" },
    });
    expect(await ask("", context)).toMatchObject({ result: { value: ["fresh"] }, headers: {} });
    const { cache: _none, ...bare } = context;
    expect(await ask("cached", bare)).toMatchObject({ result: { value: ["fresh"] }, headers: {} });
    const never = await cachedCall(requestOf("cached"), context, null, "Catalog.ListDatacenters", {});
    expect(never.headers).toEqual({});
  });

  it("reads Cache-Control as Consul does", () => {
    expect(parseCacheControl(requestOf("", "max-age=3, stale-if-error=60, no-store"))).toEqual({
      ok: true,
      value: { maxAgeMillis: 3_000, mustRevalidate: false, staleIfErrorMillis: 60_000 },
    });
    expect(parseCacheControl(requestOf("", "max-age=0"))).toMatchObject({ value: { mustRevalidate: true } });
    expect(parseCacheControl(requestOf("", "max-age=x"))).toMatchObject({
      error: { args: ["Invalid Cache-Control header."] },
    });
  });

  it("adds headers to a reply", () => {
    expect(withHeaders(textReply(200, "x"), { "X-Cache": "MISS" }).headers).toMatchObject({
      "X-Cache": "MISS",
    });
  });
});
