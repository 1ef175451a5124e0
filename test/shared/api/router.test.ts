import { describe, expect, it } from "vitest";
import type { HttpRequest, Route } from "../../../shared/api/http.ts";
import { createRouter } from "../../../shared/api/router.ts";
import { doorRequest } from "../../support/door-request.ts";

const seen = async (request: HttpRequest) => ({
  status: 200,
  headers: {},
  body: JSON.stringify([request.params, request.query("q") ?? null]),
});
const route = (method: Route["method"], path: string): Route<null> => ({
  method,
  path,
  summary: "",
  handle: seen,
});
const crashes: unknown[] = [];
const router = createRouter<null>(
  [
    route("GET", "/v1/kv/:key*"),
    route("PUT", "/v1/kv/:key*"),
    route("DELETE", "/v1/kv/:key*"),
    route("GET", "/v1/catalog/nodes"),
    route("GET", "/v1/agent/service/:id"),
    route("PUT", "/v1/agent/service/register"),
    {
      method: "GET",
      path: "/crash",
      summary: "",
      handle: () => Promise.reject(new Error("secret place")),
    },
  ],
  (error) => crashes.push(error),
);
const ask = (line: string) => router.handle(doorRequest(line), null);

describe("the router", () => {
  it("gives the rest of the path to the parameter, decoded, slashes included", async () => {
    expect((await ask("GET /v1/kv/a/b%2Fc%20%C3%BC?q=1")).body).toBe('[{"key":"a/b/c ü"},"1"]');
    expect((await ask("GET /v1/kv/")).body).toBe('[{"key":""},null]');
  });

  it("fills as many parameters as the path has parts for, the last one with the rest", async () => {
    const own = createRouter<null>([
      route("GET", "/v1/config/:kind"),
      route("GET", "/v1/config/:kind/:name"),
      route("DELETE", "/v1/config/:kind/:name"),
    ]);
    const answer = async (line: string) => (await own.handle(doorRequest(line), null)).body;
    expect(await answer("GET /v1/config/k")).toBe('[{"kind":"k"},null]');
    expect(await answer("GET /v1/config/k/n/m")).toBe('[{"kind":"k","name":"n/m"},null]');
    expect(await answer("DELETE /v1/config/k")).toBe('[{"kind":"k","name":""},null]');
    expect((await own.handle(doorRequest("PUT /v1/config/k/n"), null)).headers.Allow).toBe(
      "OPTIONS,GET,DELETE",
    );
  });

  it("prefers an exact path to a prefix", async () => {
    expect((await ask("GET /v1/agent/service/web")).body).toBe('[{"id":"web"},null]');
    expect(await ask("GET /v1/agent/service/register")).toMatchObject({
      status: 405,
      body: "method GET not allowed",
      headers: { Allow: "OPTIONS,PUT" },
    });
  });

  it.each([
    ["GET /v1/kv/a//b?x=1&y=2", "/v1/kv/a/b?x=1&y=2"],
    ["GET /v1/kv/a/../b", "/v1/kv/b"],
    ["GET /v1/kv/a/./b", "/v1/kv/a/b"],
    ["GET /v1/kv/.", "/v1/kv/"],
    ["GET /v1/kv/..", "/v1"],
    ["GET /v1/kv/%2Ffoo", "/v1/kv/foo"],
    ["GET /v1/kv/%C3%BC%20a//b?x", "/v1/kv/%C3%BC%20a/b?x"],
    ["GET /v1/kv?recurse&x=1", "/v1/kv/?recurse&x=1"],
  ])("redirects %s to %s", async (line, location) => {
    const reply = await ask(line);
    expect(reply).toMatchObject({ status: 301, headers: { Location: location } });
    expect(reply.body).toBe(`<a href="${location.replaceAll("&", "&amp;")}">Moved Permanently</a>.\n\n`);
  });

  it("redirects a write without a page", async () => {
    const reply = await ask("PUT /v1/kv/a//b");
    expect(reply).toEqual({
      status: 301,
      headers: { Location: "/v1/kv/a/b" },
      body: null,
      isUnrouted: true,
    });
  });

  it.each(["/v1/nothing", "/v1/", "/v2/kv/x", "/v1/kvx/a", "/v1/catalog", "/v1/catalog/nodes/", "/"])(
    "answers 404 without a body for %s",
    async (path) => {
      expect(await ask(`GET ${path}`)).toEqual({ status: 404, headers: {}, body: null, isUnrouted: true });
    },
  );

  it("lists the methods on OPTIONS and on 405, in the order of the routes", async () => {
    const Allow = "OPTIONS,GET,PUT,DELETE";
    expect(await ask("OPTIONS /v1/kv/a")).toEqual({ status: 200, headers: { Allow }, body: null });
    expect(await ask("HEAD /v1/kv/a")).toMatchObject({ status: 405, headers: { Allow } });
    expect(await ask("OPTIONS /v1/unknown")).toMatchObject({ status: 404 });
  });

  it.each(["%01", "%0a", "%7f", "%C2%85", "%e2%80%a8", "%c2%a0", "%e2%80%8b"])(
    "refuses the unprintable character %s",
    async (encoded) => {
      expect(await ask(`GET /v1/kv/a${encoded}b`)).toEqual({
        status: 400,
        headers: {},
        body: null,
        isUnrouted: true,
      });
    },
  );

  it("refuses malformed percent-encoding", async () => {
    expect(await ask("GET /v1/kv/a%zz")).toMatchObject({ status: 400, body: "400 Bad Request" });
  });

  it("turns a crash into a 500 without a stack and reports it", async () => {
    expect(await ask("GET /crash")).toMatchObject({ status: 500, body: "internal error: secret place" });
    expect(crashes).toHaveLength(1);
  });

  it("does not accept two routes for one place", () => {
    expect(() => createRouter([route("GET", "/a/:x"), route("GET", "/a/:x")])).toThrow("clashes");
  });
});
