// /v1/snapshot: the whole state as a file, and back. The archive is read and checked here, whole, before a server hears
// of it; what the servers stage is checked again before anything is replaced (shared/state/restore.ts).

import { fail, ok, type Result } from "../../base/result.ts";
import { type ServerError, serverError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import type { SnapshotOpened } from "../../structs/snapshot.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../http.ts";
import { requestToken } from "../params.ts";
import { emptyReply, errorReply, metaHeaders } from "../reply.ts";
import {
  readArchive,
  type SnapshotMeta,
  stateBytes,
  unpackProblem,
  writeArchive,
} from "../snapshot-archive.ts";

/** The routes of this area. */
export const snapshotRoutes: readonly Route[] = [
  { method: "GET", path: "/v1/snapshot", summary: "Save the state of the servers", handle: save },
  { method: "PUT", path: "/v1/snapshot", summary: "Restore the state of the servers", handle: restore },
];

const unavailable = errorReply(serverError("notImplemented", "gzip at this door"));

async function save(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const { compression } = context;
  if (compression === undefined) return unavailable;
  const { datacenter, token } = asker(request, context);
  const opened = await context.backend.call("Snapshot.Open", { datacenter, token }, request.cancellation);
  if (!opened.ok) return errorReply(opened.error);
  const { value } = opened;
  const chunks = chunksOf(context, { datacenter, token }, value);
  const packed = compression.gzip(writeArchive(metaOf(value), chunks));
  const meta = {
    index: value.index,
    lastContactMillis: 0,
    knownLeader: true,
    consistency: "default",
  } as const;
  return {
    status: 200,
    headers: { ...metaHeaders(meta), "Content-Type": "application/x-gzip" },
    body: {
      async stream(push, cancellation) {
        for await (const piece of packed) {
          if (cancellation.aborted) return;
          await push(piece);
        }
      },
    },
  };
}

/** Of the parameters of reads only these count here; a snapshot is the leader's, which is more than ?stale asks for. */
function asker(request: HttpRequest, context: ApiContext): { datacenter: string; token: string } {
  return { datacenter: request.query("dc") ?? "", token: requestToken(request, context) };
}

async function* chunksOf(
  context: ApiContext,
  who: { readonly datacenter: string; readonly token: string },
  opened: SnapshotOpened,
): AsyncGenerator<string> {
  for (let number = 0; number < opened.chunks; number += 1) {
    const chunk = await context.backend.call("Snapshot.Chunk", { ...who, id: opened.id, number });
    // The headers are gone by now: a connection that is cut says that the file is not whole.
    if (!chunk.ok) throw new Error(`the snapshot could not be read to its end: ${chunk.error.code}`);
    yield chunk.value;
  }
}

function metaOf(opened: SnapshotOpened): SnapshotMeta {
  return {
    Version: 1,
    ID: `${opened.term}-${opened.index}-${Math.trunc(opened.takenAt)}`,
    Index: opened.index,
    Term: opened.term,
    Configuration: {
      Servers: opened.servers.map(({ id, address }) => ({ Suffrage: "Voter", ID: id, Address: address })),
    },
    Size: stateBytes(opened.chunks, opened.bytes),
  };
}

async function restore(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const who = asker(request, context);
  if (who.datacenter !== "" && who.datacenter !== context.datacenter) {
    return errorReply(serverError("noPathToDatacenter"));
  }
  if (request.query("stale") !== undefined) {
    return errorReply(serverError("rejected", "stale not allowed for restore"));
  }
  const chunks = await readChunks(request, context);
  if (!chunks.ok) return errorReply(chunks.error);
  const opened = await context.backend.call("Snapshot.Begin", who);
  if (!opened.ok) return errorReply(opened.error);
  const id = opened.value;
  let pieces = 0;
  for (const chunk of chunks.value) {
    const staged = await context.backend.call("Snapshot.Stage", { ...who, id, number: pieces, chunk });
    if (!staged.ok) return errorReply(staged.error);
    pieces = staged.value;
  }
  const done = await context.backend.call("Snapshot.Commit", { ...who, id, pieces });
  return done.ok ? emptyReply : errorReply(done.error);
}

async function readChunks(
  request: HttpRequest,
  context: ApiContext,
): Promise<Result<readonly string[], ServerError>> {
  const { compression } = context;
  if (compression === undefined) return fail(serverError("notImplemented", "gzip at this door"));
  const body = await request.body(limits.snapshotBytesMax, "http_config");
  if (!body.ok) return body;
  const tar = await compression.gunzip(body.value, limits.snapshotUnpackedBytesMax);
  if (!tar.ok) return fail(serverError("rejected", unpackProblem(body.value, tar.error)));
  const archive = readArchive(tar.value);
  return archive.ok ? ok(archive.value.chunks) : fail(serverError("rejected", archive.error));
}
