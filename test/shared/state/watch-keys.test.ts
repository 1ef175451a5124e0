import { describe, expect, it } from "vitest";
import {
  isPrefixWatch,
  splitWatchKey,
  watchKey,
  watchMatches,
  watchPrefix,
} from "../../../shared/state/watch-keys.ts";

describe("watch keys", () => {
  it("match one thing exactly", () => {
    expect(watchMatches(watchKey("kv", "a"), watchKey("kv", "a"))).toBe(true);
    expect(watchMatches(watchKey("kv", "a"), watchKey("kv", "ab"))).toBe(false);
    expect(watchMatches(watchKey("node", "a"), watchKey("service", "a"))).toBe(false);
  });

  it("match everything below a watched prefix", () => {
    expect(watchMatches(watchPrefix("kv", "a/"), watchKey("kv", "a/b"))).toBe(true);
    expect(watchMatches(watchPrefix("kv", ""), watchKey("kv", "z"))).toBe(true);
    expect(watchMatches(watchPrefix("kv", "a/"), watchKey("kv", "a"))).toBe(false);
    expect(watchMatches(watchPrefix("kv", ""), watchKey("nodes"))).toBe(false);
  });

  it("match a deleted tree from below and from above", () => {
    const tree = watchPrefix("kv", "a/b");
    expect(watchMatches(watchKey("kv", "a/b/c"), tree)).toBe(true);
    expect(watchMatches(watchKey("kv", "a/c"), tree)).toBe(false);
    expect(watchMatches(watchPrefix("kv", "a/"), tree)).toBe(true);
    expect(watchMatches(watchPrefix("kv", "a/b/c/"), tree)).toBe(true);
    expect(watchMatches(watchPrefix("kv", "x"), tree)).toBe(false);
  });

  it("are not confused by colons and stars in names", () => {
    expect(watchMatches(watchKey("kv", "*:a"), watchKey("kv", "*:ab"))).toBe(false);
    expect(isPrefixWatch(watchKey("kv", "*:a"))).toBe(false);
    expect(isPrefixWatch(watchPrefix("kv", "x:y"))).toBe(true);
    expect(splitWatchKey(watchPrefix("node-id", "a:b*:"))).toEqual({ space: "node-id", name: "a:b*:" });
    expect(splitWatchKey(watchKey("nodes"))).toEqual({ space: "nodes", name: "" });
  });
});
