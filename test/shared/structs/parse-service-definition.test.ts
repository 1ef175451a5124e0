import { describe, expect, it } from "vitest";
import { parseServiceDefinition } from "../../../shared/structs/parse-service-definition.ts";

function problem(value: unknown, source: "api" | "file" = "api"): string {
  const result = parseServiceDefinition(value, { source });
  return result.ok ? "accepted" : result.error.text;
}

describe("a service definition", () => {
  it("is completed with Consul's defaults", () => {
    expect(parseServiceDefinition({ Name: "min" })).toEqual({
      ok: true,
      value: {
        id: "min",
        name: "min",
        kind: "",
        tags: [],
        address: "",
        taggedAddresses: {},
        meta: {},
        port: 0,
        weights: { Passing: 1, Warning: 1 },
        enableTagOverride: false,
        token: "",
        checks: [],
      },
    });
  });

  it("is read in either spelling and any case", () => {
    const body = {
      name: "s",
      ID: "s2",
      enable_tag_override: true,
      tagged_addresses: { lan: { address: "1.2.3.4", PORT: 5 } },
      Weights: null,
      Check: {},
      checks: [
        {
          http: "http://x",
          interval: "10ms",
          deregister_critical_service_after: "5s",
          tls_skip_verify: true,
        },
      ],
    };
    expect(parseServiceDefinition(body)).toMatchObject({
      value: {
        id: "s2",
        enableTagOverride: true,
        taggedAddresses: { lan: { Address: "1.2.3.4", Port: 5 } },
        checks: [{ intervalMillis: 1000, deregisterCriticalAfterMillis: 60_000, tlsSkipVerify: true }],
      },
    });
  });

  it("is read from a configuration file, where underscores do not count", () => {
    const block = {
      name: "s",
      port: "80",
      tags: "one",
      check: { check_id: "c", tcp: "x:1", interval: "10s", success_before_passing: 2, output_max_size: 10 },
    };
    expect(parseServiceDefinition(block, { source: "file" })).toMatchObject({
      value: { port: 80, tags: ["one"], checks: [{ id: "c", successBeforePassing: 2, outputBytesMax: 10 }] },
    });
    expect(problem({ name: "s", prot: 1 }, "file")).toBe("invalid config key prot");
    expect(problem({ name: "s", check: { args: ["x"], interval: "1s" } }, "file")).toContain(
      "Scripts are disabled on this agent; to enable, configure",
    );
  });

  // Recorded from Consul 1.8.7, without "Request decode failed: ".
  it.each([
    [{ Name: 1 }, "json: cannot unmarshal number into Go struct field .Name of type string"],
    [{ Name: "s", Foo: 1 }, 'json: unknown field "Foo"'],
    [{ Name: "s", port: "x" }, "json: cannot unmarshal string into Go struct field .Port of type int"],
    [{ Name: "s", Port: 1.5 }, "json: cannot unmarshal number 1.5 into Go struct field .Port of type int"],
    [{ Name: "s", Tags: "x" }, "json: cannot unmarshal string into Go struct field .Tags of type []string"],
    [{ Name: "s", Tags: [1] }, "json: cannot unmarshal number into Go struct field .Tags of type string"],
    [
      { Name: "s", Meta: { a: 1 } },
      "json: cannot unmarshal number into Go struct field .Meta of type string",
    ],
    [
      { Name: "s", Meta: [] },
      "json: cannot unmarshal array into Go struct field .Meta of type map[string]string",
    ],
    [
      { Name: "s", Kind: 1 },
      "json: cannot unmarshal number into Go struct field .Kind of type structs.ServiceKind",
    ],
    [{ Name: "s", Check: { Foo: 1 } }, 'json: unknown field "Foo"'],
    [{ Name: "s", Check: { ID: "x" } }, 'json: unknown field "ID"'],
    [{ Name: "s", Check: { TTL: "bad" } }, 'time: invalid duration "bad"'],
    [
      { Name: "s", Check: { Status: 1 } },
      "json: cannot unmarshal number into Go struct field .Check of type string",
    ],
    [
      { Name: "s", Check: { args: "x" } },
      "json: cannot unmarshal string into Go struct field .Check of type []string",
    ],
    [
      { Name: "s", Checks: [{ HTTP: 1 }] },
      "json: cannot unmarshal number into Go struct field .Checks of type string",
    ],
    [
      { Name: "s", Checks: {} },
      "json: cannot unmarshal object into Go struct field .Checks of type structs.CheckTypes",
    ],
    [
      { Name: "s", Weights: { passing: "x" } },
      "json: cannot unmarshal string into Go struct field Weights.Weights.Passing of type int",
    ],
    [
      { Name: "s", TaggedAddresses: { lan: { Address: 1 } } },
      "json: cannot unmarshal number into Go struct field ServiceAddress.TaggedAddresses.Address of type string",
    ],
    [
      { Name: "s", TaggedAddresses: { lan: 1 } },
      "json: cannot unmarshal number into Go struct field .TaggedAddresses of type structs.ServiceAddress",
    ],
    [null, "Missing service name"],
    [{ Name: "s", Address: "0.0.0.0" }, "Invalid service address"],
    [{ Name: "s", Weights: { Passing: 0, Warning: 1 } }, "Invalid Weights: Passing must be greater than 0"],
    [
      { Name: "s", Weights: { Passing: 1, Warning: -1 } },
      "Invalid Weights: Warning must be greater or equal than 0",
    ],
    [{ Name: "s", Weights: { Passing: 70_000 } }, "Invalid Weights: DNS Weight must be between 0 and 65535"],
    [{ Name: "s", Checks: [{}] }, "Invalid check: TTL must be > 0 for TTL checks"],
    [{ Name: "s", Check: { Status: "bad" } }, "Invalid check: TTL must be > 0 for TTL checks"],
    [
      { Name: "s", Check: { TTL: "10s", Status: "fine" } },
      "Status for checks must 'passing', 'warning', 'critical'",
    ],
    [
      { Name: "s", Meta: { "a.b": "v" } },
      "Invalid Service Meta: Couldn't load metadata pair ('a.b', 'v'): Key contains invalid characters",
    ],
    [
      { Name: "s", Meta: { "consul-x": "c" } },
      "Invalid Service Meta: Couldn't load metadata pair ('consul-x', 'c'): Key prefix 'consul-' is reserved for internal use",
    ],
  ])("refuses %j", (value, text) => {
    expect(problem(value)).toBe(text);
  });

  it.each([
    { Check: { TTL: true } },
    { Check: null },
    { Kind: "bogus" },
    { Proxy: {}, Connect: {} },
    { Port: 70_000 },
  ])("accepts %j as Consul does", (extra) => {
    expect(problem({ Name: "s", ...extra })).toBe("accepted");
  });
});
