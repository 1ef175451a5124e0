// AgentLinks of a server in Node: the agents' WebSockets on port 8300, with what the server keeps about each. Nothing
// sleeps here, so an attachment lives in memory; keep-alive is answered here, and who is silent is hung up on.

import { randomUUID } from "node:crypto";
import type { WebSocket } from "ws";
import type { Millis } from "../../../shared/base/brand.ts";
import { limits } from "../../../shared/limits.ts";
import { linkPing, linkPong } from "../../../shared/rpc/frames.ts";
import type { AgentLink, AgentLinks } from "../../../worker/server/ports.ts";

/** Agents ask every 25 s whether the server is there. */
const silentMillis: Millis = 90_000;
const sweepMillis: Millis = 30_000;
const closeReasonBytesMax = 120; // RFC 6455 §5.5
/** How long a closing handshake may take before the connection is cut. */
const closeMillis: Millis = 500;

export type LinkHandlers = {
  linkOpened(link: AgentLink): void;
  linkFrame(link: AgentLink, text: string): void;
  linkClosed(link: AgentLink, reason: string): void;
};

export type HostLinks = AgentLinks & {
  /** Takes a socket that is open. */
  accept(socket: WebSocket, handlers: LinkHandlers): void;
  close(): void;
};

type Entry = { readonly link: AgentLink; readonly socket: WebSocket };

/** No links yet. */
export function createHostLinks(): HostLinks {
  const entries = new Set<Entry>();
  const sweeper = setInterval(() => {
    for (const { link, socket } of entries) {
      if (Date.now() - link.lastSeen() > silentMillis) socket.terminate();
    }
  }, sweepMillis);
  sweeper.unref();

  return {
    all: () => [...entries].map(({ link }) => link),
    accept(socket, handlers) {
      let lastSeen = Date.now();
      const link = createLink(socket, () => lastSeen);
      const entry: Entry = { link, socket };
      let why = "";
      entries.add(entry);
      socket.on("message", (data, isBinary) => {
        lastSeen = Date.now();
        const text = isBinary ? null : data.toString();
        if (text === null) socket.close(1003, "frames are text");
        else if (text === linkPing) socket.send(linkPong, () => {});
        else handlers.linkFrame(link, text);
      });
      socket.on("error", (error) => {
        why = error.message;
      });
      socket.on("close", (code, text) => {
        entries.delete(entry);
        handlers.linkClosed(link, why || text.toString() || `closed with code ${code}`);
      });
      handlers.linkOpened(link);
    },
    close() {
      clearInterval(sweeper);
      for (const { socket } of entries) socket.terminate();
    },
  };
}

function createLink(socket: WebSocket, lastSeen: () => Millis): AgentLink {
  let attachment: unknown = null;
  return {
    id: randomUUID(),
    send(frame) {
      if (socket.readyState !== socket.OPEN) return;
      // An agent that takes nothing any more must not fill this server's memory.
      if (socket.bufferedAmount > limits.peerBufferedBytesMax) socket.terminate();
      else socket.send(frame, () => {});
    },
    close(reason) {
      socket.close(1000, Buffer.from(reason).subarray(0, closeReasonBytesMax).toString());
      setTimeout(() => socket.terminate(), closeMillis).unref();
    },
    attachment: () => attachment,
    attach: (value) => {
      attachment = value;
    },
    lastSeen,
  };
}
