// http_config: blocked endpoints, networks that may write, configured headers.

import { describe, expect, it } from "vitest";
import { parseRange } from "../../../agent/config/addresses.ts";
import { standardHttpConfig } from "../../../agent/config/http-config.ts";
import { refusalOf, withConfiguredHeaders } from "../../../agent/http/access.ts";
import { textReply } from "../../../shared/api/reply.ts";
import { doorRequest } from "../../support/door-request.ts";

describe("access over HTTP", () => {
  it("blocks paths that begin with a blocked one, however they are written", () => {
    const config = { ...standardHttpConfig, blockEndpoints: ["/v1/kv/secret"] };
    expect(refusalOf(doorRequest("GET /v1/kv/secretive"), config)).toMatchObject({
      status: 403,
      body: "Endpoint is blocked by agent configuration",
    });
    expect(refusalOf(doorRequest("GET /v1/kv/%73ecret"), config)?.status).toBe(403);
    expect(refusalOf(doorRequest("GET /v1/kv/open"), config)).toBeNull();
  });

  it("lets only the given networks write, and everybody read", () => {
    const range = parseRange("10.0.0.0/8");
    const config = { ...standardHttpConfig, allowWriteFrom: range === null ? [] : [range] };
    const from = (line: string, remoteAddress: string) =>
      refusalOf({ ...doorRequest(line), remoteAddress }, config)?.status ?? 0;
    expect(from("PUT /v1/kv/a", "10.1.2.3")).toBe(0);
    expect(from("PUT /v1/kv/a", "::ffff:10.1.2.3")).toBe(0);
    expect(from("PUT /v1/kv/a", "11.1.2.3")).toBe(403);
    expect(from("DELETE /v1/kv/a", "")).toBe(403);
    expect(from("GET /v1/kv/a", "11.1.2.3")).toBe(0);
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
  });
});
