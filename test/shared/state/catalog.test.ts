import { describe, expect, it } from "vitest";
import { errorMessage } from "../../../shared/errors.ts";
import type { AppliedCommand } from "../../../shared/fsm/apply.ts";
import { check, read, service, testState } from "../../support/state-builders.ts";

const idA = "11111111-1111-1111-1111-111111111111";
const idB = "22222222-2222-2222-2222-222222222222";

function text(applied: AppliedCommand): string {
  expect(applied.changed).toEqual([]);
  return applied.result.ok ? "ok" : errorMessage(applied.result.error);
}

describe("registering", () => {
  it("writes node, service and checks with Consul's fields in Consul's order", () => {
    const state = testState();
    state.register("n1", {
      Service: service("a", { ID: "a1", Port: 8000, Tags: ["x", "y"], Meta: { k: "v" } }),
      Checks: [check("c1", { ServiceID: "a1", Status: "" })],
    });
    const found = read(state.sql, "Catalog.ServiceNodes", { service: "a", tags: [], nodeMeta: {} });
    expect(JSON.stringify(found.value)).toBe(
      '[{"ID":"","Node":"n1","Address":"10.0.0.1","Datacenter":"dc1","TaggedAddresses":null,"NodeMeta":null,' +
        '"ServiceKind":"","ServiceID":"a1","ServiceName":"a","ServiceTags":["x","y"],"ServiceAddress":"",' +
        '"ServiceWeights":{"Passing":1,"Warning":1},"ServiceMeta":{"k":"v"},"ServicePort":8000,' +
        '"ServiceEnableTagOverride":false,"ServiceProxy":{"MeshGateway":{},"Expose":{}},"ServiceConnect":{},' +
        '"CreateIndex":11,"ModifyIndex":11}]',
    );
    const node = read(state.sql, "Catalog.NodeServices", { node: "n1" });
    expect(JSON.stringify(node.value)).toBe(
      '{"Node":{"ID":"","Node":"n1","Address":"10.0.0.1","Datacenter":"dc1","TaggedAddresses":null,"Meta":null,' +
        '"CreateIndex":11,"ModifyIndex":11},"Services":{"a1":{"ID":"a1","Service":"a","Tags":["x","y"],"Address":"",' +
        '"Meta":{"k":"v"},"Port":8000,"Weights":{"Passing":1,"Warning":1},"EnableTagOverride":false,' +
        '"Proxy":{"MeshGateway":{},"Expose":{}},"Connect":{},"CreateIndex":11,"ModifyIndex":11}}}',
    );
    const checks = read(state.sql, "Health.NodeChecks", { node: "n1" });
    expect(JSON.stringify(checks.value)).toBe(
      '[{"Node":"n1","CheckID":"c1","Name":"c1","Status":"critical","Notes":"","Output":"","ServiceID":"a1",' +
        '"ServiceName":"a","ServiceTags":["x","y"],"Type":"","Definition":{},"CreateIndex":11,"ModifyIndex":11}]',
    );
  });

  it("again with the same content moves no index and wakes nobody", () => {
    const state = testState();
    const over = {
      TaggedAddresses: { wan: "1.1.1.1", lan: "2.2.2.2" },
      Service: service("a", { Meta: { x: "1", y: "2" } }),
      Checks: [check("c")],
    };
    state.register("n1", over);
    const again = {
      ...over,
      TaggedAddresses: { lan: "2.2.2.2", wan: "1.1.1.1" },
      Service: service("a", { Meta: { y: "2", x: "1" } }),
    };
    expect(state.register("n1", again)).toEqual({ result: { ok: true, value: true }, changed: [] });
    expect(read(state.sql, "Catalog.NodeServices", { node: "n1" }).index).toBe(11);
  });

  it("moves only what differs, and keeps the create index", () => {
    const state = testState();
    state.register("n1", { Service: service("a"), Checks: [check("c")] });
    expect(
      state.register("n1", { Service: service("a", { Port: 2 }), Checks: [check("c")] }).changed,
    ).toEqual(["services:", "node:n1", "service:a"]);
    const value = read(state.sql, "Catalog.NodeServices", { node: "n1" }).value;
    expect(value?.Services.a).toMatchObject({ CreateIndex: 11, ModifyIndex: 12 });
    expect(value?.Node.ModifyIndex).toBe(11);
    expect(state.register("n1", { Checks: [check("c", { Output: "new" })] }).changed).toEqual([
      "checks:",
      "node-checks:n1",
      "health:a",
    ]);
  });

  it("leaves the node's row alone with SkipNodeUpdate, but creates a missing node", () => {
    const state = testState();
    state.register("n1", { Address: "", SkipNodeUpdate: true });
    state.register("n1", { Address: "9.9.9.9", SkipNodeUpdate: true, Service: service("s") });
    const value = read(state.sql, "Catalog.NodeServices", { node: "n1" }).value;
    expect(value?.Node).toMatchObject({ Address: "", CreateIndex: 11, ModifyIndex: 11 });
    expect(Object.keys(value?.Services ?? {})).toEqual(["s"]);
  });

  it("refuses with Consul's texts, and applies nothing then", () => {
    const state = testState();
    expect(text(state.register(""))).toBe("Must provide node");
    expect(text(state.register("x", { Address: "" }))).toBe(
      "Must provide address if SkipNodeUpdate is not set",
    );
    expect(text(state.register("x", { ID: "short" }))).toBe("Bad node ID: uuid string is wrong length");
    expect(text(state.register("x", { ID: `${idA.slice(0, 8)}x${idA.slice(9)}` }))).toBe(
      "Bad node ID: uuid is improperly formatted",
    );
    expect(text(state.register("x", { ID: `${idA.slice(0, 35)}g` }))).toBe(
      "Bad node ID: encoding/hex: invalid byte: U+0067 'g'",
    );
    expect(text(state.register("x", { Service: service("", { ID: "only-id" }) }))).toBe(
      "Must provide service name with ID",
    );
    expect(text(state.register("x", { Service: service("") }))).toBe(
      "failed inserting service: failed inserting service: object missing primary index",
    );
    expect(text(state.register("x", { Checks: [check("c", { Node: "y" })] }))).toBe(
      'check node "y" does not match node "x"',
    );
    expect(text(state.register("x", { Checks: [check("")] }))).toBe(
      'failed inserting check: failed inserting check: object missing primary index on node "x"',
    );
    expect(
      text(state.register("x", { Service: service("ok"), Checks: [check("c", { ServiceID: "nope" })] })),
    ).toBe('failed inserting check: Missing service registration on node "x"');
    expect(read(state.sql, "Catalog.ListNodes", { nodeMeta: {} })).toMatchObject({ index: 1, value: [] });
  });

  it("finds nodes, services and checks without regard to case", () => {
    const state = testState();
    state.register("Node", { Service: service("Web"), Checks: [check("C")] });
    state.register("NODE", { Service: service("WEB", { ID: "WEB" }), Checks: [check("c")] });
    expect(read(state.sql, "Catalog.ListNodes", { nodeMeta: {} }).value.map((node) => node.Node)).toEqual([
      "NODE",
    ]);
    expect(
      read(state.sql, "Catalog.ServiceNodes", { service: "weB", tags: [], nodeMeta: {} }).value,
    ).toHaveLength(1);
    expect(read(state.sql, "Health.NodeChecks", { node: "node" }).value.map((row) => row.CheckID)).toEqual([
      "c",
    ]);
  });
});

