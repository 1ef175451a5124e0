// What filters let through, and what Consul 1.8.7 says of those that do not fit the rows.

import { describe, expect, it } from "vitest";
import { createFilter } from "../../../shared/bexpr/evaluate.ts";
import {
  checkServiceNodeFields,
  type Fields,
  nodeFields,
  serviceNodeFields,
} from "../../../shared/bexpr/fields.ts";
import { parseGoInteger } from "../../../shared/bexpr/integer.ts";

const row = {
  Node: "n1",
  Address: "127.0.0.1",
  NodeMeta: { "consul-network-segment": "" },
  ServiceName: "web",
  ServiceTags: ["a", "b c"],
  ServiceMeta: { k: "v", "a-b": "x" },
  ServiceTaggedAddresses: { lan_ipv4: { Address: "1.2.3.4", Port: 80 } },
  ServicePort: 80,
  ServiceEnableTagOverride: false,
  ServiceWeights: { Passing: 1, Warning: 1 },
  ServiceProxy: { MeshGateway: {}, Expose: {} },
  ServiceConnect: {},
};

function passes(text: string, value: unknown = row, fields: Fields = serviceNodeFields): boolean {
  const filter = createFilter(text, fields);
  if (!filter.ok) throw new Error(filter.error);
  return filter.value(value);
}

describe("filters", () => {
  it.each([
    ["", true],
    ["ServicePort == 80", true],
    ['ServicePort == "0x50"', true],
    ["ServicePort == -1", false],
    ["ServicePort != 80", false],
    ["ServiceEnableTagOverride == F", true],
    ['"b c" in ServiceTags', true],
    ["ServiceTags contains a", true],
    ["ServiceTags not contains a", false],
    ["ServiceTags is empty", false],
    ['ServiceMeta["a-b"] == x', true],
    ["k in ServiceMeta", true],
    ["e in ServiceName", true],
    ["z not in ServiceName", true],
    ['ServiceTaggedAddresses.lan_ipv4.Address == "1.2.3.4"', true],
    ["ServiceProxy.Upstreams is empty", true],
    ['ServiceProxy.MeshGateway.Mode == ""', true],
    ["ServiceProxy.LocalServicePort == 0", true],
    ["ServiceConnect.Native == false", true],
    ['ServiceKind == ""', true],
    ['Node matches "^n[0-9]$" and not Node matches "2"', true],
    ["Node == x or Node == n1 and ServicePort == 80", true],
  ])("of a service: %s is %s", (text, expected) => {
    expect(passes(text)).toBe(expected);
  });

  it.each([
    ['ServiceMeta.zz == ""', false],
    ['ServiceMeta.zz != ""', true],
    ["x in ServiceMeta.zz", false],
    ["x not in ServiceMeta.zz", true],
    ['ServiceMeta.zz matches "nothing"', true],
    ['ServiceMeta.zz not matches "nothing"', true],
    ["ServiceTaggedAddresses.zz.Port == 80", false],
    ["ServiceTaggedAddresses.zz.Port != 80", true],
  ])("of a key that is not there: %s is %s, as in Consul", (text, expected) => {
    expect(passes(text)).toBe(expected);
  });

  it("asks for any element of a list, in both directions", () => {
    const value = {
      Node: {},
      Service: {},
      Checks: [{ Status: "passing" }, { Status: "critical", ServiceTags: [] }],
    };
    const of = (text: string) => passes(text, value, checkServiceNodeFields);
    expect([of("Checks.Status == passing"), of("Checks.Status != passing")]).toEqual([true, true]);
    expect(of("not Checks.Status == passing")).toBe(false);
    expect(of("Checks.ServiceTags is empty")).toBe(true);
    expect(of("Service.Proxy.Upstreams.LocalBindPort != 1")).toBe(false);
  });

  it.each([
    ["Foo == 1 and Bar == 2", 'Selector "Foo" is not valid'],
    ["TaggedAddresses.lan.foo == x", 'Selector "TaggedAddresses.lan.foo" is not valid'],
    ["ServiceProxy.Config.a == x", 'Selector "ServiceProxy.Config" is not valid'],
    ["ServiceMeta.a.b.c == x", 'Selector "ServiceMeta.a.b" is not valid'],
    ["CreateIndex == 5", 'Selector "CreateIndex" is not valid'],
    ["node == n1", 'Selector "node" is not valid'],
    ["ServiceTags == a", 'Invalid match operator "Equal" for selector "ServiceTags"'],
    ["Node is empty", 'Invalid match operator "Is Empty" for selector "Node"'],
    ["ServiceMeta matches x", 'Invalid match operator "Matches" for selector "ServiceMeta"'],
    ["ServiceProxy == 1", 'Invalid match operator "Equal" for selector "ServiceProxy"'],
    ["80 in ServicePort", 'Invalid match operator "In" for selector "ServicePort"'],
    [
      "ServicePort == abc",
      'Failed to coerce value "abc" for selector "ServicePort": strconv.ParseInt: parsing "abc": invalid syntax',
    ],
    [
      "ServicePort == 99999999999999999999",
      'Failed to coerce value "99999999999999999999" for selector "ServicePort": strconv.ParseInt: parsing "99999999999999999999": value out of range',
    ],
    [
      "ServiceEnableTagOverride == abc",
      'Failed to coerce value "abc" for selector "ServiceEnableTagOverride": strconv.ParseBool: parsing "abc": invalid syntax',
    ],
    [
      'Node matches "[" and Foo == 1',
      'Failed to compile regular expression "[": error parsing regexp: missing closing ]: `[`',
    ],
    ["Node ==", '1:8 (7): no match found, expected: "-", "0", "\\"", "`", [ \\t\\r\\n], [1-9] or [a-zA-Z]'],
  ])("refuses %s with Consul's text", (text, error) => {
    expect(createFilter(text, serviceNodeFields)).toEqual({
      ok: false,
      error: `Failed to create boolean expression evaluator: ${error}`,
    });
  });

  it("takes nothing that a row merely inherits for a field", () => {
    expect(createFilter("constructor == x", nodeFields).ok).toBe(false);
    expect(passes("toString in Meta", { Meta: {} }, nodeFields)).toBe(false);
  });

  it("reads integers as Go does", () => {
    expect(parseGoInteger("1_000")).toEqual({ ok: true, value: 1000 });
    expect(parseGoInteger("017")).toEqual({ ok: true, value: 15 });
    expect(parseGoInteger("-0b11")).toEqual({ ok: true, value: -3 });
    expect(parseGoInteger(" 80").ok).toBe(false);
  });
});
