import { describe, expect, it } from "vitest";
import { errorMessage, errors, serverError } from "../../shared/errors.ts";

describe("the table of errors", () => {
  it("fills a message from its arguments", () => {
    expect(errorMessage(serverError("methodNotAllowed", "POST"))).toBe("method POST not allowed");
  });

  it("leaves no placeholder standing when an argument is missing", () => {
    expect(errorMessage(serverError("bodyTooLarge", "9"))).not.toMatch(/\{\d\}/);
  });

  it("uses statuses that say whose fault it is", () => {
    for (const row of Object.values(errors)) expect(row.status).toBeGreaterThanOrEqual(400);
  });
});
