// Gzip as the runtime has it (agent/runtime, worker/runtime): no library of ours.

import type { Result } from "../base/result.ts";

export type Compression = {
  gzip(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** The error is Go's text: "EOF", "gzip: invalid header", "unexpected EOF"; more than `bytesMax` is an error, too. */
  gunzip(bytes: Uint8Array, bytesMax: number): Promise<Result<Uint8Array, string>>;
};
