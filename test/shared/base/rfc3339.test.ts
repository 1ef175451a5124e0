import { expect, it } from "vitest";
import { rfc3339Seconds } from "../../../shared/base/rfc3339.ts";

it("prints whole seconds in UTC, as Go does", () => {
  expect(rfc3339Seconds(1_795_278_563_999)).toBe("2026-11-21T16:29:23Z");
  expect(rfc3339Seconds(0)).toBe("1970-01-01T00:00:00Z");
});
