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

export type KvOperation =
  | { readonly verb: "set"; readonly key: string; readonly value: string | null; readonly flags: U64 }
  | {
      readonly verb: "cas";
      readonly key: string;
      readonly value: string | null;
      readonly flags: U64;
      readonly modifyIndex: number;
    }
  | { readonly verb: "delete"; readonly key: string }
  | { readonly verb: "delete-cas"; readonly key: string; readonly modifyIndex: number }
  | { readonly verb: "delete-tree"; readonly key: string };
