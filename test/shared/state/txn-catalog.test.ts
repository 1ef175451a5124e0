import { describe, expect, it } from "vitest";
import { refuseNode, refuseService } from "../../../shared/state/txn-catalog.ts";
import { service } from "../../support/state-builders.ts";

const fields = { Address: "", Datacenter: "dc1", TaggedAddresses: null, Meta: null };

describe("what an operation of a transaction says by itself", () => {
  it("must name a node, with an id that is one, unless it is only looked for", () => {
    const node = (verb: string, Node: string, ID = "") =>
      refuseNode({ type: "Node", verb, node: { ...fields, ID, Node }, index: 0 });
    expect(node("zap", "")).toBe("Must provide node");
    expect(node("delete", "n", "bad")).toBe("Bad node ID: uuid string is wrong length");
    expect([node("get", "", "bad"), node("set", "n")]).toEqual([null, null]);
  });

  it("must name a service, with metadata that Consul takes", () => {
    const refused = (verb: string, over: Parameters<typeof service>[1]) =>
      refuseService({ type: "Service", verb, node: "n", service: service("web", over), index: 0 });
    expect(refused("cas", { Service: "" })).toBe("Must provide service name with ID");
    expect(refused("get", { Service: "" })).toBeNull();
    expect(refused("set", { Meta: { "": "x" } })).toBe(
      "Invalid Service Meta for node n and serviceID web: Couldn't load metadata pair ('', 'x'): Key cannot be blank",
    );
    expect(refused("set", { ID: "", Service: "" })).toBeNull();
  });
});
