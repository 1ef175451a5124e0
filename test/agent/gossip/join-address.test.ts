// Addresses to join in all their forms.

import { describe, expect, it } from "vitest";
import { parseJoinAddress } from "../../../agent/gossip/join-address.ts";

describe("an address to join", () => {
  it("is a host or an address, with a port or without", () => {
    const read = (text: string) => {
      const parsed = parseJoinAddress(text, 8301);
      return parsed.ok ? `${parsed.value.host} ${parsed.value.port}` : parsed.error;
    };
    expect(read("10.0.0.1")).toBe("10.0.0.1 8301");
    expect(read("10.0.0.1:7946")).toBe("10.0.0.1 7946");
    expect(read("consul.example")).toBe("consul.example 8301");
    expect(read("consul.example:1")).toBe("consul.example 1");
    expect(read("fe80::1")).toBe("fe80::1 8301");
    expect(read("[fe80::1]:7")).toBe("fe80::1 7");
    expect(read("[fe80::1]")).toBe("fe80::1 8301");
    expect(read("name/10.0.0.1:7")).toBe("10.0.0.1 7");
  });

  it("is refused with what is wrong", () => {
    for (const text of ["", "name/", "a:b:c", "host:0", "host:70000", "provider=aws tag_key=x"])
      expect(parseJoinAddress(text, 8301)).toMatchObject({
        ok: false,
        error: expect.stringContaining("resolve"),
      });
  });
});
