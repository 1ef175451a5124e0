import { expect, it } from "vitest";
import { sharedJson } from "../../../shared/api/shared-json.ts";

it("prints a frozen value once for each form, and any other each time", () => {
  let prints = 0;
  const print = (value: object, pretty: boolean) => `${++prints}${JSON.stringify(value)}${pretty}`;
  const frozen = Object.freeze({ a: 1 });
  expect(sharedJson(frozen, false, print)).toBe('1{"a":1}false');
  expect(sharedJson(frozen, false, print)).toBe('1{"a":1}false');
  expect(sharedJson(frozen, true, print)).toBe('2{"a":1}true');
  const own = { a: 1 };
  expect([sharedJson(own, false, print), sharedJson(own, false, print)]).toEqual([
    '3{"a":1}false',
    '4{"a":1}false',
  ]);
});

it("keeps a long text as bytes", () => {
  const frozen = Object.freeze(["é".repeat(5_000)]);
  const body = sharedJson(frozen, false, (value) => JSON.stringify(value));
  expect(body).toBeInstanceOf(Uint8Array);
  expect(new TextDecoder().decode(body as Uint8Array)).toBe(JSON.stringify(frozen));
  expect(sharedJson(frozen, false, () => "never")).toBe(body);
});
