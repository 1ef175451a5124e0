// What Consul refuses of proxies and gateways, with its texts (seen of 1.8.7).

import { describe, expect, it } from "vitest";
import { meshProblems, multiError } from "../../../shared/structs/mesh-problems.ts";

const proxy = { DestinationServiceName: "a", MeshGateway: {}, Expose: {} };

describe("what cannot be in the mesh", () => {
  it("names every field that a gateway may not have", () => {
    const given = { DestinationServiceName: "a", LocalServicePort: 4, Upstreams: [{}] };
    expect(meshProblems("mesh-gateway", 0, given, false)).toEqual([
      "Port must be non-zero for a mesh-gateway",
      "The Proxy.DestinationServiceName configuration is invalid for a mesh-gateway",
      "The Proxy.LocalServicePort configuration is invalid for a mesh-gateway",
      "The Proxy.Upstreams configuration is invalid for a mesh-gateway",
    ]);
    expect(meshProblems("ingress-gateway", 0, {}, false)).toEqual([]);
  });

  it("finds upstreams that are there twice, or that share an address", () => {
    const upstreams = [
      { DestinationType: "service", DestinationName: "a", LocalBindPort: 1 },
      { DestinationType: "service", DestinationName: "a", LocalBindPort: 1 },
      { DestinationType: "service", DestinationName: "b", LocalBindPort: 1 },
      { DestinationType: "service", LocalBindPort: 1 },
      { DestinationType: "service", DestinationName: "q" },
      { DestinationType: "bogus", DestinationName: "*", LocalBindPort: 1 },
    ];
    expect(meshProblems("connect-proxy", 1, { ...proxy, Upstreams: upstreams }, false)).toEqual([
      'upstreams cannot contain duplicates of [type="service", name="a", namespace="", datacenter=""]',
      'upstreams cannot contain duplicates by local bind address and port; "127.0.0.1:1" is specified twice',
      "upstream destination name cannot be empty",
      "upstream local bind port cannot be zero",
      'unknown upstream destination type: "bogus"',
    ]);
  });

  it("finds exposed paths without a path or a port, or with another's", () => {
    const paths = [
      {},
      { Path: "/a", ListenerPort: 7, Protocol: "http" },
      { Path: "/a", ListenerPort: 7 },
      { Path: "b", ListenerPort: 70_000, Protocol: "q" },
    ];
    expect(meshProblems("connect-proxy", 1, { ...proxy, Expose: { Paths: paths } }, false)).toEqual([
      "expose.paths: empty path exposed",
      "expose.paths: invalid listener port: 0",
      "expose.paths: duplicate paths exposed",
      "expose.paths: duplicate listener ports exposed",
      "expose.paths: invalid listener port: 70000",
      "protocol 'q' not supported for path: b, must be in: [http http2]",
    ]);
  });

  it("is one text, counted", () => {
    expect(multiError(["x"])).toBe("1 error occurred:\n\t* x\n\n");
    expect(multiError(["x", "y"])).toBe("2 errors occurred:\n\t* x\n\t* y\n\n");
  });
});
