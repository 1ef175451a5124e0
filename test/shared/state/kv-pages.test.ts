import { describe, expect, it } from "vitest";
import { nextRandom } from "../../../shared/base/prng.ts";
import { ResultTooLarge } from "../../../shared/state/bounded-sql.ts";
import { kvPage } from "../../../shared/state/kv-pages.ts";
import type { KvPageRequest } from "../../../shared/structs/kv.ts";
import { type TestState, testState } from "../../support/state-builders.ts";

const all: KvPageRequest = { prefix: "", what: "keys", after: "", limit: null, separator: "/", depth: null };

function world(keys: readonly string[]): TestState {
  const state = testState();
  for (const key of keys) state.set(key, "eA==");
  return state;
}

const page = (state: TestState, over: Partial<KvPageRequest>) => kvPage(state.sql, { ...all, ...over }).value;

/** Turns pages to the end. */
function pages(state: TestState, over: Partial<KvPageRequest>): string[] {
  const shown: string[] = [];
  for (let after = ""; ; ) {
    const { keys, entries, next } = page(state, { ...over, after });
    shown.push(...keys, ...entries.map((entry) => entry.Key));
    if (next === null) return shown;
    expect(next).toBe(shown.at(-1));
    after = next;
  }
}

describe("a listing in pages", () => {
  it("ends a page of large values early, and loses none of them", () => {
    const state = testState();
    const value = "A".repeat(1_000_000);
    const keys = Array.from({ length: 20 }, (_, at) => `big/${String(at).padStart(2, "0")}`);
    for (const key of keys) state.set(key, value);
    const first = page(state, { what: "entries", prefix: "big/", limit: 100 });
    expect([first.entries.length, first.next]).toEqual([5, "big/04"]);
    expect(pages(state, { what: "entries", prefix: "big/", limit: 100 })).toEqual(keys);
    expect(() => page(state, { what: "entries", prefix: "big/" })).toThrow(ResultTooLarge);
    expect(page(state, { prefix: "big/" }).keys).toEqual(keys);
  });

  it("has a limit and says where the next page begins", () => {
    const state = world(["a/1", "a/2", "a/3", "b"]);
    expect(page(state, { limit: 2 })).toEqual({ entries: [], keys: ["a/1", "a/2"], count: 2, next: "a/2" });
    expect(page(state, { limit: 2, after: "a/2" })).toMatchObject({ keys: ["a/3", "b"], next: null });
    expect(page(state, { prefix: "a/", limit: 3 })).toMatchObject({
      keys: ["a/1", "a/2", "a/3"],
      next: null,
    });
    expect(page(state, { prefix: "b", after: "a/2" }).keys).toEqual(["b"]);
    expect(page(state, { what: "entries", limit: 1, after: "a/3" }).entries).toMatchObject([
      { Key: "b", Value: "eA==" },
    ]);
  });

  it("cuts keys at a depth, and leaves out entries that are deeper", () => {
    const state = world(["a/1", "a/b/2", "a/b/c/3", "a/b/c/4", "top"]);
    expect(page(state, { depth: 1 }).keys).toEqual(["a/", "top"]);
    expect(page(state, { depth: 2 }).keys).toEqual(["a/1", "a/b/", "top"]);
    expect(page(state, { depth: 1, prefix: "a/b/" }).keys).toEqual(["a/b/2", "a/b/c/"]);
    const entries = page(state, { what: "entries", depth: 2 }).entries.map((entry) => entry.Key);
    expect(entries).toEqual(["a/1", "top"]);
    expect(pages(state, { depth: 2, limit: 1 })).toEqual(["a/1", "a/b/", "top"]);
  });

  it("counts", () => {
    const state = world(["a/1", "a/2", "b"]);
    expect(page(state, { what: "count" })).toEqual({ entries: [], keys: [], count: 3, next: null });
    expect(page(state, { what: "count", prefix: "a/" }).count).toBe(2);
    expect(page(state, { what: "count", prefix: "none" }).count).toBe(0);
  });

  it("agrees with the whole list, whatever the pages, depths and keys", () => {
    let random = 7;
    const pick = (below: number): number => {
      const drawn = nextRandom(random);
      random = drawn.state;
      return Math.floor(drawn.value * below);
    };
    const parts = ["a", "b", "é", "\u{1f600}", "\u{fffd}", "z"];
    for (let round = 0; round < 20; round++) {
      const keys = Array.from({ length: pick(60) }, () =>
        Array.from({ length: 1 + pick(4) }, () => parts[pick(parts.length)]).join("/"),
      );
      const state = world(keys);
      const sorted = [...new Set(keys)].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
      for (const prefix of ["", "a", "a/", "\u{1f600}/"]) {
        for (const depth of [null, 1, 2]) {
          const below = sorted.filter((key) => key.startsWith(prefix));
          const fold = (key: string) => {
            const rest = key.slice(prefix.length).split("/");
            return depth === null || rest.length <= depth
              ? key
              : `${prefix}${rest.slice(0, depth).join("/")}/`;
          };
          const limit = 1 + pick(5);
          expect(pages(state, { prefix, depth, limit })).toEqual([...new Set(below.map(fold))]);
          const shallow = below.filter((key) => fold(key) === key);
          expect(pages(state, { prefix, depth, limit, what: "entries" })).toEqual(shallow);
        }
      }
    }
  });

  it("reads little of a large subtree that it shows as one key", () => {
    const state = world(Array.from({ length: 5_000 }, (_, n) => `big/${n}`));
    state.set("small/1", "eA==");
    const before = state.sql.statements();
    expect(page(state, { depth: 1 }).keys).toEqual(["big/", "small/"]);
    expect(state.sql.statements() - before).toBeLessThan(5);
  });
});
