import { describe, expect, it } from "vitest";
import { txnEndpoints } from "../../../../worker/server/endpoints/txn.ts";

const options = { datacenter: "", token: "", consistency: "default", minIndex: 0, waitMillis: 0 };
const kv = { type: "KV", verb: "get", key: "k", value: null, flags: "0", index: 0, session: "" };
const fields = { ID: "", Node: "n", Address: "", TaggedAddresses: null, Meta: null };
const node = (Datacenter: string) =>
  ({ type: "Node", verb: "set", node: { ...fields, Datacenter }, index: 0 }) as const;

describe("the transaction endpoints", () => {
  const apply = txnEndpoints["Txn.Apply"];

  it("put a node that names no datacenter into this one", () => {
    const request = { operations: [node(""), node("dc9")], datacenter: "", token: "" };
    const command = apply.command(request, "dc1");
    expect(command).toMatchObject({
      operations: [{ node: { Datacenter: "dc1" } }, { node: { Datacenter: "dc9" } }],
    });
  });

  it("refuse other shapes, and more operations than a transaction may have", () => {
    const ask = (operations: unknown) => apply.check({ token: "", datacenter: "", operations }).ok;
    expect(ask([kv, node("")])).toBe(true);
    expect(ask([])).toBe(true);
    const wrong = [
      { ...kv, flags: 7 },
      { ...kv, index: -1 },
      { ...kv, value: "!" },
      { ...kv, type: "Foo" },
      null,
    ];
    for (const operation of wrong) expect(ask([operation])).toBe(false);
    expect(ask(new Array(65).fill(kv))).toBe(false);
  });

  it("do not let a read write", () => {
    const ask = (verb: string) =>
      txnEndpoints["Txn.Read"].check({ options, operations: [{ ...kv, verb }] }).ok;
    expect([ask("get"), ask("bogus"), ask("set"), ask("lock")]).toEqual([true, true, false, false]);
  });
});
