// A snapshot that a server holds ready for whoever reads it, chunk by chunk.

import type { Millis } from "../base/brand.ts";

export type SnapshotOpened = {
  readonly id: string;
  /** The raft index and term of the state. */
  readonly index: number;
  readonly term: number;
  readonly takenAt: Millis;
  readonly chunks: number;
  /** Of all chunks in UTF-8, without anything between them. */
  readonly bytes: number;
  readonly servers: readonly { readonly id: string; readonly address: string }[];
};
