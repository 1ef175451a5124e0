// The agent's WebSocket to a server, with the ws library.

import { WebSocket } from "ws";
import { limits } from "../../shared/limits.ts";
import type { LinkDialer, LinkEvents, LinkSocket } from "../ports.ts";

const handshakeMillis = 10_000;
/** How long a closing handshake may take before the connection is cut. */
const closeMillis = 500;
const refusalBytesMax = 200;

export const linkDialer: LinkDialer = { dial };

function dial(url: string, token: string, events: LinkEvents): LinkSocket {
  let reason = "";
  let over = false;
  const end = (text: string) => {
    if (over) return;
    over = true;
    events.closed(text);
  };
  let socket: WebSocket;
  try {
    socket = new WebSocket(url, {
      headers: token === "" ? {} : { Authorization: `Bearer ${token}` },
      perMessageDeflate: false,
      maxPayload: limits.linkFrameBytesMax,
      handshakeTimeout: handshakeMillis,
    });
  } catch (error) {
    queueMicrotask(() => end(String((error as Error).message))); // a URL that is none
    return { send: () => {}, close: () => {} };
  }
  socket.on("open", () => {
    if (!over) events.opened();
  });
  socket.on("message", (data, isBinary) => {
    if (!over && !isBinary) events.frame(data.toString());
  });
  socket.on("error", (error) => {
    reason ||= describe(error);
  });
  socket.on("unexpected-response", (_request, response) => {
    let body = "";
    response.on("data", (chunk) => {
      if (body.length < refusalBytesMax) body += chunk;
    });
    response.on("close", () => end(`HTTP ${response.statusCode}: ${body.slice(0, refusalBytesMax).trim()}`));
    response.on("error", () => {});
    setTimeout(() => socket.terminate(), closeMillis).unref();
  });
  socket.on("close", (code, text) => end(reason || text.toString() || `closed with code ${code}`));
  return {
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame, () => {});
    },
    close: () => {
      if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
      else socket.close();
      setTimeout(() => socket.terminate(), closeMillis).unref();
    },
  };
}

/** Node gives one error per address that was tried; the first says enough. */
function describe(error: Error): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error && first.message !== "" ? first.message : error.message || error.name;
}
