// IP addresses in and out.

import { describe, expect, it } from "vitest";
import { formatIp, isMappedIpv4, parseIpBytes } from "../../../shared/base/ip.ts";

describe("an IP address", () => {
  it("is the same after a round trip, in Go's form", () => {
    const texts = ["127.0.0.1", "fe80::1", "::1", "::", "2001:db8::", "1:2:3:4:5:6:7:8", "1:0:0:2::3"];
    for (const text of texts) expect(formatIp(parseIpBytes(text) ?? new Uint8Array(0))).toBe(text);
    expect(formatIp(parseIpBytes("2001:0DB8:0:0:1:0:0:0") ?? new Uint8Array(0))).toBe("2001:db8:0:0:1::");
  });

  it("keeps 16 bytes when it is mapped, and prints as IPv4", () => {
    const mapped = parseIpBytes("::ffff:10.9.9.1") ?? new Uint8Array(0);
    expect(mapped).toHaveLength(16);
    expect(isMappedIpv4(mapped)).toBe(true);
    expect(formatIp(mapped)).toBe("10.9.9.1");
  });

  it("is null for other texts", () => {
    for (const text of [
      "",
      "localhost",
      "1.2.3",
      "1.2.3.256",
      "1::2::3",
      ":::",
      "1:2:3",
      "12345::",
      "::1.2.3",
    ])
      expect(parseIpBytes(text)).toBeNull();
    expect(formatIp(Uint8Array.of(1, 2, 3))).toBe("");
  });
});
