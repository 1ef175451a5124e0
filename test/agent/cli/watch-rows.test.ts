// What a watch prints of checks and instances.

import { describe, expect, it } from "vitest";
import { asClientCheck, asClientInstance } from "../../../agent/cli/watch-rows.ts";

describe("rows of watches", () => {
  it("show every field of a check's definition", () => {
    const shown = asClientCheck({
      CheckID: "c",
      Definition: { HTTP: "http://x", Interval: "10s" },
      CreateIndex: 5,
    });
    expect(JSON.stringify(shown)).toBe(
      '{"CheckID":"c","Definition":{"Interval":"10s","Timeout":"0s","DeregisterCriticalServiceAfter":"0s","HTTP":"http://x",' +
        '"Header":null,"Method":"","Body":"","TLSSkipVerify":false,"TCP":""},"CreateIndex":5}',
    );
  });

  it("show a service's fields in the order of Consul's client, and lose none", () => {
    const Service = {
      ID: "w",
      Service: "web",
      Address: "a",
      Port: 80,
      Proxy: {},
      Connect: {},
      CreateIndex: 1,
      ModifyIndex: 2,
    };
    const { Service: shown } = asClientInstance({ Node: {}, Service, Checks: [] }) as { Service: object };
    expect(Object.keys(shown)).toEqual([
      "ID",
      "Service",
      "Port",
      "Address",
      "CreateIndex",
      "ModifyIndex",
      "Proxy",
      "Connect",
    ]);
  });
});
