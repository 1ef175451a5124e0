import { describe, expect, it } from "vitest";
import { hasTags } from "../../../shared/state/services.ts";
import { read, service, testState } from "../../support/state-builders.ts";

describe("the list of services", () => {
  it("has every name with the union of its tags, sorted", () => {
    const state = testState();
    state.register("n1", { Service: service("web", { Tags: ["b", "a"] }) });
    state.register("n2", { Service: service("web", { Tags: ["c", "a"] }), NodeMeta: { k: "v" } });
    state.register("n2", { Service: service("__proto__", { ID: "p" }), NodeMeta: { k: "v" } });
    const list = (nodeMeta: Record<string, string>) => read(state.sql, "Catalog.ListServices", { nodeMeta });
    expect(JSON.stringify(list({}).value)).toBe('{"__proto__":[],"web":["a","b","c"]}');
    expect(JSON.stringify(list({ k: "v" }).value)).toBe('{"__proto__":[],"web":["a","c"]}');
    expect(list({}).keys).toEqual(["services:"]);
    expect(list({ k: "v" }).keys).toEqual(["services:", "nodes:"]);
  });

  it("raises its index when a service goes or is renamed", () => {
    const state = testState();
    const list = () => read(state.sql, "Catalog.ListServices", { nodeMeta: {} });
    state.register("n1", { Service: service("a") });
    state.register("n1", { Service: service("b", { ID: "a" }) });
    expect(list()).toMatchObject({ index: 12, value: { b: [] } });
    state.deregister("n1", { ServiceID: "a" });
    expect(list()).toMatchObject({ index: 13, value: {} });
  });
});

describe("an instance", () => {
  it("that changes its name leaves the old service and joins the new", () => {
    const state = testState();
    state.register("n1", { Service: service("a", { ID: "s" }) });
    state.register("n2", { Service: service("a", { ID: "s" }) });
    const { changed } = state.register("n1", { Service: service("b", { ID: "s" }) });
    expect(new Set(changed)).toEqual(new Set(["services:", "node:n1", "service:b", "service:a", "health:a"]));
    const of = (name: string) =>
      read(state.sql, "Catalog.ServiceNodes", { service: name, tags: [], nodeMeta: {} });
    expect(of("a")).toMatchObject({ index: 13, value: [{ Node: "n2" }] });
    expect(of("b")).toMatchObject({ index: 13, value: [{ Node: "n1", CreateIndex: 11 }] });
  });

  it("leaves out an empty kind and tagged addresses, and shows others", () => {
    const state = testState();
    const addresses = { wan: { Address: "1.1.1.1", Port: 1 }, lan: { Address: "2.2.2.2", Port: 2 } };
    state.register("n1", { Service: service("a", { Kind: "", TaggedAddresses: {} }) });
    state.register("n1", { Service: service("b", { Kind: "connect-proxy", TaggedAddresses: addresses }) });
    const { value } = read(state.sql, "Catalog.NodeServices", { node: "n1" });
    expect(Object.keys(value?.Services.a ?? {}).slice(0, 3)).toEqual(["ID", "Service", "Tags"]);
    expect(value?.Services.b).toMatchObject({ Kind: "connect-proxy", TaggedAddresses: addresses });
    expect(Object.keys(value?.Services.b?.TaggedAddresses ?? {})).toEqual(["lan", "wan"]);
  });

  it("is found by all wanted tags, whatever their case", () => {
    expect(hasTags([], [])).toBe(true);
    expect(hasTags(["A", "b"], ["a", "B"])).toBe(true);
    expect(hasTags(["a"], ["a", "b"])).toBe(false);
  });
});
