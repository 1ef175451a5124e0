// The escapes of Go's texts, by what the readers of two languages make of them.

import { expect, it } from "vitest";
import { goEscapes } from "../../../shared/base/go-escapes.ts";
import { unquoteGoString } from "../../../shared/bexpr/unquote.ts";
import { readString } from "../../../shared/hcl/strings.ts";

it("are read alike by filters and by HCL", () => {
  for (const [letter, meant] of Object.entries(goEscapes)) {
    expect(unquoteGoString(`\\${letter}`)).toBe(meant);
    expect(readString(`"\\${letter}"`, 0)).toEqual({ value: meant, end: 4 });
  }
  expect(Object.values(goEscapes).map((meant) => meant.charCodeAt(0))).toEqual([
    7, 8, 12, 10, 13, 9, 11, 92, 34,
  ]);
});
