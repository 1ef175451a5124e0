// What the comparison takes for equal, and what not.

import { describe, expect, it } from "vitest";
import { difference, Names } from "./normalise.ts";

const answer = (body: string, headers: readonly (readonly [string, string])[] = []) => ({
  status: "200",
  headers,
  body,
  bytes: new Uint8Array(),
});

describe("the normaliser", () => {
  const told = (names: Names, ...bodies: readonly string[]) =>
    bodies.flatMap((body, step) => {
      names.begin(step + 1);
      return names.lines(answer(body), []).slice(2);
    });

  it("keeps which indexes are equal and which is higher, whatever they are", () => {
    const first = told(
      new Names({}, 10),
      '"ModifyIndex": 20',
      '"ModifyIndex": 20',
      '"CreateIndex": 15',
      '"Index": 5',
    );
    const second = told(
      new Names({}, 100),
      '"ModifyIndex": 300',
      '"ModifyIndex": 300',
      '"CreateIndex": 200',
      '"Index": 7',
    );
    expect(second).toEqual(first);
    expect(told(new Names({}, 10), '"ModifyIndex": 20', '"ModifyIndex": 21')).not.toEqual(first.slice(0, 2));
    expect(
      told(new Names({}, 10), '"ModifyIndex": 20', '"ModifyIndex": 20', '"CreateIndex": 25'),
    ).not.toEqual(first.slice(0, 3));
  });

  it("names identifiers by where they were seen first, and leaves those alone that a scenario writes", () => {
    const [one, two] = ["0a0b0c0d-1111-2222-3333-444444444444", "99990000-1111-2222-3333-444444444444"];
    expect(told(new Names({}, 0), `"${one}"`, `"${one}"`)).toEqual(
      told(new Names({}, 0), `"${two}"`, `"${two}"`),
    );
    expect(told(new Names({}, 0), `"${one}"`, `"${two}"`)).not.toEqual(
      told(new Names({}, 0), `"${one}"`, `"${one}"`),
    );
    const own = "11111111-2222-3333-4444-555555555555";
    expect(told(new Names({}, 0), own)).toEqual([own]);
  });

  it("shows only the lines that differ", () => {
    expect(difference(["a", "b", "c"], ["a", "x", "c", "d"])).toEqual(["- b", "+ x", "+ d"]);
    expect(difference(["a"], ["a"])).toEqual([]);
  });
});
