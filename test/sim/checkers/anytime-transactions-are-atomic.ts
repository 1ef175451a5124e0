// A transaction happens at once: whoever reads two keys that only transactions write, both in each, sees both as one and
// the same transaction left them, under one ModifyIndex.

import type { DirEntry } from "../../../shared/structs/kv.ts";

export type TransactionChecker = {
  /** A transaction is about to write these values, one a key; 0: it deletes. */
  writes(values: readonly number[]): void;
  /** What one read showed of the keys. */
  read(what: string, values: readonly number[], entries: readonly (DirEntry | undefined)[]): void;
};

export function transactionsAreAtomic(): TransactionChecker {
  /** By the first value of a transaction. */
  const written = new Map<number, readonly number[]>();
  return {
    writes(values) {
      const [first = 0] = values;
      if (first !== 0) written.set(first, values);
    },
    read(what, values, entries) {
      const [first = 0] = values;
      const expected = first === 0 ? values.map(() => 0) : (written.get(first) ?? []);
      const indexes = new Set(entries.map((entry) => entry?.ModifyIndex));
      if (indexes.size === 1 && expected.join() === values.join()) return;
      throw new Error(
        `half a transaction: ${what} and its pair hold ${values.join()}, of index ${[...indexes].join()}`,
      );
    },
  };
}