describe("node ids", () => {
  it("make the same id under a new name a rename, with what was on the old name gone", () => {
    const state = testState();
    state.register("old", { ID: idA, Service: service("s"), Checks: [check("c")] });
    state.register("new", { ID: idA });
    expect(read(state.sql, "Catalog.ListNodes", { nodeMeta: {} }).value).toMatchObject([
      { Node: "new", ID: idA, CreateIndex: 11, ModifyIndex: 12 },
    ]);
    expect(read(state.sql, "Catalog.ServiceNodes", { service: "s", tags: [], nodeMeta: {} })).toMatchObject({
      index: 12,
      value: [],
    });
  });

  it("protect the name of a node that is alive, and only of such a one", () => {
    const state = testState();
    state.register("n1", { ID: idA, Checks: [check("serfHealth")] });
    const reserved = `Node name N1 is reserved by node ${idA} with name n1 (10.0.0.1)`;
    expect(text(state.register("N1", { ID: idB }))).toBe(
      `failed inserting node: Error while renaming Node ID: "${idB}": ${reserved}`,
    );
    state.register("n2", { ID: idB });
    expect(text(state.register("N1", { ID: idB }))).toBe(
      `failed inserting node: Error while renaming Node ID: "${idB}" (10.0.0.1): ${reserved}`,
    );
    state.register("n1", { ID: idA, Checks: [check("serfHealth", { Status: "critical" })] });
    expect(state.register("n1", { ID: idB }).result.ok).toBe(true);
    expect(read(state.sql, "Catalog.ListNodes", { nodeMeta: {} }).value.map((node) => node.ID)).toEqual([
      idB,
    ]);
  });

  it("may be given to a node without one, and find a node by a unique beginning", () => {
    const state = testState();
    state.register("n1", { Checks: [check("serfHealth")] });
    expect(state.register("n1", { ID: idA }).result.ok).toBe(true);
    const by = (node: string) => read(state.sql, "Catalog.NodeServices", { node }).value?.Node.Node;
    expect(by(idA)).toBe("n1");
    expect(by("111")).toBe("n1");
    expect(by("1")).toBeUndefined();
    state.register("n2", { ID: "11111111-2222-2222-2222-222222222222" });
    expect(by("111")).toBeUndefined();
    expect(by("11111111-2")).toBe("n2");
  });
});

