// What may be proposed at all.

import { describe, expect, it } from "vitest";
import { limits } from "../../../shared/limits.ts";
import { encodeCommand } from "../../../shared/fsm/codec.ts";
import type { U64 } from "../../../shared/base/brand.ts";
import { entryTooLarge } from "../../../worker/server/entry-size.ts";

describe("the size of an entry", () => {
  const write = (key: string, value: string) =>
    encodeCommand({ kind: "kv", operation: { verb: "set", key, value, flags: "0" as U64 } }, 1);

  it("lets the largest value pass under the longest and worst key of a request line", () => {
    const base64 = "A".repeat(Math.ceil(limits.kvValueBytesHighest / 3) * 4);
    expect(entryTooLarge(write('"'.repeat(21_000), base64))).toBe(null);
  });

  it("counts bytes as they stand in the row, escapes and UTF-8 included", () => {
    expect(entryTooLarge("x".repeat(limits.logEntryBytesMax - 2))).toBe(null);
    const tooLarge = { code: "commandTooLarge" };
    expect(entryTooLarge("x".repeat(limits.logEntryBytesMax))).toMatchObject(tooLarge);
    expect(entryTooLarge('"'.repeat(limits.logEntryBytesMax / 2))).toMatchObject(tooLarge);
    expect(entryTooLarge("\u20ac".repeat(limits.logEntryBytesMax / 3))).toMatchObject(tooLarge);
  });
});
