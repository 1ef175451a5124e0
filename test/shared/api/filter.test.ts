// ?filter= as routes use it.

import { describe, expect, it } from "vitest";
import { filterEntries, filterRows, requestFilter } from "../../../shared/api/filter.ts";
import type { HttpRequest } from "../../../shared/api/http.ts";
import { parseQueryString } from "../../../shared/api/query-string.ts";
import { nodeFields } from "../../../shared/bexpr/fields.ts";

function requestOf(rawQuery: string): HttpRequest {
  return { rawQuery, query: (name: string) => parseQueryString(rawQuery).get(name)?.[0] } as HttpRequest;
}

describe("the filter of a request", () => {
  it("is none when the parameter is absent or empty", () => {
    expect(requestFilter(requestOf(""), nodeFields)).toEqual({ ok: true, value: null });
    expect(requestFilter(requestOf("filter="), nodeFields)).toEqual({ ok: true, value: null });
    expect(filterRows([{ Node: "a" }], null)).toEqual([{ Node: "a" }]);
  });

  it("keeps the rows of a list and the entries of a map that pass", () => {
    const filter = requestFilter(requestOf("filter=Node%3D%3Da"), nodeFields);
    const passing = filter.ok ? filter.value : null;
    expect(filterRows([{ Node: "a" }, { Node: "b" }], passing)).toEqual([{ Node: "a" }]);
    expect(filterEntries({ x: { Node: "a" }, y: { Node: "b" } }, passing)).toEqual({ x: { Node: "a" } });
  });

  it("answers 500 with Consul's text when it is wrong", () => {
    expect(requestFilter(requestOf("filter=x%3D%3Da"), nodeFields)).toEqual({
      ok: false,
      error: {
        code: "rejected",
        args: ['Failed to create boolean expression evaluator: Selector "x" is not valid'],
      },
    });
  });
});
