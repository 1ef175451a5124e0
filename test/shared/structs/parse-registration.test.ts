import { describe, expect, it } from "vitest";
import { errorMessage } from "../../../shared/errors.ts";
import { parseDeregistration, parseRegistration } from "../../../shared/structs/parse-registration.ts";

function text(result: ReturnType<typeof parseRegistration> | ReturnType<typeof parseDeregistration>): string {
  return result.ok ? "accepted" : errorMessage(result.error).replace("Request decode failed: ", "");
}

describe("a catalog registration", () => {
  it("is completed with Consul's defaults", () => {
    const body = { node: "n", ADDRESS: "a", Service: { Service: "w" }, Check: { Name: "three" } };
    expect(parseRegistration(body)).toEqual({
      ok: true,
      value: {
        Datacenter: "",
        ID: "",
        Node: "n",
        Address: "a",
        TaggedAddresses: null,
        NodeMeta: null,
        Service: {
          ID: "w",
          Service: "w",
          Tags: [],
          Address: "",
          Meta: null,
          Port: 0,
          Weights: { Passing: 1, Warning: 1 },
          EnableTagOverride: false,
          Proxy: { MeshGateway: {}, Expose: {} },
          Connect: {},
        },
        Checks: [
          {
            Node: "n",
            CheckID: "three",
            Name: "three",
            Status: "critical",
            Notes: "",
            Output: "",
            ServiceID: "",
            Type: "",
            Definition: {},
          },
        ],
        SkipNodeUpdate: false,
      },
    });
  });

  it("keeps a check's definition as the catalog shows it", () => {
    const Definition = { HTTP: "http://x", Timeout: "5s", Interval: "10s", IntervalDuration: "1s" };
    const result = parseRegistration({ Node: "n", Address: "a", Check: { Name: "c", Definition } });
    const check = result.ok ? result.value.Checks[0] : null;
    expect(JSON.stringify(check?.Definition)).toBe('{"Interval":"10s","Timeout":"5s","HTTP":"http://x"}');
    expect(check?.Type).toBe("http");
  });

  // Recorded from Consul 1.8.7.
  it.each([
    [[], "json: cannot unmarshal array into Go value of type structs.RegisterRequest"],
    [1, "json: cannot unmarshal number into Go value of type structs.RegisterRequest"],
    [{ Node: 1 }, "json: cannot unmarshal number into Go struct field RegisterRequest.Node of type string"],
    [{ ID: 1 }, "json: cannot unmarshal number into Go struct field RegisterRequest.ID of type types.NodeID"],
    [{ foo: 1, Node: 2 }, 'json: unknown field "foo"'],
    [
      { Service: { Port: "x" } },
      "json: cannot unmarshal string into Go struct field NodeService.Service.Port of type int",
    ],
    [{ Service: { tagged_addresses: {} } }, 'json: unknown field "tagged_addresses"'],
    [
      { Service: [] },
      "json: cannot unmarshal array into Go struct field RegisterRequest.Service of type structs.NodeService",
    ],
    [
      { Service: { Weights: { Passing: "x" } } },
      "json: cannot unmarshal string into Go struct field Weights.Service.Weights.Passing of type int",
    ],
    [
      { Service: { TaggedAddresses: { lan: { Port: "x" } } } },
      "json: cannot unmarshal string into Go struct field ServiceAddress.Service.TaggedAddresses.Port of type int",
    ],
    [
      { Checks: [{ Status: 1 }] },
      "json: cannot unmarshal number into Go struct field HealthCheck.Checks.Status of type string",
    ],
    [
      { Checks: {} },
      "json: cannot unmarshal object into Go struct field RegisterRequest.Checks of type structs.HealthChecks",
    ],
    [
      { Check: { CreateIndex: -1 } },
      "json: cannot unmarshal number -1 into Go struct field HealthCheck.Check.CreateIndex of type uint64",
    ],
    [{ Check: { Definition: { Interval: "bad" } } }, 'time: invalid duration "bad"'],
    [{ Node: "x", Address: "a", ID: "short" }, "Bad node ID: uuid string is wrong length"],
    [
      { Node: "x", Address: "a", ID: "GGGGGGGG-1111-1111-1111-111111111111" },
      "Bad node ID: encoding/hex: invalid byte: U+0047 'G'",
    ],
    [
      { Node: "p1", Address: "a", Check: { Node: "other", Name: "q" } },
      'check node "other" does not match node "p1"',
    ],
  ])("refuses %j", (value, expected) => {
    expect(text(parseRegistration(value))).toBe(expected);
  });
});

describe("a catalog deregistration", () => {
  it("is read in any case", () => {
    expect(parseDeregistration({ node: "q", serviceid: "x", Address: "y" })).toEqual({
      ok: true,
      value: { Datacenter: "", Node: "q", ServiceID: "x", CheckID: "" },
    });
  });

  it.each([
    [{ Node: 1 }, "json: cannot unmarshal number into Go struct field .Node of type string"],
    [{ service_id: "x" }, 'json: unknown field "service_id"'],
    [[], "json: cannot unmarshal array into Go value of type struct { Address string; *structs.Alias }"],
  ])("refuses %j", (value, expected) => {
    expect(text(parseDeregistration(value))).toBe(expected);
  });
});
