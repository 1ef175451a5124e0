// Gzip in Node, with Go's words for what cannot be unpacked.

import { Readable } from "node:stream";
import { createGzip, gunzip } from "node:zlib";
import type { Compression } from "../../shared/api/compression.ts";
import { fail, ok } from "../../shared/base/result.ts";

export const compression: Compression = {
  async *gzip(pieces) {
    const source = Readable.from(pieces);
    const packed = createGzip();
    source.on("error", (error) => packed.destroy(error));
    yield* source.pipe(packed) as AsyncIterable<Uint8Array>;
  },
  gunzip: (bytes, bytesMax) =>
    new Promise((resolve) => {
      if (bytes.length === 0) return resolve(fail("EOF"));
      gunzip(bytes, { maxOutputLength: bytesMax }, (error, unpacked) => {
        resolve(error === null ? ok(unpacked) : fail(goText(error)));
      });
    }),
};

function goText(error: Error & { readonly code?: string }): string {
  if (error.code === "ERR_BUFFER_TOO_LARGE") return "the content is larger than a snapshot may be";
  if (/unexpected end/.test(error.message)) return "unexpected EOF";
  return /incorrect header/.test(error.message) ? "gzip: invalid header" : `gzip: ${error.message}`;
}
