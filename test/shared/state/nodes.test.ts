import { describe, expect, it } from "vitest";
import { nodeById, nodeByName, nodesByIdPrefix, sameNode } from "../../../shared/state/nodes.ts";
import { watchMatches } from "../../../shared/state/watch-keys.ts";
import { read, service, testState } from "../../support/state-builders.ts";

const id = "abcdef00-1111-1111-1111-111111111111";

describe("nodes", () => {
  it("are listed by name with Consul's fields, all or those with some metadata", () => {
    const state = testState();
    state.register("b", { NodeMeta: { k: "v" } });
    state.register("a", { TaggedAddresses: { wan: "1.1.1.1" } });
    const list = (nodeMeta: Record<string, string>) => read(state.sql, "Catalog.ListNodes", { nodeMeta });
    expect(JSON.stringify(list({}).value[0])).toBe(
      '{"ID":"","Node":"a","Address":"10.0.0.1","Datacenter":"dc1","TaggedAddresses":{"wan":"1.1.1.1"},"Meta":null,' +
        '"CreateIndex":12,"ModifyIndex":12}',
    );
    expect(list({ k: "v" })).toMatchObject({ index: 12, keys: ["nodes:"], value: [{ Node: "b" }] });
    state.deregister("b");
    expect(list({}).index).toBe(13);
  });

  it("are found by name in any case, by id, and by the beginning of an id", () => {
    const { sql, register } = testState();
    register("N1", { ID: id.toUpperCase() });
    register("n2");
    expect(nodeByName(sql, "n1")?.Node).toBe("N1");
    expect(nodeById(sql, id)?.Node).toBe("N1");
    expect(nodeById(sql, "")).toBe(null);
    expect(nodesByIdPrefix(sql, "ABC").map((node) => node.Node)).toEqual(["N1"]);
    expect(nodesByIdPrefix(sql, "").map((node) => node.Node)).toEqual(["N1"]);
  });

  it("wake who asked by id when the id goes to another node, or from one", () => {
    const state = testState();
    const ask = () => read(state.sql, "Catalog.NodeServices", { node: "abcd" });
    const steps = [
      () => state.register("n1", { ID: id }),
      () => state.register("n2", { ID: id }),
      () => state.register("n2", { ID: `f${id.slice(1)}` }),
      () => state.register("n3", { ID: id }),
      () => state.register("n4", { ID: `${id.slice(0, 8)}-2222-1111-1111-111111111111` }),
    ];
    for (const step of steps) {
      const before = ask();
      const { changed } = step();
      const after = ask();
      expect(after.value?.Node.Node).not.toBe(before.value?.Node.Node);
      expect(after.index).toBe(state.index());
      expect(before.keys.some((key) => changed.some((one) => watchMatches(key, one)))).toBe(true);
    }
  });

  it("that change touch the services they carry, and no others", () => {
    const state = testState();
    state.register("n1", { Service: service("a") });
    state.register("n2", { Service: service("b") });
    expect(state.register("n1", { Address: "10.0.0.9" }).changed).toEqual(["nodes:", "node:n1", "service:a"]);
  });

  it("are the same whatever the order of their maps, and not when an address differs", () => {
    const { sql, register } = testState();
    register("n", { NodeMeta: { a: "1", b: "2" } });
    const node = nodeByName(sql, "n");
    if (node === null) throw new Error("the node is registered");
    expect(sameNode(node, { ...node, Meta: { b: "2", a: "1" } })).toBe(true);
    expect(sameNode(node, { ...node, Address: "x" })).toBe(false);
  });
});
