// AgentLinks over hibernatable WebSockets: the object may sleep while they stay open. Keep-alive is answered by the
// runtime without waking anybody, and the time of its last answer tells whether a link lives.

import type { Millis } from "../../shared/base/brand.ts";
import { limits } from "../../shared/limits.ts";
import { linkPing, linkPong } from "../../shared/rpc/frames.ts";
import type { AgentLink, AgentLinks, Log } from "../server/ports.ts";

/** What the runtime keeps with a socket while the object sleeps (16 KB at most). */
type Attachment = { readonly id: string; readonly acceptedAt: Millis; readonly value: unknown };

const attachmentBytesMax = 16_000;
const closeReasonBytesMax = 123; // RFC 6455 §5.5

export type AgentSockets = AgentLinks & {
  /** Takes a new socket; the reply to its upgrade is the caller's. */
  accept(socket: WebSocket, id: string): AgentLink;
  linkOf(socket: WebSocket): AgentLink;
  /** Text of one frame, or null when the frame was refused and the socket closed. */
  frame(socket: WebSocket, message: string | ArrayBuffer): string | null;
  /** Once for each socket: false when it was already known to be closed. */
  closed(socket: WebSocket): boolean;
};

export function createAgentSockets(ctx: DurableObjectState, now: () => Millis, log: Log): AgentSockets {
  ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(linkPing, linkPong));
  const links = new WeakMap<WebSocket, SocketLink>();

  function linkOf(socket: WebSocket): SocketLink {
    const known = links.get(socket);
    if (known !== undefined) return known;
    const link = new SocketLink(socket, ctx, now, log);
    links.set(socket, link);
    return link;
  }

  return {
    all: () =>
      ctx
        .getWebSockets()
        .filter((socket) => socket.readyState === WebSocket.OPEN)
        .map(linkOf),
    accept(socket, id) {
      ctx.acceptWebSocket(socket);
      socket.serializeAttachment({ id, acceptedAt: now(), value: null } satisfies Attachment);
      return linkOf(socket);
    },
    linkOf,
    frame(socket, message) {
      const link = linkOf(socket);
      link.heard();
      if (typeof message !== "string") link.closeWith(1003, "frames are text");
      else if (message.length > limits.linkFrameBytesMax) link.closeWith(1009, "frame too large");
      else return message;
      return null;
    },
    closed(socket) {
      return linkOf(socket).forget();
    },
  };
}

class SocketLink implements AgentLink {
  readonly id: string;
  readonly #socket: WebSocket;
  readonly #ctx: DurableObjectState;
  readonly #now: () => Millis;
  readonly #log: Log;
  #acceptedAt: Millis;
  #heardAt: Millis = 0;
  #value: unknown;
  #gone = false;

  constructor(socket: WebSocket, ctx: DurableObjectState, now: () => Millis, log: Log) {
    const attachment = socket.deserializeAttachment() as Attachment;
    this.id = attachment.id;
    this.#acceptedAt = attachment.acceptedAt;
    this.#socket = socket;
    this.#ctx = ctx;
    this.#now = now;
    this.#log = log;
    this.#value = attachment.value ?? ctx.storage.kv.get(this.#key) ?? null;
  }

  send(frame: string): void {
    try {
      this.#socket.send(frame);
    } catch (error) {
      this.#log("debug", "a frame did not reach its agent", { link: this.id, error: String(error) });
    }
  }

  close(reason: string): void {
    this.closeWith(1000, reason);
  }

  closeWith(code: number, reason: string): void {
    try {
      this.#socket.close(code, reason.slice(0, closeReasonBytesMax));
    } catch (error) {
      this.#log("debug", "a link was already closed", { link: this.id, error: String(error) });
    }
  }

  attachment(): unknown {
    return this.#value;
  }

  attach(value: unknown): void {
    this.#value = value;
    // Node metadata may make it larger than what a socket can hold; then it stands in storage until the link closes.
    const fits = JSON.stringify(value ?? null).length <= attachmentBytesMax / 2;
    if (!fits) this.#ctx.storage.kv.put(this.#key, value);
    const kept: Attachment = { id: this.id, acceptedAt: this.#acceptedAt, value: fits ? value : null };
    this.#socket.serializeAttachment(kept);
  }

  lastSeen(): Millis {
    const answered = this.#ctx.getWebSocketAutoResponseTimestamp(this.#socket)?.getTime() ?? 0;
    return Math.max(this.#acceptedAt, this.#heardAt, answered);
  }

  heard(): void {
    this.#heardAt = this.#now();
  }

  /** True the first time. */
  forget(): boolean {
    if (this.#gone) return false;
    this.#gone = true;
    this.#ctx.storage.kv.delete(this.#key);
    return true;
  }

  get #key(): string {
    return `link/${this.id}`;
  }
}
