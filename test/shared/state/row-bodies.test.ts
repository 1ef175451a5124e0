import { describe, expect, it } from "vitest";
import { fromBody, metaMatches, sameBody, sortedMap } from "../../../shared/state/row-bodies.ts";

describe("row bodies", () => {
  it("are the same whatever the order of keys, and differ in anything else", () => {
    expect(sameBody('{"a":1,"b":{"c":[1,2]}}', '{"b":{"c":[1,2]},"a":1}')).toBe(true);
    expect(sameBody('{"a":[1,2]}', '{"a":[2,1]}')).toBe(false);
    expect(sameBody('{"a":null}', '{"a":{}}')).toBe(false);
    expect(sameBody('{"a":[]}', '{"a":{}}')).toBe(false);
    expect(sameBody('{"a":1}', '{"b":1}')).toBe(false);
  });

  it("are shown with the row's indexes last", () => {
    const row = { body: '{"ID":"x"}', create_index: 1, modify_index: 2 };
    expect(JSON.stringify(fromBody(row))).toBe('{"ID":"x","CreateIndex":1,"ModifyIndex":2}');
  });

  it("have maps in the order of their keys, and hold names like those of methods", () => {
    expect(JSON.stringify(sortedMap({ b: 1, a: 2 }))).toBe('{"a":2,"b":1}');
    expect(sortedMap(null)).toBe(null);
    expect(metaMatches({ a: "1" }, { a: "1" })).toBe(true);
    expect(metaMatches(null, { a: "1" })).toBe(false);
    expect(metaMatches(null, {})).toBe(true);
  });
});
