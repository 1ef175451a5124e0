import { describe, expect, it } from "vitest";
import { base64ToBytes, bytesToBase64, goBase64 } from "../../../shared/base/base64.ts";

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

  it("is read as Go reads it, and refused where Go refuses it", () => {
    const good = { "": "", "YQ==": "YQ==", "YQ\n==\r\n": "YQ==", "YR==": "YQ==" };
    for (const [text, canonical] of Object.entries(good)) {
      expect(goBase64(text)).toEqual({ ok: true, value: canonical });
    }
    const bad: readonly (readonly [string, number])[] = [
      ["!!", 0],
      ["YQ", 0],
      ["Y Q==", 1],
      ["YQ==YQ==", 4],
      ["YWJjZA", 4],
      ["YWJj!A==", 4],
      ["YWJjZA=x", 6],
      ["YWJjZA=", 7],
      ["=", 0],
    ];
    for (const [text, at] of bad) {
      expect(goBase64(text)).toEqual({ ok: false, error: `illegal base64 data at input byte ${at}` });
    }
  });
});
