import { describe, expect, it } from "vitest";
import {
  type ChainEntries,
  compileChain,
  isLayerSeven,
  protocolOf,
} from "../../../shared/discovery-chain/compile.ts";
import { circle, flattenSplitters, reachableNodes } from "../../../shared/discovery-chain/graph.ts";
import { movedTo, targetId } from "../../../shared/discovery-chain/target.ts";
import type { ConfigEntry, ConfigEntryOf, ConfigKind } from "../../../shared/structs/config-entry.ts";
import type { ChainNode } from "../../../shared/structs/discovery-chain.ts";
import { parseConfigEntry } from "../../../shared/structs/parse-config-entry.ts";

function entriesOf(...bodies: object[]): ChainEntries {
  const entries = bodies.map((body) => {
    const parsed = parseConfigEntry(body);
    if (!parsed.ok) throw new Error(parsed.error);
    return parsed.value;
  });
  const at =
    <K extends ConfigKind>(kind: K) =>
    (name: string) =>
      (entries.find((entry: ConfigEntry) => entry.Kind === kind && entry.Name === name) ??
        null) as ConfigEntryOf<K> | null;
  return {
    router: at("service-router"),
    splitter: at("service-splitter"),
    resolver: at("service-resolver"),
    defaults: at("service-defaults"),
    proxyDefaults: () => at("proxy-defaults")("global"),
  };
}

const http = { Kind: "proxy-defaults", Name: "global", Config: { protocol: "http" } };
const overrides = { protocol: "", meshGatewayMode: "", connectTimeout: "" };

function chain(service: string, bodies: object[], over = overrides) {
  const request = { service, datacenter: "dc1", trustDomain: "t.consul", overrides: over };
  return compileChain(entriesOf(...bodies), request);
}
const failure = (service: string, ...bodies: object[]) => {
  const compiled = chain(service, bodies);
  return compiled.ok ? "" : compiled.error;
};
const splitter = (Name: string, ...Splits: object[]) => ({ Kind: "service-splitter", Name, Splits });
const resolver = (Name: string, fields: object) => ({ Kind: "service-resolver", Name, ...fields });

