// http_config: blocked endpoints, networks that may write, configured headers.

import { describe, expect, it } from "vitest";
import { parseRange } from "../../../agent/config/addresses.ts";
import { standardHttpConfig } from "../../../agent/config/http-config.ts";
import { gateOf, withConfiguredHeaders } from "../../../agent/http/access.ts";
import { createRouter, type Gate } from "../../../shared/api/router.ts";
import { textReply } from "../../../shared/api/reply.ts";
import { doorRequest } from "../../support/door-request.ts";

describe("access over HTTP", () => {
  it("blocks paths that begin with a blocked one, however they are written", () => {
    const config = { ...standardHttpConfig, blockEndpoints: ["/v1/kv/secret"] };
    const gate = gateOf(config);
    expect(gate?.blocked(doorRequest("GET /v1/kv/secretive"))).toMatchObject({
      status: 403,
      body: "Endpoint is blocked by agent configuration",
    });
    expect(gate?.blocked(doorRequest("GET /v1/kv/%73ecret"))?.status).toBe(403);
    expect(gate?.blocked(doorRequest("GET /v1/kv/open"))).toBeNull();
    expect(gateOf(standardHttpConfig)).toBeNull();
  });

  it("lets only the given networks write, and everybody read", () => {
    const range = parseRange("10.0.0.0/8");
    const config = { ...standardHttpConfig, allowWriteFrom: range === null ? [] : [range] };
    const from = (line: string, remoteAddress: string) =>
      gateOf(config)?.restricted({ ...doorRequest(line), remoteAddress })?.status ?? 0;
    expect(from("PUT /v1/kv/a", "10.1.2.3")).toBe(0);
    expect(from("PUT /v1/kv/a", "::ffff:10.1.2.3")).toBe(0);
    expect(from("PUT /v1/kv/a", "11.1.2.3")).toBe(403);
    expect(from("DELETE /v1/kv/a", "")).toBe(403);
    expect(from("GET /v1/kv/a", "11.1.2.3")).toBe(0);
  });

  it("is asked of paths and methods that there are, and blocks before it restricts", async () => {
    const range = parseRange("10.0.0.0/8");
    const config = {
      ...standardHttpConfig,
      blockEndpoints: ["/v1/b"],
      allowWriteFrom: range === null ? [] : [range],
    };
    const handle = async () => textReply(200, "done");
    const router = createRouter([
      { method: "PUT", path: "/v1/a", summary: "", handle },
      { method: "PUT", path: "/v1/b", summary: "", handle },
    ]);
    const status = async (line: string) =>
      (await router.handle(doorRequest(line), { gate: gateOf(config) as Gate })).status;
    expect(await status("PUT /v1/a")).toBe(403);
    expect(await status("POST /v1/a")).toBe(405);
    expect(await status("PUT /v1/c")).toBe(404);
    expect(await status("PUT /v1/a?%zz")).toBe(500);
    expect(await status("POST /v1/b")).toBe(403);
  });

  it("adds the configured headers without replacing the answer's own", () => {
    const config = {
      ...standardHttpConfig,
      responseHeaders: { "X-Extra": "yes", "Content-Type": "no" },
      translateWanAddresses: true,
    };
    expect(withConfiguredHeaders(textReply(200, "x"), config).headers).toEqual({
      "X-Extra": "yes",
      "Content-Type": "text/plain; charset=utf-8",
      "X-Consul-Translate-Addresses": "true",
    });
    const unrouted = { ...textReply(404, ""), isUnrouted: true } as const;
    expect(withConfiguredHeaders(unrouted, config)).toBe(unrouted);
  });
});
