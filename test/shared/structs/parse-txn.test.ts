// The body of a transaction as Consul 1.8.7 was seen to read it.

import { describe, expect, it } from "vitest";
import { parseGoJsonExact } from "../../../shared/base/go-json.ts";
import { parseTxn, txnSize } from "../../../shared/structs/parse-txn.ts";

function parse(text: string) {
  const json = parseGoJsonExact(text);
  if (!json.ok) throw new Error(json.error);
  return parseTxn(json.value);
}
const refused = (text: string) => {
  const parsed = parse(text);
  return parsed.ok ? "" : parsed.error;
};
const kv = (fields: string) => `[{"KV":{"Verb":"set","Key":"a",${fields}}}]`;

describe("the body of a transaction", () => {
  it("keeps numbers of 64 bits as they are", () => {
    expect(parse(kv('"Flags":18446744073709551615,"Value":"YQ=="'))).toEqual({
      ok: true,
      value: [
        {
          type: "KV",
          verb: "set",
          key: "a",
          value: "YQ==",
          flags: "18446744073709551615",
          index: 0,
          session: "",
        },
      ],
    });
    expect(parse(kv('"Flags":9007199254740993'))).toMatchObject({ value: [{ flags: "9007199254740993" }] });
    expect(parse(kv('"Index":9007199254740993'))).toMatchObject({
      value: [{ index: Number.MAX_SAFE_INTEGER }],
    });
  });

  it("takes the first kind of an element, and leaves empty ones out", () => {
    const both = '{"Node":{"Verb":"get","Node":{"Node":"n"}},"KV":{"Verb":"get","Key":"a"}}';
    expect(parse(`[{},null,${both}]`)).toMatchObject({ ok: true, value: [{ type: "KV" }] });
    expect(parse("null")).toEqual({ ok: true, value: [] });
    expect(txnSize([{}, {}])).toBe(2);
  });

  it("completes services and checks as Consul does, and keeps nothing of proxies", () => {
    const service =
      '{"ID":"w","Service":"web","Kind":"connect-proxy","Weights":{"Passing":0,"Warning":7},"Proxy":{"Config":{"X":1}}}';
    expect(parse(`[{"Service":{"Verb":"set","Node":"n","Service":${service}}}]`)).toMatchObject({
      value: [
        {
          type: "Service",
          node: "n",
          index: 0,
          service: {
            ID: "w",
            Service: "web",
            Tags: [],
            Meta: null,
            Weights: { Passing: 1, Warning: 1 },
            Proxy: { MeshGateway: {}, Expose: {} },
          },
        },
      ],
    });
    expect(parse('[{"Service":{"Verb":"set","Node":"n","Service":{"Proxy":{"X":1}}}}]')).toEqual({
      ok: false,
      error: 'json: unknown field "X"',
    });
    const check =
      '{"Node":"n","CheckID":"c","Type":"http","Definition":{"HTTP":"http://x","Foo":1},"ModifyIndex":7}';
    expect(parse(`[{"Check":{"Verb":"cas","Check":${check}}}]`)).toMatchObject({
      value: [{ type: "Check", index: 7, check: { Type: "", Status: "", Definition: { HTTP: "http://x" } } }],
    });
    expect(parse('[{"Node":{"Verb":"set"}},{"Service":{}},{"Check":{}}]')).toMatchObject({
      value: [{ node: { Node: "" } }, { service: { ID: "" } }, { check: { CheckID: "" } }],
    });
  });

  it("is refused in Go's words", () => {
    const prefix = "json: cannot unmarshal ";
    expect(refused("{}")).toBe(`${prefix}object into Go value of type api.TxnOps`);
    expect(refused("[1]")).toBe(`${prefix}number into Go value of type api.TxnOp`);
    expect(refused('[{"KV":5}]')).toBe(`${prefix}number into Go struct field TxnOp.KV of type api.KVTxnOp`);
    expect(refused('[{"KV":{"Verb":5}}]')).toBe(
      `${prefix}number into Go struct field KVTxnOp.KV.Verb of type api.KVOp`,
    );
    const flags = "into Go struct field KVTxnOp.KV.Flags of type uint64";
    for (const [value, kind] of [
      ["-1", "number -1"],
      ["1.5", "number 1.5"],
      ['"1"', "string"],
      ["18446744073709551616", "number 18446744073709551616"],
    ]) {
      expect(refused(kv(`"Flags":${value}`))).toBe(`${prefix}${kind} ${flags}`);
    }
    expect(refused(kv('"Value":5'))).toBe(
      `${prefix}number into Go struct field KVTxnOp.KV.Value of type []uint8`,
    );
    expect(refused(kv('"Value":"!!","Flags":"x"'))).toBe("illegal base64 data at input byte 0");
    expect(refused(kv('"X":1'))).toBe('json: unknown field "X"');
    expect(refused('[{"Session":{}}]')).toBe('json: unknown field "Session"');
    expect(refused('[{"Node":{"Node":{"Node":5}}}]')).toBe(
      `${prefix}number into Go struct field Node.Node.Node.Node of type string`,
    );
    expect(refused('[{"Service":{"Service":{"Port":"80"}}}]')).toBe(
      `${prefix}string into Go struct field AgentService.Service.Service.Port of type int`,
    );
    expect(refused('[{"Check":{"Check":{"Definition":{"Interval":"x"}}}}]')).toBe(
      'time: invalid duration "x"',
    );
  });
});
