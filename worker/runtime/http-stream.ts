// A body that is made while it is sent, as the runtime's ReadableStream: the producer runs while the client reads, and
// is told when the client has gone.

import type { StreamBody } from "../../shared/api/http.ts";
import { createCanceller } from "../../shared/rpc/cancellation.ts";

const encoder = new TextEncoder();

/** The stream of a body; its producer starts when the runtime first asks for bytes. */
export function readableOf(body: StreamBody): ReadableStream<Uint8Array> {
  const { cancellation, cancel } = createCanceller();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  // The writer fails when the reading side was cancelled: the client has gone.
  writer.closed.catch(cancel);
  const push = (piece: string | Uint8Array): Promise<void> => {
    const bytes = typeof piece === "string" ? encoder.encode(piece) : piece;
    return writer.write(bytes).catch(cancel);
  };
  void body
    .stream(push, cancellation)
    .then(() => writer.close())
    .catch((error: unknown) => writer.abort(error).catch(() => undefined));
  return readable;
}
