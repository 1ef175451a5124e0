import { describe, expect, it } from "vitest";
import { bytesToBase64 } from "../../../shared/base/base64.ts";
import { limits } from "../../../shared/limits.ts";
import {
  decodeKeyringFile,
  encodeKeyringFile,
  installKey,
  type Keyring,
  parseKey,
  removeKey,
  useKey,
} from "../../../shared/structs/keyring.ts";

const key = (fill: number, length = 32) => new Uint8Array(length).fill(fill);
const taken = (result: { ok: true; value: Keyring } | { ok: false; error: string }) => {
  if (!result.ok) throw new Error(result.error);
  return result.value;
};

describe("a keyring", () => {
  const two = taken(installKey(taken(installKey([], key(1))), key(2, 16)));

  it("keeps its first key as the primary when others are installed", () => {
    expect(two).toEqual([key(1), key(2, 16)]);
    expect(taken(installKey(two, key(2, 16)))).toEqual(two);
  });

  it("makes a key that it holds the primary, and no other", () => {
    expect(taken(useKey(two, key(2, 16)))).toEqual([key(2, 16), key(1)]);
    expect(useKey(two, key(3))).toEqual({ ok: false, error: "Requested key is not in the keyring" });
  });

  it("removes any key but the primary; one that it does not hold is no error", () => {
    expect(taken(removeKey(two, key(2, 16)))).toEqual([key(1)]);
    expect(taken(removeKey(two, key(9)))).toEqual(two);
    expect(removeKey(two, key(1))).toEqual({ ok: false, error: "Removing the primary key is not allowed" });
  });

  it("takes keys of 16, 24 and 32 bytes only, and not without end", () => {
    expect(installKey([], key(1, 20)).ok).toBe(false);
    expect(parseKey("c2hvcnQ=")).toEqual({ ok: false, error: "key size must be 16, 24 or 32 bytes" });
    expect(parseKey("%").ok).toBe(false);
    let many: Keyring = [];
    for (let fill = 0; fill < limits.gossipKeysMax; fill++) many = taken(installKey(many, key(fill)));
    expect(installKey(many, key(255)).ok).toBe(false);
  });

  it("is written to a file as a list of base64 and read back", () => {
    expect(encodeKeyringFile(two)).toBe(JSON.stringify([bytesToBase64(key(1)), bytesToBase64(key(2, 16))]));
    expect(taken(decodeKeyringFile(encodeKeyringFile(two)))).toEqual(two);
    for (const text of ["", "[]", "{}", "[1]", '["c2hvcnQ="]'])
      expect(decodeKeyringFile(text).ok).toBe(false);
  });
});
