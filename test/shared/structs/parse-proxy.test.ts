// Services of the mesh: what registrations say, and Consul's words for what cannot be.

import { describe, expect, it } from "vitest";
import { agentProxy, hasProxy, noProxy, readNative, readProxy } from "../../../shared/structs/parse-proxy.ts";
import { parseServiceDefinition } from "../../../shared/structs/parse-service-definition.ts";
import { StructReader } from "../../../shared/structs/struct-reader.ts";

function reader(value: unknown, source: "api" | "file" = "api") {
  return new StructReader(value, { source, type: "", struct: "", path: "" });
}

describe("a proxy", () => {
  it("is shown without what is empty, its upstreams with all of it by the catalog", () => {
    const given = {
      DestinationServiceName: "web",
      LocalServicePort: 0,
      Config: { a: 1 },
      Upstreams: [{ DestinationName: "db", LocalBindPort: 9 }],
      Expose: { Checks: true, Paths: [{ Path: "/x", ListenerPort: 1 }] },
    };
    expect(readProxy(reader(given), "catalog")).toEqual({
      DestinationServiceName: "web",
      Config: { a: 1 },
      Upstreams: [
        {
          DestinationType: "",
          DestinationName: "db",
          Datacenter: "",
          LocalBindPort: 9,
          Config: null,
          MeshGateway: {},
        },
      ],
      MeshGateway: {},
      Expose: { Checks: true, Paths: [{ Path: "/x", ListenerPort: 1, ParsedFromCheck: false }] },
    });
    expect(agentProxy(readProxy(reader(given), "agent")).Upstreams).toEqual([
      { DestinationType: "service", DestinationName: "db", LocalBindPort: 9, MeshGateway: {} },
    ]);
    expect(readProxy(reader({}), "catalog")).toEqual(noProxy);
  });

  it("is given to an agent with underscores, too, and upstreams are services", () => {
    const given = {
      destination_service_name: "web",
      upstreams: [{ destination_name: "db", local_bind_port: 9 }],
    };
    for (const source of ["api", "file"] as const) {
      expect(readProxy(reader(given, source), "agent")).toMatchObject({
        DestinationServiceName: "web",
        Upstreams: [{ DestinationType: "service", DestinationName: "db", LocalBindPort: 9 }],
      });
    }
    const unknown = reader({ mesh_gateway: {} });
    readProxy(unknown, "agent");
    expect(unknown.problem()).toContain('unknown field "mesh_gateway"');
  });

  it.each([
    [
      { Kind: "connect-proxy", Port: 1 },
      "1 error occurred:\n\t* Proxy.DestinationServiceName must be non-empty for Connect proxy services\n\n",
    ],
    [
      { Kind: "connect-proxy" },
      "2 errors occurred:\n\t* Proxy.DestinationServiceName must be non-empty for Connect proxy services\n\t* Port must be set for a Connect proxy\n\n",
    ],
    [{ Kind: "mesh-gateway" }, "1 error occurred:\n\t* Port must be non-zero for a mesh-gateway\n\n"],
    [{ Kind: "nope" }, "taken"],
    [{ Connect: { Native: true } }, "taken"],
  ])("%j: %s", (value, text) => {
    const parsed = parseServiceDefinition({ Name: "x", ...value });
    expect(parsed.ok ? "taken" : parsed.error.text).toBe(text);
  });

  it("is known by its kind", () => {
    expect([hasProxy("connect-proxy"), hasProxy("ingress-gateway"), hasProxy(undefined)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(readNative(reader({ Native: true, Whatever: 1 }))).toBe(true);
  });
});
