// Requests of one link that have no answer yet, and what becomes of each when the link breaks or the server lost
// its memory: what may be asked twice is asked again, a write that may have happened fails with leadershipLost.

import type { Millis } from "../../shared/base/brand.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { passedOn, type ServerError, serverError } from "../../shared/errors.ts";
import type { LinkMessage } from "../../shared/rpc/frames.ts";
import type { KnownRead } from "./plain-reads.ts";
import { type RpcMethod, rpcKinds } from "../../shared/rpc/methods.ts";
import type { Timers } from "../ports.ts";

export type Settle = (result: Result<unknown, ServerError>) => void;

type Pending = {
  readonly id: number;
  readonly method: RpcMethod;
  readonly request: unknown;
  readonly settle: Settle;
  readonly known: KnownRead | null;
  /** Written to a socket: the server may have seen it. */
  sent: boolean;
  /** Runs while there is no link to carry the request. */
  stopHold: (() => void) | null;
};

export type PendingTable = {
  readonly size: number;
  add(method: RpcMethod, request: unknown, settle: Settle, known?: KnownRead): number;
  /** A reply or error came. `asConsul`: the error says that it came from a server. */
  answered(message: LinkMessage & { t: "reply" | "same" | "error" }, asConsul: boolean): void;
  /** Takes the request back; true when a server may hold it and should be told. */
  remove(id: number): boolean;
  settle(id: number, result: Result<unknown, ServerError>): void;
  /** The message of a request that is about to be written, null when it was taken back meanwhile. */
  message(id: number): LinkMessage | null;
  /** The socket is gone: fails the writes in flight, returns the ids to ask on the next one. */
  forgotten(): readonly number[];
  /**
   * The server woke without memory on a socket that still stands: the ids of all that was sent on it. They are asked
   * once more with `again`, writes too, because the frame that woke the server is in its hands and will be answered.
   */
  repeat(): readonly number[];
  /** No link: each request waits for one, but not longer than `holdMillis`. */
  hold(id: number, holdMillis: Millis, reason: () => string): void;
  holdAll(holdMillis: Millis, reason: () => string): void;
  release(): void;
  failAll(error: ServerError): void;
};

/** An empty table. */
export function pendingTable(timers: Timers): PendingTable {
  const table = new Map<number, Pending>();
  let lastId = 0;

  function take(id: number): Pending | undefined {
    const pending = table.get(id);
    pending?.stopHold?.();
    table.delete(id);
    return pending;
  }

  const self: PendingTable = {
    get size() {
      return table.size;
    },
    add(method, request, settle, known) {
      const id = ++lastId;
      table.set(id, { id, method, request, settle, known: known ?? null, sent: false, stopHold: null });
      return id;
    },
    remove: (id) => take(id)?.sent === true,
    settle: (id, result) => take(id)?.settle(result),
    answered(message, asConsul) {
      const known = table.get(message.id)?.known ?? null;
      if (message.t === "same") {
        self.settle(message.id, known?.same(message.meta) ?? fail(serverError("internal", "unasked")));
        return;
      }
      const answer = answerOf(message, asConsul);
      if (message.t === "reply" && message.tag !== undefined) {
        const { value } = message.value as { readonly value: unknown };
        known?.changed({ tag: message.tag, chars: message.chars ?? 0, value });
      }
      self.settle(message.id, answer);
    },
    message(id) {
      const pending = table.get(id);
      if (pending === undefined) return null;
      const again = pending.sent ? { again: true as const } : {};
      pending.sent = true;
      const have = pending.known === null ? {} : { have: pending.known.have?.tag ?? "" };
      return { t: "request", id, method: pending.method, request: pending.request, ...again, ...have };
    },
    repeat: () => [...table.values()].filter((pending) => pending.sent).map((pending) => pending.id),
    forgotten() {
      const again: number[] = [];
      for (const pending of [...table.values()]) {
        if (pending.sent && rpcKinds[pending.method] === "write") {
          self.settle(pending.id, fail(serverError("leadershipLost")));
          continue;
        }
        pending.sent = false;
        again.push(pending.id);
      }
      return again;
    },
    hold(id, holdMillis, reason) {
      const pending = table.get(id);
      if (pending === undefined || pending.stopHold !== null) return;
      pending.stopHold = timers.after(holdMillis, () =>
        self.settle(id, fail(serverError("noServers", reason()))),
      );
    },
    holdAll(holdMillis, reason) {
      for (const id of [...table.keys()]) self.hold(id, holdMillis, reason);
    },
    release() {
      for (const pending of table.values()) {
        pending.stopHold?.();
        pending.stopHold = null;
      }
    },
    failAll(error) {
      for (const id of [...table.keys()]) self.settle(id, fail(error));
    },
  };
  return self;
}

/** What a reply or error message settles its request with; `asConsul`: the error says that it came from a server. */
export function answerOf(
  message: LinkMessage & { t: "reply" | "error" },
  asConsul = false,
): Result<unknown, ServerError> {
  if (message.t === "reply") return ok(message.value);
  return fail(asConsul ? passedOn(message.error) : message.error);
}
