import { describe, expect, it } from "vitest";
import { checkedEntry } from "../../../shared/config-entry/validate.ts";
import { gatewayProblem } from "../../../shared/config-entry/validate-gateway.ts";
import { routerProblem } from "../../../shared/config-entry/validate-router.ts";
import type { ConfigEntry } from "../../../shared/structs/config-entry.ts";
import { parseConfigEntry } from "../../../shared/structs/parse-config-entry.ts";
import { decodeWeakly } from "../../../shared/structs/weak-decoder.ts";

function entry(body: object): ConfigEntry {
  const parsed = parseConfigEntry(body);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
const decodeProblem = (body: unknown) => {
  const parsed = parseConfigEntry(body);
  return parsed.ok ? "" : parsed.error;
};
const problem = (body: object) => {
  const checked = checkedEntry(entry(body));
  return checked.ok ? "" : checked.error;
};

describe("decoding a config entry", () => {
  it("shows the fields of its kind in Consul's order, and leaves out what says nothing", () => {
    const given = {
      name: "web",
      KIND: "x",
      kind: "service-defaults",
      external_sni: "s",
      mesh_gateway: { mode: "remote" },
      Protocol: 5,
      expose: { Paths: { Path: "/h", local_path_port: "1" } },
    };
    const { KIND: _, ...known } = given;
    expect(JSON.stringify(entry(known))).toBe(
      '{"Kind":"service-defaults","Name":"web","Protocol":"5","MeshGateway":{"Mode":"remote"},' +
        '"Expose":{"Paths":[{"Path":"/h","LocalPathPort":1,"ParsedFromCheck":false}]},"ExternalSNI":"s"}',
    );
    expect(decodeProblem(given)).toBe('1 error occurred:\n\t* invalid config key "kind"\n\n');
    expect(
      JSON.stringify(entry({ Kind: "service-resolver", Name: "r", ConnectTimeout: "1h1m", Subsets: {} })),
    ).toBe('{"ConnectTimeout":"1h1m0s","Kind":"service-resolver","Name":"r"}');
    expect(
      JSON.stringify(
        entry({ Kind: "service-router", Name: "r", Routes: [{ Match: {}, Destination: {} }, {}] }),
      ),
    ).toBe('{"Kind":"service-router","Name":"r","Routes":[{"Match":{},"Destination":{}},{}]}');
  });

  it.each([
    [{}, "Payload does not contain a kind/Kind key at the top level"],
    [{ Kind: 5 }, "Kind value in payload is not a string"],
    [{ Kind: "nope" }, "invalid config entry kind: nope"],
    [[], "'' expected a map, got 'slice'"],
    ["x", "'' expected a map, got 'string'"],
    [
      { Kind: "service-defaults", Bogus: 1, Also: 2 },
      '2 errors occurred:\n\t* invalid config key "Bogus"\n\t* invalid config key "Also"\n\n',
    ],
    [
      { Kind: "service-defaults", Expose: { Paths: [{ Bogus: 1 }] } },
      '1 error occurred:\n\t* invalid config key "Expose.Paths[0].Bogus"\n\n',
    ],
    [
      { Kind: "service-defaults", Namespace: "default" },
      '1 error occurred:\n\t* invalid config key "Namespace", namespaces are a consul enterprise feature\n\n',
    ],
    [
      { Kind: "service-defaults", MeshGateway: "x" },
      "1 error(s) decoding:\n\n* 'MeshGateway' expected a map, got 'string'",
    ],
    [
      { Kind: "service-defaults", Expose: { Paths: "x" } },
      "1 error(s) decoding:\n\n* 'Expose.Paths[0]' expected a map, got 'string'",
    ],
    [
      { Kind: "service-resolver", ConnectTimeout: "abc" },
      "1 error(s) decoding:\n\n* error decoding 'ConnectTimeout': time: invalid duration \"abc\"",
    ],
    [
      { Kind: "service-splitter", Splits: [{ Weight: "x" }] },
      "1 error(s) decoding:\n\n* cannot parse 'Splits[0].Weight' as float: strconv.ParseFloat: parsing \"x\": invalid syntax",
    ],
    [
      { Kind: "proxy-defaults", Config: 5 },
      "1 error(s) decoding:\n\n* 'Config' expected a map, got 'float64'",
    ],
  ])("says what is wrong with %j", (body, text) => expect(decodeProblem(body)).toBe(text));

  it("has nanoseconds that 63 bits do not hold overflow as Go's", () => {
    for (const ConnectTimeout of [1e20, 2 ** 63, -1e20]) {
      const decoded = entry({ Kind: "service-resolver", Name: "r", ConnectTimeout });
      expect(decoded).toMatchObject({ ConnectTimeout: "-2562047h47m16.854775808s" });
    }
    const largest = entry({ Kind: "service-resolver", Name: "r", ConnectTimeout: 9e18 });
    expect(largest).toMatchObject({ ConnectTimeout: "2500000h0m0s" });
  });

  it("decodes to itself once it was decoded", () => {
    const once = entry({
      Kind: "service-resolver",
      Name: "r",
      ConnectTimeout: "15s",
      Redirect: { Service: "x" },
    });
    expect(entry(once)).toEqual(once);
    expect(decodeWeakly({ kind: "open" }, null).ok).toBe(false);
  });
});

describe("what an entry must say", () => {
  const resolver = (fields: object) => ({ Kind: "service-resolver", Name: "r", ...fields });
  const splitter = (...Splits: object[]) => ({ Kind: "service-splitter", Name: "s", Splits });
  it.each([
    [{ Kind: "service-defaults" }, "serviceName is required"],
    [{ Kind: "service-router" }, "Name is required"],
    [resolver({ DefaultSubset: "none" }), 'DefaultSubset "none" is not a valid subset'],
    [resolver({ Subsets: { "": {} } }), "Subset defined with empty name"],
    [resolver({ Redirect: {} }), "Redirect is empty"],
    [
      resolver({ Redirect: { ServiceSubset: "x" } }),
      "Redirect.ServiceSubset defined without Redirect.Service",
    ],
    [
      resolver({ Redirect: { Service: "x" }, Failover: { "*": { Service: "y" } } }),
      "Redirect and Failover cannot both be set",
    ],
    [resolver({ Failover: { nope: { Service: "y" } } }), 'Bad Failover["nope"]: not a valid subset'],
    [
      resolver({ Failover: { "*": {} } }),
      'Bad Failover["*"] one of Service, ServiceSubset, Namespace, or Datacenters is required',
    ],
    [
      resolver({ Failover: { "*": { ServiceSubset: "x" } } }),
      'Bad Failover["*"].ServiceSubset "x" is not a valid subset of ""',
    ],
    [
      resolver({ Failover: { "*": { Datacenters: [""] } } }),
      'Bad Failover["*"].Datacenters: found empty datacenter',
    ],
    [resolver({ ConnectTimeout: "-5s" }), "Bad ConnectTimeout '-5s', must be >= 0"],
    [splitter(), "no splits configured"],
    [splitter({ Weight: 50 }), "the sum of all split weights must be 100, not 50.000000"],
    [
      splitter({ Weight: 50 }, { Weight: 50, Service: "s" }),
      'split destination occurs more than once: service="s", subset="", namespace=""',
    ],
  ])("%j", (body, text) => expect(problem(body)).toBe(text));

  it("is kept in one form", () => {
    expect(checkedEntry(entry({ Kind: "proxy-defaults", Name: "other" }))).toMatchObject({
      value: { Name: "global" },
    });
    expect(checkedEntry(entry(splitter({ Weight: 33.333 }, { Weight: 66.667, Service: "b" })))).toMatchObject(
      { value: { Splits: [{ Weight: 33.33 }, { Weight: 66.67 }] } },
    );
    const routes = [
      { Match: { HTTP: { Methods: ["get"] } }, Destination: { PrefixRewrite: "/", Service: "x" } },
    ];
    const checked = checkedEntry(entry({ Kind: "service-router", Name: "r", Routes: routes }));
    expect(checked.ok).toBe(false);
    const [first] = routes;
    const exact = [{ ...first, Match: { HTTP: { Methods: ["get"], PathExact: "/x" } } }];
    expect(
      JSON.stringify(checkedEntry(entry({ Kind: "service-router", Name: "r", Routes: exact }))),
    ).toContain(
      '"Methods":["GET"]}},"Destination":{"Service":"x","Namespace":"default","PrefixRewrite":"/"}',
    );
  });
});

describe("what a router must say", () => {
  const route = (one: object) => {
    const router = entry({ Kind: "service-router", Name: "r", Routes: [one] });
    return router.Kind === "service-router" ? routerProblem(router) : null;
  };
  const http = (HTTP: object) => route({ Match: { HTTP } });
  it("tells its conditions apart", () => {
    expect(http({ PathExact: "x" })).toBe(`Route[0] PathExact doesn't start with '/': "x"`);
    expect(http({ PathExact: "/x", PathPrefix: "/y" })).toBe(
      "Route[0] should only contain at most one of PathExact, PathPrefix, or PathRegex",
    );
    expect(http({ Header: [{ Name: "" }] })).toBe("Route[0] Header[0] missing required Name field");
    expect(http({ Header: [{ Name: "x", Present: true, Regex: "b" }] })).toBe(
      "Route[0] Header[0] should only contain one of Present, Exact, Prefix, Suffix, or Regex",
    );
    expect(http({ QueryParam: [{ Name: "x" }] })).toBe(
      "Route[0] QueryParam[0] should only contain one of Present, Exact, or Regex",
    );
    expect(http({ Header: [{ Name: "x", Prefix: "p", Invert: true }], Methods: ["BAD"] })).toBe(null);
    expect(route({ Destination: { PrefixRewrite: "/" } })).toBe(
      "Route[0] cannot make use of PrefixRewrite without configuring either PathExact or PathPrefix",
    );
  });
});

describe("what a gateway must say", () => {
  const ingress = (...Listeners: object[]) => {
    const checked = checkedEntry(entry({ Kind: "ingress-gateway", Name: "ig", Listeners }));
    return checked.ok ? "" : checked.error;
  };
  const terminating = (...Services: object[]) => {
    const gateway = entry({ Kind: "terminating-gateway", Name: "tg", Services });
    return gateway.Kind === "terminating-gateway" ? gatewayProblem(gateway) : null;
  };
  it.each([
    [[{ Port: 1 }], "No service declared for listener with port 1"],
    [
      [{ Port: 1, Protocol: "bogus", Services: [{ Name: "a" }] }],
      "protocol must be 'tcp', 'http', 'http2', or 'grpc'. 'bogus' is an unsupported protocol",
    ],
    [
      [{ Port: 1, Services: [{ Name: "a" }, { Name: "b" }] }],
      "Multiple services per listener are only supported for protocol = 'http' (listener on port 1)",
    ],
    [
      [{ Port: 1, Services: [{ Name: "*" }] }],
      "Wildcard service name is only valid for protocol = 'http' (listener on port 1)",
    ],
    [
      [{ Port: 1, Services: [{ Name: "a", Hosts: ["x"] }] }],
      "Associating hosts to a service is not supported for the tcp protocol (listener on port 1)",
    ],
    [
      [{ Port: 1, Protocol: "http", Services: [{ Name: "*", Hosts: ["x"] }] }],
      "Associating hosts to a wildcard service is not supported (listener on port 1)",
    ],
    [
      [{ Port: 1, Protocol: "http", Services: [{ Name: "s", Hosts: ["x.*"] }] }],
      'Host "x.*" is not valid, a wildcard specifier is only allowed as the leftmost label',
    ],
    [
      [
        {
          Port: 1,
          Protocol: "http",
          Services: [
            { Name: "s", Hosts: ["a"] },
            { Name: "t", Hosts: ["a"] },
          ],
        },
      ],
      "Hosts must be unique within a specific listener (listener on port 1)",
    ],
    [
      [
        { Port: 1, Services: [{ Name: "a" }] },
        { Port: 1, Services: [{ Name: "b" }] },
      ],
      "port 1 declared on two listeners",
    ],
    [[{ Port: 1, Services: [{ Name: "a" }] }], ""],
  ])("%j", (listeners, text) => expect(ingress(...listeners)).toBe(text));

  it("originates TLS with all three files", () => {
    expect(terminating({})).toBe("Service name cannot be blank.");
    expect(terminating({ Name: "a" }, { Name: "a" })).toBe(
      'Service "a" was specified more than once within a namespace',
    );
    expect(terminating({ Name: "a", CertFile: "x", KeyFile: "y" })).toBe(
      'Service "a" must have a CertFile, CAFile, and KeyFile specified for TLS origination',
    );
    expect(terminating({ Name: "a", CAFile: "z" }, { Name: "*" })).toBe(null);
  });
});
