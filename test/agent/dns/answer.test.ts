// Records from instances and nodes; how they reach the wire is in handler.test.ts.

import { describe, expect, it } from "vitest";
import {
  addressRecord,
  metaRecords,
  nodeRecords,
  serviceRecords,
  srvRecords,
} from "../../../agent/dns/answer.ts";
import { instance, node } from "./support.ts";

describe("records", () => {
  it("are of the family that is asked for", () => {
    expect(addressRecord("o", "10.0.0.1", "AAAA", 5)).toBeNull();
    expect(addressRecord("o", "10.0.0.1", "MX", 5)).toBeNull();
    expect(addressRecord("o", "10.0.0.1", "ANY", 5)).toEqual({
      name: "o",
      type: "A",
      ttl: 5,
      data: "10.0.0.1",
    });
    expect(addressRecord("o", "a..b", "A", 5)).toBeNull();
  });

  it("carry metadata as key=value, or the bare value", () => {
    const texts = metaRecords("o", node("n", "", { a: "1", "rfc1035-b": "2" }), 0).map((one) => one.data);
    expect(texts).toEqual(["a=1", "2"]);
    expect(nodeRecords("o", node("n", "10.0.0.1", { a: "1" }), "A", 0)).toMatchObject({
      answers: [{ type: "A" }],
      additionals: [{ type: "TXT" }],
    });
  });

  it("repeat no address and no SRV target", () => {
    const twice = [instance("n", "10.0.0.1", { service: "w" }), instance("n", "10.0.0.1", { service: "w" })];
    expect(serviceRecords("o", twice, "A", 0).answers).toHaveLength(1);
    expect(srvRecords("o", twice, { datacenter: "dc1", domain: "consul." }, 0).answers).toHaveLength(1);
  });

  it("point SRV at the host name of a node that has no IP address", () => {
    const records = srvRecords(
      "o",
      [instance("n", "host.example", { service: "w" })],
      { datacenter: "dc1", domain: "consul." },
      0,
    );
    expect(records).toMatchObject({ answers: [{ data: { target: "host.example." } }], additionals: [] });
  });
});
