// IP addresses in their texts and in hexadecimal.

import { describe, expect, it } from "vitest";
import { ipFromHex, ipToHex, parseIp } from "../../../agent/dns/address.ts";

describe("IP addresses", () => {
  it("are told from host names", () => {
    for (const text of [
      "",
      "host",
      "1.2.3",
      "1.2.3.256",
      "01.2.3.4",
      "1:2",
      ":::",
      "::1::",
      "1::g",
      "fe80::1%eth0",
    ])
      expect([text, parseIp(text)]).toEqual([text, null]);
    expect(parseIp("10.0.0.1")).toMatchObject({ family: 4, text: "10.0.0.1" });
    expect(parseIp("::ffff:10.0.0.1")).toMatchObject({ family: 4, text: "10.0.0.1" });
    expect(parseIp("2001:DB8::1")).toMatchObject({ family: 6, text: "2001:db8:0:0:0:0:0:1" });
    expect(parseIp("::")).toMatchObject({ family: 6 });
  });

  it("go to hexadecimal and back", () => {
    for (const text of ["192.168.1.1", "1:2:3:4:5:6:7:8"]) {
      const ip = parseIp(text)!;
      expect(ipFromHex(ipToHex(ip))).toEqual({ ok: true, value: ip });
    }
    expect(ipToHex(parseIp("192.168.1.1")!)).toBe("c0a80101");
    expect(ipFromHex("c0a801").ok).toBe(false);
    expect(ipFromHex("c0a8010g").ok).toBe(false);
  });
});
