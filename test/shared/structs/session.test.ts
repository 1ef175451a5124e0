import { describe, expect, it } from "vitest";
import { checksOfSession, parseSessionId, sessionTtlMillis } from "../../../shared/structs/session.ts";

describe("a session's id", () => {
  it("is canonical whatever the case and wherever the dashes are", () => {
    const id = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
    expect(parseSessionId(id.toUpperCase())).toEqual({ ok: true, value: id });
    expect(parseSessionId("aaaaaaaabbbb-cccc-dddd-eeeeee-eeeeee")).toEqual({ ok: true, value: id });
  });

  it("is refused in Consul's words", () => {
    const refused = (text: string) => {
      const parsed = parseSessionId(text);
      return parsed.ok ? "" : parsed.error.replace("failed session lookup: index error: ", "");
    };
    expect(refused("abc")).toBe("UUID must be 36 characters");
    expect(refused("-".repeat(36))).toBe('UUID should have maximum of 4 "-"; got 36');
    expect(refused("zzzzzzzz-2222-3333-4444-555555555555")).toBe(
      "Invalid UUID: encoding/hex: invalid byte: U+007A 'z'",
    );
    expect(refused("11111111-2222-3333-44444555555555555")).toBe(
      "Invalid UUID: encoding/hex: odd length hex string",
    );
  });
});

describe("a session", () => {
  it("depends on each of its checks once", () => {
    const ServiceChecks = [{ ID: "web", Namespace: "" }];
    expect(checksOfSession({ NodeChecks: ["serfHealth", "web"], Checks: ["live"], ServiceChecks })).toEqual([
      "live",
      "serfHealth",
      "web",
    ]);
    expect(checksOfSession({ NodeChecks: null, ServiceChecks: null })).toEqual([]);
  });

  it("expires only with a TTL above zero", () => {
    expect(["", "0s", "-1s", "x", "10s"].map((TTL) => sessionTtlMillis({ TTL }))).toEqual([
      null,
      null,
      null,
      null,
      10_000,
    ]);
  });
});
