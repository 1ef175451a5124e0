import { describe, expect, it } from "vitest";
import { watchMatches } from "../../../shared/state/watch-keys.ts";
import { createWatchIndex } from "../../../worker/server/watch-index.ts";

const keys = [
  "kv:",
  "kv:a",
  "kv:a/b",
  "kv:b",
  "kv*:",
  "kv*:a",
  "kv*:a/",
  "kv*:c",
  "nodes:",
  "node:a",
  "service:a",
];

describe("the index of watchers", () => {
  it("finds exactly the watches that a changed key matches", () => {
    const index = createWatchIndex<string>();
    for (const key of keys) index.add(key, key);
    for (const changed of keys) {
      const expected = keys.filter((watched) => watchMatches(watched, changed));
      expect([...index.matching(changed)].sort(), changed).toEqual(expected.sort());
    }
  });

  it("forgets a watch when its last watcher left", () => {
    const index = createWatchIndex<string>();
    for (const key of keys) index.add(key, "one");
    index.add("kv:a", "two");
    for (const key of keys) index.remove(key, "one");
    expect([...index.matching("kv:a")]).toEqual(["two"]);
    index.remove("kv:a", "two");
    expect(index.size).toBe(0);
  });
});