describe("deregistering", () => {
  it("takes a service's checks along, and a node's services and checks", () => {
    const state = testState();
    const both = { Service: service("s"), Checks: [check("n"), check("c", { ServiceID: "s" })] };
    state.register("n1", both);
    state.deregister("n1", { ServiceID: "s" });
    expect(read(state.sql, "Health.NodeChecks", { node: "n1" }).value.map((row) => row.CheckID)).toEqual([
      "n",
    ]);
    state.register("n1", both);
    const { changed } = state.deregister("n1");
    expect(new Set(changed)).toEqual(
      new Set(["nodes:", "services:", "checks:", "node:n1", "node-checks:n1", "service:s", "health:s"]),
    );
    for (const table of ["nodes", "services", "checks"]) {
      expect(state.sql.exec(`SELECT * FROM ${table}`)).toEqual([]);
    }
    expect(state.sql.exec("SELECT name FROM indexes ORDER BY name").map((row) => row.name)).toEqual([
      "checks:",
      "nodes:",
      "service-extinction",
      "services:",
    ]);
  });

  it("calls what is not there deregistered", () => {
    const state = testState();
    for (const what of [{}, { ServiceID: "s" }, { CheckID: "c" }]) {
      expect(state.deregister("none", what)).toEqual({ result: { ok: true, value: true }, changed: [] });
    }
    expect(text(state.deregister(""))).toBe("Must provide node");
  });

  it("gives a service that is gone the last extinction index", () => {
    const state = testState();
    const index = (name: string) =>
      read(state.sql, "Catalog.ServiceNodes", { service: name, tags: [], nodeMeta: {} }).index;
    expect(index("s")).toBe(1);
    state.register("n1", { Service: service("s") });
    state.register("n2", { Service: service("s") });
    expect(index("s")).toBe(12);
    state.deregister("n1");
    expect(index("s")).toBe(13);
    expect(index("other")).toBe(1);
    state.deregister("n2", { ServiceID: "s" });
    expect(index("s")).toBe(14);
    expect(index("other")).toBe(14);
  });
});
