import { describe, expect, it } from "vitest";
import { parseGoBoolean, parseUint64 } from "../../../shared/base/go-number.ts";

describe("Go numbers", () => {
  it("reads the whole range of a u64 and drops leading zeros", () => {
    expect(parseUint64("18446744073709551615")).toEqual({ ok: true, value: "18446744073709551615" });
    expect(parseUint64("007")).toEqual({ ok: true, value: "7" });
  });

  it.each(["", "abc", "-1", "+1", "0x10", "1_0"])("refuses %j as invalid syntax", (text) => {
    const error = `strconv.ParseUint: parsing "${text}": invalid syntax`;
    expect(parseUint64(text)).toEqual({ ok: false, error });
  });

  it("refuses 2^64 as out of range", () => {
    const error = 'strconv.ParseUint: parsing "18446744073709551616": value out of range';
    expect(parseUint64("18446744073709551616")).toEqual({ ok: false, error });
  });

  it("knows Go's spellings of booleans and no others", () => {
    expect(["1", "t", "True", "0", "f", "FALSE"].map(parseGoBoolean)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(parseGoBoolean("no")).toBeNull();
  });
});
