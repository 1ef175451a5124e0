// What names ask for.

import { describe, expect, it } from "vitest";
import { isDnsName, parseName } from "../../../agent/dns/question.ts";

const kindOf = (name: string) => parseName(name, "consul.").kind;

describe("names in the domain", () => {
  it("name a service with its tag and datacenter", () => {
    const web = { kind: "service", service: "web", tag: "", datacenter: "", srvOnly: false };
    expect(parseName("Web.Service.CONSUL.", "consul")).toEqual(web);
    expect(parseName("a.b.web.service.dc1.consul", "consul")).toEqual({
      ...web,
      tag: "a.b",
      datacenter: "dc1",
    });
    expect(parseName("_web._tcp.service.consul", "consul")).toEqual(web);
    expect(parseName("_web._v1.dc1.consul", "consul")).toEqual({
      ...web,
      tag: "v1",
      datacenter: "dc1",
      srvOnly: true,
    });
  });

  it("name a node or a prepared query, dots included, or an address", () => {
    expect(parseName("a.b.node.dc1.dc.consul", "consul")).toEqual({
      kind: "node",
      node: "a.b",
      datacenter: "dc1",
    });
    expect(parseName("geo.web.query.dc1.consul", "consul")).toEqual({
      kind: "query",
      query: "geo.web",
      datacenter: "dc1",
    });
    expect(parseName("0a000001.addr.consul", "consul")).toEqual({ kind: "addr", hex: "0a000001" });
  });

  it("name nothing when they are of no form, or outside the domain", () => {
    for (const name of [
      "consul",
      "x.consul",
      "service.consul",
      "web.virtual.consul",
      "_x.consul",
      "a..service.consul",
    ])
      expect([name, kindOf(name)]).toEqual([name, "none"]);
    for (const name of [".", "", "com", "xconsul", "consul.com"]) expect(kindOf(name)).toBe("outside");
  });
});

describe("texts as DNS names", () => {
  it("need labels of 1 to 63 bytes and 255 in all", () => {
    expect(["a", "a.b.", "x".repeat(63), "ä".repeat(31)].every(isDnsName)).toBe(true);
    const long = Array.from({ length: 5 }, () => "x".repeat(60)).join(".");
    for (const text of ["", "a..b", "x".repeat(64), "ä".repeat(32), long])
      expect(isDnsName(text)).toBe(false);
  });
});
