import { describe, expect, it } from "vitest";
import { check, read, service, testState } from "../../support/state-builders.ts";

type Over = { tags?: string[]; passingOnly?: boolean; nodeMeta?: Record<string, string> };
const web = { service: "web", tags: [], passingOnly: false, nodeMeta: {} };

function withInstances(count: number) {
  const state = testState();
  for (let at = 0; at < count; at++) {
    const node = `n${String(at).padStart(3, "0")}`;
    state.register(node, {
      Service: service("web"),
      Checks: [check("serfHealth"), check("c", { ServiceID: "web" })],
    });
  }
  return state;
}

describe("the health of a service", () => {
  it("shows each instance with the node's checks first, then its own", () => {
    const state = testState();
    state.register("n1", {
      Service: service("web", { ID: "w1" }),
      Checks: [check("a", { ServiceID: "w1" }), check("z")],
    });
    state.register("n1", {
      Service: service("web", { ID: "w2" }),
      Checks: [check("b", { ServiceID: "w2" })],
    });
    const { value, keys } = read(state.sql, "Health.ServiceNodes", web);
    expect(keys).toEqual(["service:web", "health:web"]);
    expect(value.map((row) => [row.Node.Node, row.Service.ID, row.Checks.map((one) => one.CheckID)])).toEqual(
      [
        ["n1", "w1", ["z", "a"]],
        ["n1", "w2", ["z", "b"]],
      ],
    );
    expect(read(state.sql, "Health.ServiceChecks", { service: "web", nodeMeta: {} }).value).toMatchObject([
      { CheckID: "a" },
      { CheckID: "b" },
    ]);
  });

  it("is asked for at the gateways that lead to a service, from outside and to outside", () => {
    const state = testState();
    const noProxy = { MeshGateway: {}, Expose: {} };
    const gateway = (name: string, kind: string) => ({ ...service(name), Kind: kind, Proxy: noProxy });
    state.register("n1", { Service: gateway("in", "ingress-gateway") });
    state.register("n2", { Service: gateway("out", "terminating-gateway") });
    state.register("n2", { Service: { ...service("web"), Connect: { Native: true } } });
    const rows = [
      ["in", "ingress-gateway"],
      ["out", "terminating-gateway"],
    ] as const;
    for (const [name, kind] of rows) {
      const body = JSON.stringify({ Gateway: { Name: name }, Service: { Name: "web" }, GatewayKind: kind });
      state.sql.exec(
        "INSERT INTO gateway_services (gateway, service_key, body, create_index, modify_index) VALUES (?, 'web', ?, 5, 5)",
        name,
        body,
      );
    }
    const ids = (request: { mesh?: boolean; ingress?: boolean }, service = "Web") =>
      read(state.sql, "Health.ServiceNodes", { ...web, service, ...request }).value.map(
        (row) => row.Service.ID,
      );
    expect(ids({ ingress: true })).toEqual(["in"]);
    expect(ids({ mesh: true })).toEqual(["web", "out"]);
    expect(ids({ ingress: true }, "other")).toEqual([]);
  });

  it("is asked for through the mesh: proxies of the service, and the service where it is native", () => {
    const state = testState();
    const proxy = { DestinationServiceName: "Web", MeshGateway: {}, Expose: {} };
    state.register("n1", { Service: service("web"), Checks: [check("own", { ServiceID: "web" })] });
    state.register("n1", {
      Service: { ...service("web-proxy"), Kind: "connect-proxy", Proxy: proxy },
      Checks: [check("p", { ServiceID: "web-proxy" }), check("node")],
    });
    state.register("n2", { Service: { ...service("web"), Connect: { Native: true } } });
    const mesh = { ...web, mesh: true };
    const found = read(state.sql, "Health.ServiceNodes", mesh);
    expect(found.value.map((row) => [row.Service.ID, row.Checks.map((one) => one.CheckID)])).toEqual([
      ["web-proxy", ["node", "p"]],
      ["web", []],
    ]);
    const rows = read(state.sql, "Catalog.ServiceNodes", {
      service: "web",
      tags: [],
      nodeMeta: {},
      mesh: true,
    });
    expect(rows.value.map((row) => row.ServiceID)).toEqual(["web-proxy", "web"]);
    expect(rows.keys).toEqual(["services:", "nodes:", "checks:", "gateways:"]);
    expect(read(state.sql, "Health.ServiceNodes", { ...mesh, service: "none" }).value).toEqual([]);
  });

  it("is asked for by tags without regard to case, by node metadata, and for passing instances only", () => {
    const state = testState();
    state.register("n1", { Service: service("web", { Tags: ["Master", "v1"] }), NodeMeta: { rack: "1" } });
    state.register("n2", {
      Service: service("web", { Tags: ["v1"] }),
      Checks: [check("c", { Status: "warning" })],
    });
    const nodes = (over: Over) =>
      read(state.sql, "Health.ServiceNodes", { ...web, ...over }).value.map((row) => row.Node.Node);
    expect(nodes({})).toEqual(["n1", "n2"]);
    expect(nodes({ tags: ["V1"] })).toEqual(["n1", "n2"]);
    expect(nodes({ tags: ["v1", "master"] })).toEqual(["n1"]);
    expect(nodes({ passingOnly: true })).toEqual(["n1"]);
    expect(nodes({ nodeMeta: { rack: "1" } })).toEqual(["n1"]);
    expect(nodes({ nodeMeta: { rack: "2" } })).toEqual([]);
    expect(nodes({ nodeMeta: { toString: "1" } })).toEqual([]);
  });

  it("raises its index when an instance leaves the filter, or a check goes", () => {
    const state = testState();
    state.register("n1", { Service: service("web"), Checks: [check("c")] });
    const passing = () => read(state.sql, "Health.ServiceNodes", { ...web, passingOnly: true });
    state.register("n1", { Checks: [check("c", { Status: "critical" })] });
    expect(passing()).toMatchObject({ index: 12, value: [] });
    state.deregister("n1", { CheckID: "c" });
    expect(passing()).toMatchObject({ index: 13 });
    expect(passing().value).toHaveLength(1);
    expect(read(state.sql, "Catalog.ServiceNodes", { service: "web", tags: [], nodeMeta: {} }).index).toBe(
      11,
    );
  });

  it("takes the same few statements for a hundred instances as for one", () => {
    const cost = (count: number) => {
      const state = withInstances(count);
      const before = state.sql.statements();
      const { value } = read(state.sql, "Health.ServiceNodes", web);
      expect(value).toHaveLength(count);
      expect(value[0]?.Checks).toHaveLength(2);
      return state.sql.statements() - before;
    };
    expect(cost(1)).toBe(3);
    expect(cost(100)).toBe(3);
  });
});

