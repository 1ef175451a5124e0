// A key of the KV store and the operations on it.

import type { U64 } from "../base/brand.ts";

export type DirEntry = {
  LockIndex: number;
  Key: string;
  /** Decimal text inside; written to JSON as a number without rounding (shared/base/json.ts). */
  Flags: U64;
  /** Base64 of the value; null when it is empty. */
  Value: string | null;
  /** Only while a session holds the key. */
  Session?: string;
  CreateIndex: number;
  ModifyIndex: number;
};

/** What a write puts into a key. */
export type KvWrite = {
  readonly key: string;
  readonly value: string | null;
  readonly flags: U64;
  /** Legate's own: the key is deleted so long after this write, unless it is written again. */
  readonly ttlMillis?: number;
};

export type KvOperation =
  | ({ readonly verb: "set" } & KvWrite)
  | ({ readonly verb: "cas"; readonly modifyIndex: number } & KvWrite)
  | { readonly verb: "delete"; readonly key: string }
  | { readonly verb: "delete-cas"; readonly key: string; readonly modifyIndex: number }
  | { readonly verb: "delete-tree"; readonly key: string };

/** A write that takes or gives back the lock of its key. */
export type KvLockOperation = { readonly verb: "acquire" | "release"; readonly session: string } & KvWrite;

/** A listing in portions; `null` does not limit. */
export type KvPageRequest = {
  readonly prefix: string;
  readonly what: "entries" | "keys" | "count";
  /** The last key of the page before; "" for the first page. */
  readonly after: string;
  readonly limit: number | null;
  readonly separator: string;
  /** Keys are cut behind this many separators below the prefix; entries that are deeper are left out. */
  readonly depth: number | null;
};

export type KvPage = {
  readonly entries: readonly DirEntry[];
  readonly keys: readonly string[];
  readonly count: number;
  /** The last key of this page when there is another one. */
  readonly next: string | null;
};
