import { describe, expect, it } from "vitest";
import { base64ToBytes, bytesToBase64 } from "../../../shared/base/base64.ts";

describe("base64", () => {
  it("returns every byte string unchanged", () => {
    for (const length of [0, 1, 2, 3, 255, 70_000]) {
      const bytes = Uint8Array.from({ length }, (_, at) => (at * 7) % 256);
      expect(base64ToBytes(bytesToBase64(bytes))).toEqual(bytes);
    }
  });

  it("uses the standard alphabet with padding", () => {
    expect(bytesToBase64(new Uint8Array([0, 255, 1, 254, 10]))).toBe("AP8B/go=");
  });

  it("refuses what is no base64", () => {
    expect(base64ToBytes("%%%")).toBeNull();
  });
});
