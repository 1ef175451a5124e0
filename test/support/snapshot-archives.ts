// Snapshot files of given chunks, before gzip.

import { type SnapshotMeta, stateBytes, writeArchive } from "../../shared/api/snapshot-archive.ts";

async function* each(chunks: readonly string[]): AsyncGenerator<string> {
  yield* chunks;
}

export async function archiveOf(chunks: readonly string[]): Promise<Uint8Array> {
  const bytes = chunks.reduce((sum, chunk) => sum + new TextEncoder().encode(chunk).length, 0);
  const meta: SnapshotMeta = {
    Version: 1,
    ID: "2-7-1000",
    Index: 7,
    Term: 2,
    Configuration: { Servers: [{ Suffrage: "Voter", ID: "s1", Address: "127.0.0.1:8300" }] },
    Size: stateBytes(chunks.length, bytes),
  };
  const pieces: Uint8Array[] = [];
  for await (const piece of writeArchive(meta, each(chunks))) pieces.push(piece);
  return new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}
