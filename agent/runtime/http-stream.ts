// A body that is made while it is sent, out of Node's HTTP server: pieces are written as they come, and the producer
// waits while the client reads slower than it makes them.

import type { ServerResponse } from "node:http";
import type { StreamBody } from "../../shared/api/http.ts";
import type { Cancellation } from "../../shared/rpc/backend.ts";

/** Sends the body behind headers that are written already; rejects when its producer does. */
export async function sendStream(
  response: ServerResponse,
  body: StreamBody,
  cancellation: Cancellation,
): Promise<void> {
  response.flushHeaders();
  await body.stream((piece) => {
    if (response.destroyed || response.write(piece)) return Promise.resolve();
    return roomIn(response);
  }, cancellation);
  if (!response.destroyed) response.end();
}

/** Resolves also when the client goes, so that the producer is not left waiting. */
function roomIn(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}
