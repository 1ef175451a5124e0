// Snapshot: the leader's state for a user's file, chunk by chunk, and a file's chunks back through the log.

import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import { archiveRows, logOffset, restorePieces } from "../../../shared/state/restore.ts";
import { parseChunk } from "../../../shared/state/snapshot.ts";
import type { Endpoints, LeaderContext } from "./endpoint.ts";
import { count, requestOf, text } from "./request-shape.ts";

const own = ({ datacenter }: { readonly datacenter: string }) => datacenter;

function open(context: LeaderContext) {
  const id = context.uuid();
  const kept = context.snapshots.put(id, archiveRows(context.sql));
  if (!kept.ok) return kept;
  const { status, config } = context;
  const addresses: Readonly<Record<string, string>> = config.addressOf;
  return ok({
    id,
    index: status.appliedIndex + logOffset(context.sql),
    term: status.term,
    takenAt: context.now,
    ...kept.value,
    servers: config.servers.map((server) => ({ id: server, address: addresses[server] ?? server })),
  });
}

/** Stages one chunk as pieces behind `number`; the number of the next piece. */
async function stage(
  request: { readonly id: string; readonly number: number; readonly chunk: string },
  context: LeaderContext,
): Promise<Result<number, ServerError>> {
  const parsed = parseChunk(request.chunk);
  if (!parsed.ok) return fail(serverError("rejected", `failed to restore the snapshot: ${parsed.error}`));
  let next = request.number;
  for (const piece of restorePieces(request.id, [request.chunk])) {
    const command = { kind: "restorePiece", piece: { ...piece, number: next } } as const;
    const staged = await context.propose(command);
    if (!staged.ok) return staged;
    next += 1;
  }
  return ok(next);
}

export const snapshotEndpoints = {
  "Snapshot.Open": {
    kind: "leader",
    check: requestOf({ datacenter: text, token: text }),
    datacenter: own,
    run: (_request, context) => open(context),
  },
  "Snapshot.Chunk": {
    kind: "leader",
    check: requestOf({ datacenter: text, token: text, id: text, number: count }),
    datacenter: own,
    run: ({ id, number }, context) => context.snapshots.chunk(id, number),
  },
  "Snapshot.Begin": {
    kind: "leader",
    check: requestOf({ datacenter: text, token: text }),
    datacenter: own,
    run: (_request, context) => ok(context.uuid()),
  },
  "Snapshot.Stage": {
    kind: "leader",
    check: requestOf({ datacenter: text, token: text, id: text, number: count, chunk: text }),
    datacenter: own,
    run: stage,
  },
  "Snapshot.Commit": {
    kind: "leader",
    check: requestOf({ datacenter: text, token: text, id: text, pieces: count }),
    datacenter: own,
    async run({ id, pieces }, context): Promise<Result<true, ServerError>> {
      const done = await context.propose({ kind: "restoreCommit", commit: { id, pieces } });
      return done.ok ? ok(true) : done;
    },
  },
} satisfies Partial<Endpoints>;
