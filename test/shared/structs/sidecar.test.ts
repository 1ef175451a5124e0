// Connect.SidecarService of a registration: what the sidecar is when nothing is said, and what may not be said.

import { describe, expect, it } from "vitest";
import { parseServiceDefinition } from "../../../shared/structs/parse-service-definition.ts";
import { sidecarChecks, sidecarIdOf } from "../../../shared/structs/sidecar.ts";

function sidecarOf(sidecar: unknown, service: Record<string, unknown> = {}) {
  const body = { Name: "web", ID: "w1", Port: 80, Tags: ["a"], Meta: { k: "v" }, ...service };
  const parsed = parseServiceDefinition({ ...body, Connect: { SidecarService: sidecar } });
  return parsed.ok ? parsed.value.sidecar : parsed.error.text;
}

describe("a sidecar", () => {
  it("takes everything from its service when it says nothing", () => {
    expect(sidecarOf({}, { Address: "1.2.3.4" })).toMatchObject({
      id: "w1-sidecar-proxy",
      name: "web-sidecar-proxy",
      kind: "connect-proxy",
      port: 0,
      address: "1.2.3.4",
      tags: ["a"],
      meta: { k: "v" },
      weights: { Passing: 1, Warning: 1 },
      checks: [],
      proxy: {
        DestinationServiceName: "web",
        DestinationServiceID: "w1",
        LocalServiceAddress: "127.0.0.1",
        LocalServicePort: 80,
      },
    });
    expect(sidecarIdOf("x")).toBe("x-sidecar-proxy");
  });

  it("keeps what it says, in either spelling, but stays a proxy", () => {
    const given = {
      name: "mine",
      kind: "mesh-gateway",
      port: 9,
      tags: ["x"],
      weights: { Passing: 2, Warning: 3 },
      check: { ttl: "10s" },
      proxy: { upstreams: [{ destination_name: "db", local_bind_port: 1 }] },
    };
    const parsed = parseServiceDefinition({ name: "web", connect: { sidecar_service: given } });
    expect(parsed.ok && parsed.value.sidecar).toMatchObject({
      name: "mine",
      kind: "connect-proxy",
      port: 9,
      tags: ["x"],
      weights: { Passing: 2, Warning: 3 },
      checks: [{ ttlMillis: 10_000 }],
      proxy: { Upstreams: [{ DestinationName: "db" }] },
    });
  });

  it.each([
    [{ ID: "x" }, "A SidecarService cannot specify an ID as this is managed by the agent"],
    [{ Connect: { SidecarService: {} } }, "A SidecarService cannot have a nested SidecarService"],
    [{ Foo: 1 }, 'json: unknown field "Foo"'],
    [{ Meta: { "consul-": "1" } }, "Bad request: Invalid SidecarService: Couldn't load metadata pair"],
    [
      { Check: { TTL: "1s", Interval: "1s" } },
      "Bad request: Invalid check in sidecar_service: Interval and TTL cannot both be specified",
    ],
  ])("%j is refused: %s", (sidecar, text) => {
    expect(sidecarOf(sidecar)).toContain(text);
  });

  it("is not there for null, and a deep nest of them ends", () => {
    expect(sidecarOf(null)).toBeUndefined();
    let nested: unknown = {};
    for (let depth = 0; depth < 50; depth += 1) nested = { Connect: { SidecarService: nested } };
    expect(sidecarOf(nested)).toContain("nested SidecarService");
  });

  it("is checked by its port and by its service's health", () => {
    const sidecar = sidecarOf({ Port: 21_000, Proxy: { LocalServiceAddress: "::1" } });
    if (typeof sidecar !== "object") throw new Error("no sidecar");
    expect(sidecarChecks(sidecar, "w1")).toMatchObject([
      { name: "Connect Sidecar Listening", tcp: "[::1]:21000", intervalMillis: 10_000 },
      { name: "Connect Sidecar Aliasing w1", other: { kind: "alias", node: "", service: "w1" } },
    ]);
  });
});