describe("checks", () => {
  it("show their service's name and tags as they are now", () => {
    const state = testState();
    state.register("n1", {
      Service: service("web", { Tags: ["a"] }),
      Checks: [check("c", { ServiceID: "web" })],
    });
    state.register("n1", { Service: service("web2", { ID: "web", Tags: ["b"] }) });
    const of = (name: string) => read(state.sql, "Health.ServiceChecks", { service: name, nodeMeta: {} });
    expect(of("web2").value).toMatchObject([{ ServiceName: "web2", ServiceTags: ["b"], ModifyIndex: 12 }]);
    expect(of("web")).toMatchObject({ index: 12, value: [] });
  });

  it("are listed by state, literally, or all of them", () => {
    const state = testState();
    state.register("n2", { Checks: [check("b"), check("a", { Status: "strange" })] });
    state.register("n1", { Checks: [check("c", { Status: "critical" })], NodeMeta: { k: "v" } });
    const list = (name: string, nodeMeta = {}) =>
      read(state.sql, "Health.ChecksInState", { state: name, nodeMeta }).value.map((row) => row.CheckID);
    expect(list("any")).toEqual(["c", "a", "b"]);
    expect(list("strange")).toEqual(["a"]);
    expect(list("warning")).toEqual([]);
    expect(list("any", { k: "v" })).toEqual(["c"]);
    expect(read(state.sql, "Health.ChecksInState", { state: "passing", nodeMeta: {} }).index).toBe(12);
  });

  it("of an unknown node are none", () => {
    const state = testState();
    expect(read(state.sql, "Health.NodeChecks", { node: "x" })).toEqual({
      index: 1,
      keys: ["node:x", "node-checks:x"],
      value: [],
    });
  });
});