describe("a discovery chain", () => {
  it("is one resolver where nothing is configured", () => {
    expect(chain("web", [])).toEqual({
      ok: true,
      value: {
        ServiceName: "web",
        Namespace: "default",
        Datacenter: "dc1",
        Protocol: "tcp",
        StartNode: "resolver:web.default.dc1",
        Nodes: {
          "resolver:web.default.dc1": {
            Type: "resolver",
            Name: "web.default.dc1",
            Resolver: { ConnectTimeout: "5s", Default: true, Target: "web.default.dc1" },
          },
        },
        Targets: {
          "web.default.dc1": {
            ID: "web.default.dc1",
            Service: "web",
            Namespace: "default",
            Datacenter: "dc1",
            MeshGateway: {},
            Subset: {},
            SNI: "web.default.dc1.internal.t.consul",
            Name: "web.default.dc1.internal.t.consul",
          },
        },
      },
    });
  });

  it("goes on from router to splitter, merges splitters, and ends at resolvers", () => {
    const compiled = chain("a", [
      http,
      splitter("a", { Weight: 50, Service: "b" }, { Weight: 50, Service: "c" }),
      splitter("b", { Weight: 50 }, { Weight: 50, Service: "d" }),
      {
        Kind: "service-router",
        Name: "a",
        Routes: [{ Match: { HTTP: { PathPrefix: "/x" } }, Destination: { Service: "c" } }],
      },
    ]);
    if (!compiled.ok) throw new Error(compiled.error);
    expect(Object.keys(compiled.value.Nodes)).toEqual([
      "resolver:b.default.dc1",
      "resolver:c.default.dc1",
      "resolver:d.default.dc1",
      "router:a.default",
      "splitter:a.default",
    ]);
    expect(compiled.value.Nodes["splitter:a.default"]).toMatchObject({
      Splits: [
        { Weight: 25, NextNode: "resolver:b.default.dc1" },
        { Weight: 25, NextNode: "resolver:d.default.dc1" },
        { Weight: 50, NextNode: "resolver:c.default.dc1" },
      ],
    });
    expect(compiled.value.Nodes["router:a.default"]).toMatchObject({
      Routes: [
        { NextNode: "resolver:c.default.dc1" },
        { Definition: { Match: { HTTP: { PathPrefix: "/" } } }, NextNode: "splitter:a.default" },
      ],
    });
  });

  it("follows redirects and default subsets, and fails over", () => {
    const q = resolver("q", {
      Subsets: { v1: { OnlyPassing: true } },
      DefaultSubset: "v1",
      Failover: { v1: { Datacenters: ["dc2", "dc3"] } },
    });
    const compiled = chain("red", [q, resolver("red", { Redirect: { Service: "q", Datacenter: "dc9" } })]);
    expect(compiled).toMatchObject({
      value: {
        StartNode: "resolver:v1.q.default.dc9",
        Nodes: {
          "resolver:v1.q.default.dc9": {
            Resolver: { Failover: { Targets: ["v1.q.default.dc2", "v1.q.default.dc3"] } },
          },
        },
        Targets: { "v1.q.default.dc9": { ServiceSubset: "v1", Subset: { OnlyPassing: true } } },
      },
    });
    const other = resolver("web", {
      Failover: { "*": { Service: "w", Namespace: "n", Datacenters: ["dc2"] } },
    });
    expect(chain("web", [other])).toMatchObject({
      value: { Nodes: { "resolver:web.default.dc1": { Resolver: { Failover: { Targets: ["w.n.dc2"] } } } } },
    });
  });

  it("takes wishes of whoever asks, and says so", () => {
    const compiled = chain("q", [], { protocol: "http", connectTimeout: "3s", meshGatewayMode: "remote" });
    expect(compiled).toMatchObject({
      value: {
        Protocol: "http",
        CustomizationHash: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
        Nodes: { "resolver:q.default.dc1": { Resolver: { ConnectTimeout: "3s" } } },
      },
    });
  });

  it.each([
    [
      "web",
      [
        { Kind: "service-defaults", Name: "web", Protocol: "http" },
        splitter("web", { Weight: 90, Service: "w2" }, { Weight: 10 }),
      ],
      'discovery chain "web" uses inconsistent protocols; service "web" has "http" which is not "tcp"',
    ],
    [
      "web",
      [splitter("web", { Weight: 100 })],
      'discovery chain "web" uses a protocol "tcp" that does not permit advanced routing or splitting behavior',
    ],
    [
      "r",
      [resolver("r", { Redirect: { Service: "b", ServiceSubset: "x" } })],
      'service "b" does not have a subset named "x"',
    ],
    [
      "l2",
      [resolver("l1", { Redirect: { Service: "l2" } }), resolver("l2", { Redirect: { Service: "l1" } })],
      "detected circular resolver redirect: [l2.default.dc1 -> l1.default.dc1 -> l2.default.dc1]",
    ],
    [
      "s2",
      [
        http,
        splitter("s", { Weight: 50 }, { Weight: 50, Service: "s2" }),
        splitter("s2", { Weight: 100, Service: "s" }),
      ],
      "detected circular reference: [splitter:s2.default -> splitter:s.default -> splitter:s2.default]",
    ],
    [
      "q",
      [resolver("q", { Subsets: { v1: {} } }), { Kind: "service-defaults", Name: "q", ExternalSNI: "x" }],
      'service "q" has an external SNI set; cannot define subsets for external services',
    ],
  ] as const)("of %s cannot be %j", (service, bodies, text) =>
    expect(failure(service, ...bodies)).toBe(text),
  );
});

describe("the parts of a chain", () => {
  it("know protocols", () => {
    expect(protocolOf(entriesOf(http), "x")).toBe("http");
    expect(protocolOf(entriesOf(), "x")).toBe("tcp");
    expect(["tcp", "http", "http2", "grpc"].map(isLayerSeven)).toEqual([false, true, true, true]);
  });

  it("lose the subset with the service", () => {
    const from = { service: "a", subset: "v1", namespace: "default", datacenter: "dc1" };
    expect(targetId(movedTo(from, { Datacenter: "dc2" }))).toBe("v1.a.default.dc2");
    expect(targetId(movedTo(from, { Service: "b" }))).toBe("b.default.dc1");
  });

  it("are a graph without what cannot be reached", () => {
    const leaf: ChainNode = { Type: "resolver", Name: "l", Resolver: { ConnectTimeout: "", Target: "" } };
    const inner: ChainNode = { Type: "splitter", Name: "i", Splits: [{ Weight: 100, NextNode: "l" }] };
    const outer: ChainNode = { Type: "splitter", Name: "o", Splits: [{ Weight: 40, NextNode: "i" }] };
    const nodes = new Map<string, ChainNode>([
      ["l", leaf],
      ["i", inner],
      ["o", outer],
    ]);
    expect(circle(nodes, "o")).toBe(null);
    flattenSplitters(nodes);
    expect(nodes.get("o")).toMatchObject({ Splits: [{ Weight: 40, NextNode: "l" }] });
    expect([...reachableNodes(nodes, "o").keys()].sort()).toEqual(["l", "o"]);
  });
});
