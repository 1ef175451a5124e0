// Snapshots for users while they are being read: taken in one turn, so that they are of one moment, and kept in memory
// until they were read or nobody has asked for a while. Few, and of a bounded size: an object has 128 MB.

import type { Millis } from "../../shared/base/brand.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import type { Deadlines } from "./deadlines.ts";

type Kept = { readonly chunks: readonly string[]; forget: () => void };

export type SnapshotShelf = {
  /** Keeps the chunks under `id`; too many or too large is an error, and nothing is kept. */
  put(id: string, chunks: Iterable<string>): Result<{ chunks: number; bytes: number }, ServerError>;
  /** The last chunk takes the snapshot off the shelf some seconds later. */
  chunk(id: string, number: number): Result<string, ServerError>;
  readonly size: number;
};

const idleMillis: Millis = 60_000;
const openMax = 2;

/** An empty shelf. */
export function createSnapshotShelf(deadlines: Pick<Deadlines, "after">): SnapshotShelf {
  const kept = new Map<string, Kept>();

  function keep(id: string, entry: Kept): void {
    entry.forget();
    entry.forget = deadlines.after(idleMillis, () => void kept.delete(id));
  }

  return {
    put(id, source) {
      if (kept.size >= openMax) return fail(serverError("tooBusy", "snapshots"));
      const chunks: string[] = [];
      let bytes = 0;
      for (const chunk of source) {
        bytes += new TextEncoder().encode(chunk).length;
        if (bytes > limits.snapshotUnpackedBytesMax) {
          const most = String(limits.snapshotUnpackedBytesMax);
          return fail(serverError("rejected", `the state is larger than a snapshot may be (${most} bytes)`));
        }
        chunks.push(chunk);
      }
      const entry: Kept = { chunks, forget: () => {} };
      kept.set(id, entry);
      keep(id, entry);
      return ok({ chunks: chunks.length, bytes });
    },
    chunk(id, number) {
      const entry = kept.get(id);
      const chunk = entry?.chunks[number];
      if (entry === undefined || chunk === undefined) {
        return fail(
          serverError("rejected", "the snapshot is gone: the leader changed or too much time passed"),
        );
      }
      if (number === entry.chunks.length - 1) {
        entry.forget();
        kept.delete(id);
      } else keep(id, entry);
      return ok(chunk);
    },
    get size() {
      return kept.size;
    },
  };
}
