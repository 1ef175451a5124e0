import { describe, expect, it } from "vitest";
import { limits } from "../../../shared/limits.ts";
import { createAnswerCache } from "../../../worker/server/answer-cache.ts";

/** A cache over a counter of real reads. */
function counted(keys: readonly string[] = ["kv:a"], value: () => unknown = () => ({ rows: [1] })) {
  const cache = createAnswerCache();
  let reads = 0;
  const read = (signature = "a") =>
    cache.read(signature, () => {
      reads += 1;
      return { index: reads, keys, value: value() };
    });
  return { cache, read, reads: () => reads };
}

describe("the answer cache", () => {
  it("gives the same object to everybody once a read was asked for twice", () => {
    const s = counted();
    s.read();
    const second = s.read();
    expect(s.read()).toBe(second);
    expect(s.reads()).toBe(2);
  });

  it("reads again when a key changed that the result depends on, and not for another", () => {
    const s = counted(["kv*:a/"]);
    s.read();
    const kept = s.read();
    s.cache.changed(["kv:b", "service:web"]);
    expect(s.read()).toBe(kept);
    s.cache.changed(["kv:a/x"]);
    expect(s.read().index).toBe(3);
  });

  it("reads what is not there anew, because its index moves with everything", () => {
    for (const nothing of [null, [], { ok: true, value: null }]) {
      const s = counted(["kv:a"], () => nothing);
      for (let at = 0; at < 3; at++) s.read();
      expect(s.reads()).toBe(3);
    }
  });

  it("never keeps what no watch key would end: a transaction that only reads", () => {
    const s = counted([]);
    for (let at = 0; at < 3; at++) s.read();
    expect([s.reads(), s.cache.size]).toEqual([3, 0]);
  });

  it("freezes what it keeps, all the way down", () => {
    const s = counted();
    s.read();
    const value = s.read().value as { rows: number[] };
    expect(() => value.rows.push(2)).toThrow(TypeError);
  });

  it("keeps no more than its limits, the latest used", () => {
    const s = counted();
    for (let at = 0; at < limits.answerCacheEntriesMax + 10; at++) {
      s.read(`query-${at}`);
      s.read(`query-${at}`);
      s.read("query-0");
    }
    expect(s.cache.size).toBe(limits.answerCacheEntriesMax);
    const before = s.reads();
    s.read("query-0");
    expect(s.reads()).toBe(before);
  });

  it("keeps nothing that is too large", () => {
    const s = counted(["kv:a"], () => "x".repeat(limits.answerCacheEntryCharsMax));
    for (let at = 0; at < 3; at++) s.read();
    expect(s.reads()).toBe(3);
  });
});
