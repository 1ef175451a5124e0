import { describe, expect, it } from "vitest";
import { commandNumbers, decodeCommand, encodeCommand } from "../../../shared/fsm/codec.ts";
import type { Command } from "../../../shared/fsm/types.ts";
import { check, registration, service } from "../../support/state-builders.ts";

const commands: readonly Command[] = [
  { kind: "register", registration: registration("n", { Service: service("s"), Checks: [check("c")] }) },
  { kind: "deregister", deregistration: { Datacenter: "dc1", Node: "n", ServiceID: "", CheckID: "" } },
  { kind: "kv", operation: { verb: "delete", key: 'a"\n\u{1f600}' } },
  { kind: "reapTombstones", upTo: 7 },
  { kind: "session", operation: { verb: "destroy", id: "x" } },
  { kind: "expireKeys", upTo: 1.5 },
];

describe("the command codec", () => {
  it("gives back every command it wrote", () => {
    for (const command of commands) expect(decodeCommand(encodeCommand(command))).toEqual(command);
  });

  it("keeps the numbers that are in logs already", () => {
    expect(commandNumbers).toMatchObject({
      register: 1,
      deregister: 2,
      kv: 3,
      reapTombstones: 4,
      kvLock: 5,
      session: 6,
      expireKeys: 7,
      txn: 8,
      coordinates: 20,
    });
    expect(encodeCommand({ kind: "reapTombstones", upTo: 7 })).toBe('{"v":1,"t":4,"upTo":7}');
  });

  it("throws on every cut of an entry, and on what it does not know", () => {
    for (const command of commands) {
      const text = encodeCommand(command);
      for (let length = 0; length < text.length; length++) {
        expect(() => decodeCommand(text.slice(0, length))).toThrow();
      }
    }
    for (const text of ["null", "[]", "7", '{"v":2,"t":3}', '{"v":1,"t":99}', '{"v":1,"t":3}', '{"v":1}']) {
      expect(() => decodeCommand(text)).toThrow("broken invariant");
    }
  });
});
