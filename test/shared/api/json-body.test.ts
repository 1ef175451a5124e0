import { describe, expect, it } from "vitest";
import type { HttpRequest } from "../../../shared/api/http.ts";
import { readJsonBody } from "../../../shared/api/json-body.ts";
import { kvEntriesJson } from "../../../shared/api/kv-json.ts";
import { doorRequest } from "../../support/door-request.ts";

const body = (text: string) => readJsonBody(doorRequest("PUT /x", text) as unknown as HttpRequest);

describe("JSON bodies", () => {
  it("are parsed, or refused in Go's words", async () => {
    expect(await body('{"a":1}')).toEqual({ ok: true, value: { a: 1 } });
    expect(await body("{")).toEqual({ ok: false, error: { code: "decodeFailed", args: ["unexpected EOF"] } });
  });

  it("write no entries as an empty array", () => {
    expect(kvEntriesJson([], false)).toBe("[]");
  });
});
