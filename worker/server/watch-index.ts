// Who watches what: finds the watchers that a changed key concerns (shared/state/watch-keys.ts) without looking at
// the others. Exact watches are found by name, prefix watches by the few lengths that watched prefixes have.

import { everything, isPrefixWatch, splitWatchKey } from "../../shared/state/watch-keys.ts";

type Space<T> = {
  readonly exact: Map<string, Set<T>>;
  readonly prefixes: Map<string, Set<T>>;
  /** How many watched prefixes have this length. */
  readonly lengths: Map<number, number>;
};

export type WatchIndex<T> = {
  add(key: string, watcher: T): void;
  remove(key: string, watcher: T): void;
  /** Every watcher whose key the changed key matches. */
  matching(changed: string): ReadonlySet<T>;
  readonly size: number;
};

/** An empty index. */
export function createWatchIndex<T>(): WatchIndex<T> {
  const spaces = new Map<string, Space<T>>();

  function spaceOf(name: string): Space<T> {
    let space = spaces.get(name);
    if (space === undefined) {
      space = { exact: new Map(), prefixes: new Map(), lengths: new Map() };
      spaces.set(name, space);
    }
    return space;
  }

  function all(): ReadonlySet<T> {
    const found = new Set<T>();
    for (const { exact, prefixes } of spaces.values()) {
      for (const watchers of [...exact.values(), ...prefixes.values()]) {
        for (const watcher of watchers) found.add(watcher);
      }
    }
    return found;
  }

  return {
    add(key, watcher) {
      const { space: spaceName, name } = splitWatchKey(key);
      const space = spaceOf(spaceName);
      const isPrefix = isPrefixWatch(key);
      const table = isPrefix ? space.prefixes : space.exact;
      const watchers = table.get(name);
      if (watchers !== undefined) return void watchers.add(watcher);
      table.set(name, new Set([watcher]));
      if (isPrefix) space.lengths.set(name.length, (space.lengths.get(name.length) ?? 0) + 1);
    },
    remove(key, watcher) {
      const { space: spaceName, name } = splitWatchKey(key);
      const space = spaceOf(spaceName);
      const isPrefix = isPrefixWatch(key);
      const table = isPrefix ? space.prefixes : space.exact;
      const watchers = table.get(name);
      if (watchers === undefined || !watchers.delete(watcher) || watchers.size > 0) return;
      table.delete(name);
      if (!isPrefix) return;
      const left = (space.lengths.get(name.length) ?? 1) - 1;
      if (left === 0) space.lengths.delete(name.length);
      else space.lengths.set(name.length, left);
    },
    matching(changed) {
      if (changed === everything) return all();
      const { space: spaceName, name } = splitWatchKey(changed);
      const space = spaces.get(spaceName);
      const found = new Set<T>();
      if (space === undefined) return found;
      const take = (watchers: ReadonlySet<T> | undefined): void => {
        for (const watcher of watchers ?? []) found.add(watcher);
      };
      for (const length of space.lengths.keys()) {
        if (length <= name.length) take(space.prefixes.get(name.slice(0, length)));
      }
      if (!isPrefixWatch(changed)) {
        take(space.exact.get(name));
        return found;
      }
      // A whole tree went at once: rare, so everything watched in its space is looked at.
      for (const [watched, watchers] of space.exact) if (watched.startsWith(name)) take(watchers);
      for (const [watched, watchers] of space.prefixes) if (watched.startsWith(name)) take(watchers);
      return found;
    },
    get size() {
      let count = 0;
      for (const space of spaces.values()) count += space.exact.size + space.prefixes.size;
      return count;
    },
  };
}
