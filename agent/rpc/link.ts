// The one WebSocket between this agent and a server (shared/rpc/frames.ts): dials, says hello, writes all messages
// of a turn as one frame, keeps alive, notices a dead socket, reconnects with backoff, asks again after a reset.
// Used by agent/rpc/backend.ts; owned by agent/agent.ts.

import type { Millis } from "../../shared/base/brand.ts";
import { serverError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import { type LinkHello, type LinkMessage, linkPing, linkPong } from "../../shared/rpc/frames.ts";
import type { RpcMethod } from "../../shared/rpc/methods.ts";
import type { EventRow } from "../../shared/structs/user-event.ts";
import type { AgentPorts, LinkSocket } from "../ports.ts";
import { backoffMillis } from "./backoff.ts";
import { decodeFrame, encodeFrames, linkUrl } from "./link-frames.ts";
import { pendingTable, type Settle } from "./pending.ts";
import type { KnownRead } from "./plain-reads.ts";

/** Quiet for so long: ask whether the other end is there. */
const pingMillis: Millis = 25_000;
/** Nothing at all came back after a ping: the socket is dead, however open it looks. */
const pongMillis: Millis = 10_000;
/** From dialling to the server's welcome. */
const welcomeMillis: Millis = 10_000;
/** A link that lived so long was good: the next reconnect starts from the shortest wait. */
const settledMillis: Millis = 10_000;
/** How long a leave waits for the server to take it. */
const goodbyeMillis: Millis = 3_000;

export type LinkConfig = {
  /** Where servers are at the moment, in any order. */
  urls(): readonly string[];
  token(): string;
  readonly datacenter: string;
  /** Servers of one's own machines: errors from them say that a call failed, and none known is one at once. */
  readonly asConsul: boolean;
  /** How long a request waits for a link. */
  readonly holdMillis: Millis;
  hello(): LinkHello;
  /** The servers tell of a user event. */
  userEvent?(event: EventRow): void;
};

export type LinkStatus = {
  readonly up: boolean;
  readonly server: string;
  readonly reason: string;
  readonly url: string;
};

export type Link = {
  start(): void;
  /** Everything in flight fails; nothing reconnects. */
  stop(): void;
  /** Tells the server that this node leaves, waits until it is taken, stops. */
  goodbye(): Promise<void>;
  status(): LinkStatus;
  /** `urls` changed: dials when there was nobody to dial, leaves a server that is gone. */
  serversChanged(): void;
  /** Called each time a server has welcomed this agent. */
  onUp(listener: () => void): void;
  /** Sends one request; the returned function takes it back. `settle` is called at most once, never at once. */
  request(method: RpcMethod, request: unknown, settle: Settle, known?: KnownRead): () => void;
};

type LinkPorts = Pick<AgentPorts, "log" | "clock" | "timers" | "entropy" | "dialer" | "defer">;

/** A link that is not started yet. */
export function createLink(config: LinkConfig, ports: LinkPorts): Link {
  const pending = pendingTable(ports.timers);
  const upListeners: (() => void)[] = [];
  let socket: LinkSocket | null = null;
  /** Events of an older socket carry an older generation and are ignored. */
  let generation = 0;
  let running = false;
  let up = false;
  let upSince: Millis = 0;
  let server = "";
  let reason = "not connected yet";
  /** Agents begin anywhere in the list, so that they spread over the servers. */
  let urlIndex = Math.floor(ports.entropy.random() * 2 ** 16);
  let url = "";
  let failures = 0;
  let outbox: (number | LinkMessage)[] = [];
  let flushPending = false;
  let stopTimer: () => void = () => {};
  let stopRetry: () => void = () => {};
  let onClosed: (() => void) | null = null;

  function arm(millis: Millis, body: () => void): void {
    stopTimer();
    stopTimer = ports.timers.after(millis, body);
  }

  function post(item: number | LinkMessage): void {
    outbox.push(item);
    if (flushPending) return;
    flushPending = true;
    ports.defer(() => {
      flushPending = false;
      flush();
    });
  }

  /** Requests leave only on a welcomed link; whatever is left in the outbox of a broken one is dropped. */
  function flush(): void {
    const items = outbox;
    outbox = [];
    if (!up || socket === null) return;
    const messages = items.map((item) => (typeof item === "number" ? pending.message(item) : item));
    for (const frame of encodeFrames(messages.filter((message) => message !== null))) socket.send(frame);
  }

  function dial(): void {
    const urls = config.urls();
    if (!running || urls.length === 0) return;
    url = urls[urlIndex % urls.length] ?? "";
    const mine = ++generation;
    const current = (body: () => void) => () => {
      if (mine === generation) body();
    };
    arm(
      welcomeMillis,
      current(() => lose("no welcome in time")),
    );
    socket = ports.dialer.dial(linkUrl(url, config.hello().node), config.token(), {
      opened: current(sayHello),
      frame: (text) => {
        if (mine === generation) receive(text);
      },
      closed: (why) => {
        if (mine === generation) lose(why);
      },
    });
  }

  function sayHello(): void {
    socket?.send(JSON.stringify([{ t: "hello", ...config.hello() }]));
  }

  function lose(why: string): void {
    const wasUp = up;
    generation += 1;
    stopTimer();
    socket?.close();
    socket = null;
    up = false;
    server = "";
    reason = why;
    outbox = [];
    onClosed?.();
    if (!running) return;
    if (wasUp && ports.clock.now() - upSince >= settledMillis) failures = 0;
    failures += 1;
    urlIndex += 1;
    pending.forgotten();
    pending.holdAll(config.holdMillis, () => reason);
    const wait = backoffMillis(failures, ports.entropy.random());
    ports.log(wasUp ? "warn" : "debug", "agent.link: lost the server", { error: why, retryMillis: wait });
    stopRetry = ports.timers.after(wait, dial);
  }

  function receive(text: string): void {
    if (up) arm(pingMillis, ping);
    if (text === linkPong) return;
    const messages = decodeFrame(text);
    if (messages === null) lose("the server sent something that is no frame");
    else for (const message of messages) handle(message);
  }

  function ping(): void {
    socket?.send(linkPing);
    arm(pongMillis, () => lose("the server does not answer"));
  }

  function handle(message: LinkMessage): void {
    switch (message.t) {
      case "welcome":
        welcomed(message);
        return;
      case "reply":
      case "same":
      case "error":
        pending.answered(message, config.asConsul);
        return;
      case "reset":
        // The server woke without memory. Before its welcome it has not even heard hello.
        if (!up || message.hello === true) sayHello();
        if (up) for (const id of pending.repeat()) post(id);
        return;
      case "event":
        config.userEvent?.(message.event);
        return;
      default:
        return; // newer servers may say more (design.md §4: adjacent releases)
    }
  }

  function welcomed(message: LinkMessage & { t: "welcome" }): void {
    if (up) return;
    if (message.datacenter !== config.datacenter) {
      lose(`the server belongs to datacenter "${message.datacenter}", not "${config.datacenter}"`);
      return;
    }
    up = true;
    upSince = ports.clock.now();
    server = message.server;
    reason = "";
    ports.log("info", "agent.link: connected", { server });
    pending.release();
    for (const id of pending.forgotten()) post(id);
    arm(pingMillis, ping);
    for (const listener of upListeners) listener();
  }

  return {
    start() {
      running = true;
      if (config.urls().length === 0)
        reason = config.asConsul ? "no server is known" : "no edge_url is configured";
      dial();
    },
    stop() {
      running = false;
      stopRetry();
      lose("the agent stops");
      pending.failAll(serverError("noServers", "the agent stops"));
    },
    async goodbye() {
      if (up && socket !== null) {
        flush();
        socket.send(JSON.stringify([{ t: "goodbye" }]));
        running = false;
        await new Promise<void>((resolve) => {
          const stopWait = ports.timers.after(goodbyeMillis, resolve);
          onClosed = () => {
            stopWait();
            resolve();
          };
        });
        onClosed = null;
      }
      this.stop();
    },
    status: () => ({
      up,
      server,
      reason,
      url: url === "" ? (config.urls()[0] ?? "") : url,
    }),
    serversChanged() {
      if (!running) return;
      const urls = config.urls();
      if (socket !== null && !urls.includes(url)) lose("the server is gone");
      else if (socket === null && urls.length > 0) {
        // Somebody new may answer sooner than whoever failed before.
        stopRetry();
        dial();
      }
    },
    onUp: (listener) => void upListeners.push(listener),
    request(method, request, settle, known) {
      if (config.asConsul && !up && config.urls().length === 0) {
        ports.defer(() => settle({ ok: false, error: serverError("noKnownServers") }));
        return () => {};
      }
      if (pending.size >= limits.linkRequestsInFlightMax) {
        ports.defer(() => settle({ ok: false, error: serverError("tooBusy", "the agent") }));
        return () => {};
      }
      const id = pending.add(method, request, settle, known);
      if (up) post(id);
      else pending.hold(id, running ? config.holdMillis : 0, () => reason);
      return () => {
        if (pending.remove(id) && up) post({ t: "cancel", id });
      };
    },
  };
}
