// Results of reads that nothing has changed since (design.md §3): the same request gets the same object, and whoever
// prints it may keep the text with it. A result enters when it is asked for again, and leaves when one of its watch keys
// changes. What is kept is frozen, because many answers share it. Nothing here is stored.

import { deepFreeze } from "../../shared/base/freeze.ts";
import { limits } from "../../shared/limits.ts";
import type { ReadResult } from "../../shared/state/reads.ts";
import { createWatchIndex } from "./watch-index.ts";

export type AnswerCache = {
  /** The kept result of `signature`, else that of `read`. Equal signatures must mean equal reads. */
  read(signature: string, read: () => ReadResult<unknown>): ReadResult<unknown>;
  /** Is this very result kept under this signature? */
  holds(signature: string, result: ReadResult<unknown>): boolean;
  /** Keys that a commit changed, before anybody can ask again. */
  changed(keys: readonly string[]): void;
  readonly size: number;
};

type Entry = { readonly signature: string; readonly result: ReadResult<unknown>; readonly chars: number };

/** An empty cache. */
export function createAnswerCache(): AnswerCache {
  // In the order of use: the first is the one that nobody has asked for longest.
  const entries = new Map<string, Entry>();
  const watched = createWatchIndex<Entry>();
  /** Asked for once. */
  const seen = new Set<string>();
  let chars = 0;
  /** Used last: a table that is changed at every read leaves garbage behind. */
  let newest: Entry | null = null;

  function remove(entry: Entry): void {
    entries.delete(entry.signature);
    if (newest === entry) newest = null;
    chars -= entry.chars;
    for (const key of entry.result.keys) watched.remove(key, entry);
  }

  function add(signature: string, result: ReadResult<unknown>): void {
    const size = signature.length + JSON.stringify(result.value).length;
    if (size > limits.answerCacheEntryCharsMax) return;
    const entry: Entry = { signature, result, chars: size };
    deepFreeze(result.value);
    entries.set(signature, entry);
    newest = entry;
    for (const key of result.keys) watched.add(key, entry);
    chars += size;
    for (const oldest of entries.values()) {
      if (chars <= limits.answerCacheCharsMax && entries.size <= limits.answerCacheEntriesMax) break;
      remove(oldest);
    }
  }

  return {
    read(signature, read) {
      const kept = entries.get(signature);
      if (kept !== undefined) {
        if (kept !== newest) {
          entries.delete(signature);
          entries.set(signature, kept);
          newest = kept;
        }
        return kept.result;
      }
      const result = read();
      // Without a watch key nobody would say that it changed: a transaction that only reads.
      if (isAbsent(result.value) || result.keys.length === 0) return result;
      if (seen.has(signature)) add(signature, result);
      else {
        if (seen.size >= limits.answerCacheEntriesMax) seen.clear();
        seen.add(signature);
      }
      return result;
    },
    holds: (signature, result) => entries.get(signature)?.result === result,
    changed(keys) {
      if (entries.size === 0) return;
      for (const key of keys) for (const entry of watched.matching(key)) remove(entry);
    },
    get size() {
      return entries.size;
    },
  };
}

/** The index of what does not exist may rise without a changed key (shared/state/indexes.ts), so it is read anew. */
function isAbsent(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return value === null;
  return Array.isArray(value) ? value.length === 0 : "ok" in value;
}
