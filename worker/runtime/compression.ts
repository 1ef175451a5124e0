// Gzip in Workers. The runtime does not say what is wrong with bytes that cannot be unpacked; Go's most likely text stands in.

import type { Compression } from "../../shared/api/compression.ts";
import { fail, ok } from "../../shared/base/result.ts";

export const compression: Compression = {
  async *gzip(pieces) {
    const { readable, writable } = new CompressionStream("gzip");
    const writer = writable.getWriter();
    const fed = (async () => {
      try {
        for await (const piece of pieces) await writer.write(piece);
        await writer.close();
      } catch (error) {
        await writer.abort(error);
        throw error;
      }
    })();
    fed.catch(() => {}); // the reader below sees the same failure
    yield* readable as unknown as AsyncIterable<Uint8Array>;
    await fed;
  },
  async gunzip(bytes, bytesMax) {
    if (bytes.length === 0) return fail("EOF");
    const pieces: Uint8Array[] = [];
    let total = 0;
    try {
      const unpacked = new Blob([bytes as Uint8Array<ArrayBuffer>])
        .stream()
        .pipeThrough(new DecompressionStream("gzip"));
      for await (const piece of unpacked as unknown as AsyncIterable<Uint8Array>) {
        total += piece.length;
        if (total > bytesMax) return fail("the content is larger than a snapshot may be");
        pieces.push(piece);
      }
    } catch {
      return fail(bytes[0] === 0x1f && bytes[1] === 0x8b ? "unexpected EOF" : "gzip: invalid header");
    }
    const all = new Uint8Array(total);
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return ok(all);
  },
};
